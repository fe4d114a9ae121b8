import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { count, number } from "@/lib/format";
import type { BoardLine } from "@/lib/types";
import { Avatar, buttonClass, Card, Empty, Pill, Skeleton, Trouble } from "@/ui";
import { rareBoardQuery } from "./queries";

const RAREST_FIRST = ["legendary", "epic", "rare", "common"] as const;

function Line({ line, own }: { line: BoardLine; own: boolean }) {
  return (
    <li className="board-line" data-own={own || undefined}>
      <span className="board-rank" data-rank={line.rank}>
        <span className="sr-only">Place </span>
        {number(line.rank)}
      </span>
      <Avatar look={line.look ?? null} size={52} crop="face" label="" later />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 font-bold">
          <Link to="/players/$username" params={{ username: line.username }} className="link inline-flex min-h-11 items-center wrap-anywhere">
            {line.display_name}
          </Link>
          {own && <Pill tone="gold">You</Pill>}
        </p>
        <p className="flex flex-wrap gap-x-3 text-sm">
          {RAREST_FIRST.filter((rarity) => line[rarity] > 0).map((rarity) => (
            <span key={rarity} className={`font-bold rarity-${rarity}`}>
              {number(line[rarity])} {rarity}
            </span>
          ))}
        </p>
      </div>
      <p className="board-points">
        {number(line.points)} <span className="text-sm font-normal">{line.points === 1 ? "point" : "points"}</span>
      </p>
    </li>
  );
}

interface Props {
  me: { id: string; private: boolean };
}

/** Who holds the rarest badges, and where one stands oneself. */
export function RareBoardPage({ me }: Props) {
  const { data, error, isPending, refetch } = useQuery(rareBoardQuery);
  const items = data?.items ?? [];
  const below = data?.mine && !items.some((line) => line.user_id === me.id) ? data.mine : null;
  return (
    <>
      <div className="page-head">
        <h1 className="page-title">Rare board</h1>
        <Link to="/badges" className={buttonClass("plain")}>
          All badges
        </Link>
      </div>
      <p className="mb-4 max-w-prose text-ink-2">
        A common badge counts 1 point, a rare one 5, an epic one 25 and a legendary one 125. Of equal points, who had them first stands first. Players with a private profile are not on the board. It is told anew each minute.
      </p>
      {error && !data && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
      {isPending && <Skeleton height={480} />}
      {data && (
        <Card title="Players" action={items.length > 0 && <span className="text-ink-2">{count(items.length, "player")}</span>}>
          {items.length === 0 && (
            <Empty title="Nobody stands here yet" mood="curious">
              <p className="text-ink-2">The first badge puts its player on top.</p>
              <Link to="/badges" className={buttonClass("primary")}>
                See what can be earned
              </Link>
            </Empty>
          )}
          <ol className="board">
            {items.map((line) => (
              <Line key={line.user_id} line={line} own={line.user_id === me.id} />
            ))}
          </ol>
          {below && (
            <ol className="board board-below" aria-label="Your place" start={below.rank}>
              <Line line={below} own />
            </ol>
          )}
          {!data.mine && items.length > 0 && <p className="mt-4 text-ink-2">{me.private ? "Your profile is private, so you are not on it." : "You are not on it yet: your first badge puts you there."}</p>}
        </Card>
      )}
    </>
  );
}
