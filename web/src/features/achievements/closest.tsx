import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useSession } from "@/lib/session";
import { Card, Skeleton } from "@/ui";
import { BadgeTile } from "./badge-tile";
import { closestQuery, wallQuery } from "./queries";
import { earned, veiled } from "./words";

const TILES = 10;

/** The badges that are closest, filled up with those that are still to be found. */
export function Closest() {
  const hideStreaks = useSession((state) => state.hideStreaks);
  const closest = useQuery(closestQuery);
  const wall = useInfiniteQuery(wallQuery({}));
  const near = closest.data?.items ?? [];
  const others = (wall.data?.pages[0]?.items ?? []).filter((badge) => !veiled(badge) && !near.some((known) => known.id === badge.id));
  const fill = [...others.filter((badge) => !earned(badge)), ...others.filter(earned)];
  const shown = [...near, ...fill].filter((badge) => !hideStreaks || badge.category !== "streak").slice(0, TILES);
  return (
    <Card
      title="Closest to you"
      action={
        <Link to="/badges" className="link inline-flex min-h-11 items-center">
          All badges
        </Link>
      }
    >
      {closest.isPending ? (
        <Skeleton height={372} />
      ) : (
        <ul className="closest">
          {shown.map((badge) => (
            <BadgeTile key={badge.id} badge={badge} small />
          ))}
        </ul>
      )}
    </Card>
  );
}
