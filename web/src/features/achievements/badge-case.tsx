import { useQuery } from "@tanstack/react-query";
import { wordsOf } from "@/lib/client";
import { count } from "@/lib/format";
import { BadgeArt, Card, Empty, Skeleton, Trouble } from "@/ui";
import { caseQuery } from "./queries";
import { RARITIES } from "./words";

/** A player's badges, as others see them. */
export function BadgeCase({ username, name }: { username: string; name: string }) {
  const { data, error, isPending, refetch } = useQuery(caseQuery(username));
  return (
    <Card title="Badges" action={data && <span className="text-ink-2">{count(data.items.length, "badge")}</span>}>
      {error && !data && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
      {isPending && <Skeleton height={160} />}
      {data?.items.length === 0 && <Empty title={`${name} has just set out`} mood="calm"><p>The first badge is not far.</p></Empty>}
      <ul className="wall">
        {data?.items.map((badge) => (
          <li key={badge.id} className="badge-tile" data-earned>
            <BadgeArt icon={badge.icon} rarity={badge.rarity} size={104} />
            <p className="text-center leading-tight font-bold">{badge.name}</p>
            <p className={`text-sm rarity-${badge.rarity}`}>
              {RARITIES[badge.rarity]}
              {badge.mine?.tier && `, ${badge.mine.tier}`}
            </p>
          </li>
        ))}
      </ul>
    </Card>
  );
}
