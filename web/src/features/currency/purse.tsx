import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { number } from "@/lib/format";
import type { Balance } from "@/lib/types";
import { currencyIcon, Icon } from "@/ui";
import { balancesQuery } from "./queries";
import { useCountUp } from "./use-count-up";

const SHOWN = ["coins", "gems"];

function Coin({ balance }: { balance: Balance }) {
  const shown = useCountUp(balance.amount);
  return (
    <span data-purse={balance.currency} className="purse-pill">
      <Icon name={currencyIcon(balance.currency, balance.icon)} size={20} />
      <span className="tabular-nums" aria-hidden>
        {number(shown)}
      </span>
      <span className="sr-only">
        {number(balance.amount)} {balance.name}
      </span>
    </span>
  );
}

/** Coins, gems and the level: always in view. */
export function Purse() {
  const { data } = useQuery(balancesQuery);
  const shown = useCountUp(data?.level.xp ?? 0);
  if (!data) return <div className="h-10 w-48 rounded-full bg-sunk" aria-hidden />;
  const { level, floor_xp: floor, next_xp: next } = data.level;
  const part = next === null ? 1 : Math.min(1, Math.max(0, (shown - floor) / Math.max(1, next - floor)));
  return (
    <Link to="/wallet" className="purse flex items-center gap-2 rounded-full">
      <span className="sr-only">Purse: </span>
      {data.items
        .filter((item) => SHOWN.includes(item.currency))
        .map((item) => (
          <Coin key={item.currency} balance={item} />
        ))}
      <span data-purse="xp" className="purse-pill purse-level">
        <Icon name="sparkles" size={20} />
        <span className="flex items-center gap-2">
          <span>
            <span className="max-sm:sr-only">Level </span>
            {level}
          </span>
          <svg viewBox="0 0 40 8" className="h-2 w-10 max-sm:w-6" aria-hidden preserveAspectRatio="none">
            <rect width="40" height="8" rx="4" className="fill-edge/25" />
            <rect width={40 * part} height="8" rx="4" className="fill-xp" />
          </svg>
        </span>
      </span>
    </Link>
  );
}
