import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { Card, Pet, Skeleton, Trouble } from "@/ui";
import { HistoryList } from "./history-list";
import { historyQuery } from "./queries";
import { useShown } from "./shown";

/** With fewer lines than this, the book looks empty. */
export const FEW = 3;

export const NextLine = ({ hue }: { hue?: number }) => (
  <div className="mt-3 grid justify-items-center gap-2 rounded-2xl bg-sunk p-4 text-center">
    <Pet stage="young" mood="calm" hue={hue} size={110} />
    <p className="text-ink-2">The next line is yours to write. Ember holds the pen.</p>
  </div>
);

/** The last few things, on the camp. */
export function Recent({ most = 5, hue }: { most?: number; hue?: number }) {
  const { data, isPending, error, refetch } = useInfiniteQuery(historyQuery);
  const shown = useShown();
  const items = shown(data?.pages[0]?.items ?? []).slice(0, most);
  return (
    <Card
      title="Lately"
      action={
        <Link to="/history" className="link inline-flex min-h-11 items-center">
          All of it
        </Link>
      }
    >
      {isPending ? (
        <Skeleton height={64 * most} />
      ) : error && !data ? (
        <Trouble words={wordsOf(error)} again={() => void refetch()} />
      ) : items.length === 0 ? (
        <p className="text-ink-2">Your story starts with the first quest. Ember keeps the book open.</p>
      ) : (
        <>
          <HistoryList items={items} links={false} />
          {items.length < FEW && <NextLine hue={hue} />}
        </>
      )}
    </Card>
  );
}
