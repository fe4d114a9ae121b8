import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { moment, number, signed, sourceName } from "@/lib/format";
import { Button, buttonClass, Empty, Icon, Skeleton, Trouble } from "@/ui";
import { useKinds } from "./kinds";
import { ledgerQuery } from "./queries";

/** Of a transaction that also brought something, this row is what a debt took of it. */
const paysDebt = (row: { source: string; amount: number }): boolean => row.source === "sink:debt" && row.amount < 0;

/** Where it came from or went to: a player by name, else what the account is for. */
const from = (row: { source: string; amount: number; party: { display_name: string } | null }): string => {
  if (!row.source.startsWith("user:")) return sourceName(row.source);
  const name = row.party?.display_name ?? "a player who has left";
  return row.amount > 0 ? `From ${name}` : `To ${name}`;
};

/** Each movement of the purse, with its why. */
export function Ledger({ currency }: { currency: string }) {
  const { data, hasNextPage, fetchNextPage, isFetchingNextPage, isPending, error, refetch } = useInfiniteQuery(ledgerQuery(currency));
  const kind = useKinds();
  if (isPending) return <Skeleton height={280} />;
  if (error && !data) return <Trouble words={wordsOf(error)} again={() => void refetch()} />;
  const rows = data.pages.flatMap((page) => page.items);
  if (rows.length === 0)
    return (
      <Empty title="Nothing has moved yet" mood="calm">
        <p>Finish a quest and Ember writes the first line here.</p>
        <Link to="/quests" className={buttonClass("primary")}>
          To the quest board
        </Link>
      </Empty>
    );
  return (
    <>
      <ul className="divide-y-2 divide-sunk" aria-label="Movements, newest first">
        {rows.map((row) => (
          <li key={row.id} className="flex items-center gap-3 py-3">
            <Icon name={kind(row.currency).icon} size={34} />
            <div className="min-w-0 flex-1">
              <p className="font-bold wrap-anywhere first-letter:uppercase">{paysDebt(row) ? "Paid back what was owed" : row.reason || (row.transaction_type === "gift" ? "A gift" : from(row))}</p>
              <p className="text-sm text-ink-2">
                {from(row)}, <time dateTime={row.created_at} className="inline-block">{moment(row.created_at)}</time>
              </p>
            </div>
            <div className="max-w-2/5 text-right tabular-nums wrap-anywhere">
              <p className={row.amount > 0 ? "font-bold text-ok" : "font-bold text-bad"}>
                {signed(row.amount)} <span className="text-sm">{kind(row.currency).name}</span>
              </p>
              <p className="text-sm text-ink-2 max-sm:hidden">then {number(row.balance)}</p>
            </div>
            <Link to="/why/$kind/$id" params={{ kind: "transaction", id: paysDebt(row) ? row.id : row.transaction_id }} className="why-link">
              Why?<span className="sr-only"> {signed(row.amount)} {kind(row.currency).name}{row.reason && `, ${row.reason}`}</span>
            </Link>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button variant="plain" className="mt-4" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show older
        </Button>
      )}
    </>
  );
}
