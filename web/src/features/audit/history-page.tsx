import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { Button, Card, Empty, Skeleton, Trouble } from "@/ui";
import { HistoryList } from "./history-list";
import { FEW, NextLine } from "./recent";
import { historyQuery } from "./queries";
import { useShown } from "./shown";

export function HistoryPage() {
  const { data, isPending, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(historyQuery);
  const shown = useShown();
  const items = shown(data?.pages.flatMap((page) => page.items) ?? []);
  return (
    <>
      <h1 className="page-title">History</h1>
      <Card>
        {isPending && <Skeleton height={420} />}
        {error && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
        {!isPending && !error && items.length === 0 && (
          <Empty title="An empty book" mood="calm">
            <Link to="/quests" className="link">
              Write the first line with a quest
            </Link>
          </Empty>
        )}
        <HistoryList items={items} />
        {items.length > 0 && items.length < FEW && <NextLine />}
        {hasNextPage && (
          <Button variant="plain" className="mt-4" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show older
          </Button>
        )}
      </Card>
    </>
  );
}
