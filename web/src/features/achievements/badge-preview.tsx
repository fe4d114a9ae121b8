import { number } from "@/lib/format";
import type { BadgeDefinition } from "@/lib/types";
import { BadgeArt, Card } from "@/ui";
import { howTo, RARITIES } from "./words";

/** The badge as a player will see it, while it is made. */
export function BadgePreview({ draft }: { draft: BadgeDefinition }) {
  return (
    <Card title="As players see it">
      <div className="grid justify-items-center gap-2 text-center">
        <BadgeArt icon={draft.icon} rarity={draft.rarity} size={150} label="How the badge looks" />
        <p className="font-display text-2xl leading-tight wrap-anywhere">{draft.name || "A name"}</p>
        <p className={`font-bold rarity-${draft.rarity}`}>{RARITIES[draft.rarity]}</p>
        <p className="wrap-anywhere">{draft.description || "What it is for."}</p>
      </div>
      {draft.secret ? (
        <p className="mt-4 text-ink-2">Until it is earned, players see a locked chest and “???”.</p>
      ) : (
        <ul className="mt-4 grid list-disc gap-1 pl-5">
          {howTo(draft.requirements).map((line, n) => (
            <li key={n}>{line}</li>
          ))}
        </ul>
      )}
      {(draft.tiers?.length ?? 0) > 0 ? (
        <ul className="mt-3 grid gap-1">
          {draft.tiers?.map((tier, n) => (
            <li key={n}>
              <span className="font-bold">{tier.name}</span> at {number(tier.count)}: +{number(tier.xp_reward)} XP
            </li>
          ))}
        </ul>
      ) : (
        <p className="mt-3 font-bold">{draft.xp_reward > 0 ? `Pays +${number(draft.xp_reward)} XP` : "Pays nothing"}</p>
      )}
    </Card>
  );
}
