import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { BadgeCase } from "@/features/achievements/badge-case";
import { profileQuery } from "@/features/identity/queries";
import { isNowhere, wordsOf } from "@/lib/client";
import { day, title } from "@/lib/format";
import { Avatar, buttonClass, Card, Nowhere, Pill, Skeleton, Trouble } from "@/ui";
import { useMe } from "../me";
import { usePresent } from "../services";

const route = getRouteApi("/inside/players/$username");

export function Profile() {
  const { username } = route.useParams();
  const present = usePresent();
  const me = useMe();
  const { data: player, error, refetch } = useQuery(profileQuery(username));
  if (isNowhere(error))
    return (
      <Nowhere>
        <Link to="/" className={buttonClass("primary")}>
          Back to the camp
        </Link>
      </Nowhere>
    );
  if (error && !player) return <Trouble page words={wordsOf(error)} again={() => void refetch()} />;
  if (!player) return <Skeleton height={420} />;
  return (
    <div className="grid gap-5 lg:grid-cols-[320px_minmax(0,1fr)] lg:items-start">
      <Card>
        <div className="grid justify-items-center gap-2 text-center">
          <Avatar look={player.look} size={260} label="" />
          <h1 className="font-display text-3xl wrap-anywhere">{player.display_name}</h1>
          <p className="text-ink-2">@{player.username}</p>
          <p className="flex items-center gap-2 text-sm text-ink-2">
            {player.role !== "player" && <Pill tone="xp">{title(player.role)}</Pill>} here since {day(player.created_at)}
          </p>
        </div>
      </Card>
      {present("achievements") && <BadgeCase key={username} username={username} name={player.display_name} own={me.username === player.username} />}
    </div>
  );
}
