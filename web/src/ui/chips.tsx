import { Icon } from "./drawing";

const ICONS: Record<string, string> = { coins: "coin", gems: "gem-stone", xp: "sparkles", guild_tokens: "military-medal" };
const NAMES: Record<string, string> = { xp: "XP" };

/** The picture of a currency; one that was added later brings its own. */
export const currencyIcon = (currency: string, icon?: string): string => ICONS[currency] ?? icon ?? "coin";

/** What something pays, each currency with its picture. */
export function Chips({ amounts, done = false }: { amounts: Record<string, number> | undefined; done?: boolean }) {
  const parts = Object.entries(amounts ?? {});
  if (parts.length === 0) return null;
  return (
    <span className="chips" data-done={done || undefined}>
      {parts.map(([currency, amount]) => (
        <span key={currency} className="chip">
          <Icon name={currencyIcon(currency)} size={18} />
          <span className="tabular-nums">+{amount}</span>
          <span className="sr-only"> {NAMES[currency] ?? currency.replaceAll("_", " ")}</span>
        </span>
      ))}
    </span>
  );
}
