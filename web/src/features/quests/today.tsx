import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import type { Quest } from "@/lib/types";
import { Card, Empty, Skeleton, Trouble } from "@/ui";
import { atOnce, running } from "./progress";
import { boardQuery, mineQuery } from "./queries";
import { QuestRow } from "./quest-row";

const ROWS = 4;
const DAY_MS = 86_400_000;

/** Today: what runs, what is done today, then what could be begun: first what can be done at once, then dailies. Never empty while the board is not. */
export function pickToday(mine: Quest[], board: Quest[], now: number): Quest[] {
  const recent = (quest: Quest) => quest.mine?.completed_at != null && now - new Date(quest.mine.completed_at).getTime() < DAY_MS;
  const open = (quest: Quest) => (atOnce(quest) ? 2 : quest.kind === "daily" ? 3 : 4);
  const order = (quest: Quest) => (running(quest) ? 0 : recent(quest) ? 1 : quest.mine?.state === "available" ? open(quest) : 9);
  const all = new Map([...board, ...mine].map((quest) => [quest.id, quest]));
  return [...all.values()]
    .filter((quest) => order(quest) < 9)
    .sort((one, other) => order(one) - order(other))
    .slice(0, ROWS);
}

export function useToday(): { quests: Quest[]; loading: boolean; error: Error | null; again: () => void } {
  const mine = useQuery(mineQuery);
  const board = useInfiniteQuery(boardQuery({}));
  const quests = pickToday(mine.data?.items ?? [], board.data?.pages.flatMap((page) => page.items) ?? [], Date.now());
  const error = mine.error ?? board.error;
  return { quests, loading: !error && (mine.isPending || board.isPending), error: quests.length > 0 ? null : error, again: () => void Promise.all([mine.refetch(), board.refetch()]) };
}

export function Today() {
  const { quests, loading, error, again } = useToday();
  return (
    <Card
      title="Today's quests"
      action={
        <Link to="/quests" className="link inline-flex min-h-11 items-center">
          The board
        </Link>
      }
    >
      {loading && <Skeleton height={296} />}
      {error && <Trouble words={wordsOf(error)} again={again} />}
      {!loading && !error && quests.length === 0 && (
        <Empty title="The board is clear" mood="asleep">
          <p className="text-ink-2">Ember naps until a new quest is pinned up.</p>
        </Empty>
      )}
      <ul className="divide-y-2 divide-sunk">
        {quests.map((quest) => (
          <QuestRow key={quest.id} quest={quest} />
        ))}
      </ul>
    </Card>
  );
}
