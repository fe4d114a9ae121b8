import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { wordsOf } from "@/lib/client";
import { count } from "@/lib/format";
import type { Achievement } from "@/lib/types";
import { BadgeArt, Button, Card, Dialog, Empty, Skeleton, Trouble } from "@/ui";
import { caseQuery } from "./queries";
import { ShowcaseForm } from "./showcase-form";
import { RARITIES, shownFirst } from "./words";

function Tile({ badge, size }: { badge: Achievement; size: number }) {
  return (
    <li className="badge-tile" data-earned>
      <BadgeArt icon={badge.icon} rarity={badge.rarity} size={size} />
      <p className="text-center leading-tight font-bold">{badge.name}</p>
      <p className={`text-sm rarity-${badge.rarity}`}>
        {RARITIES[badge.rarity]}
        {badge.mine?.tier && `, ${badge.mine.tier}`}
      </p>
    </li>
  );
}

interface Props {
  username: string;
  name: string;
  /** It is one's own: what is shown first can be chosen. */
  own: boolean;
}

/** A player's badges, as others see them: first those that they chose, in their order. */
export function BadgeCase({ username, name, own }: Props) {
  const { data: badges, error, isPending, refetch } = useQuery(caseQuery(username));
  const [choosing, setChoosing] = useState(false);
  const [saved, setSaved] = useState(false);
  const first = shownFirst(badges ?? []);
  const others = (badges ?? []).filter((badge) => !first.includes(badge));
  return (
    <Card title="Badges" action={badges && <span className="text-ink-2">{count(badges.length, "badge")}</span>}>
      {error && !badges && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
      {isPending && <Skeleton height={160} />}
      {badges?.length === 0 && <Empty title={`${name} has just set out`} mood="calm"><p>The first badge is not far.</p></Empty>}
      {first.length > 0 && (
        <ul className="showcase" aria-label="Shown first">
          {first.map((badge) => (
            <Tile key={badge.id} badge={badge} size={132} />
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <ul className="wall" aria-label={first.length > 0 ? "Other badges" : undefined}>
          {others.map((badge) => (
            <Tile key={badge.id} badge={badge} size={104} />
          ))}
        </ul>
      )}
      {own && badges && badges.length > 0 && (
        <>
          <Button
            variant="plain"
            className="mt-4"
            onClick={() => {
              setSaved(false);
              setChoosing(true);
            }}
          >
            Choose what is shown first
          </Button>
          <p role="status" className="mt-2 text-sm text-ok empty:hidden">
            {saved && "Saved: this is what others see first."}
          </p>
          <Dialog open={choosing} onClose={() => setChoosing(false)} title="Shown first">
            <ShowcaseForm
              badges={badges}
              onSaved={() => {
                setChoosing(false);
                setSaved(true);
              }}
            />
          </Dialog>
        </>
      )}
    </Card>
  );
}
