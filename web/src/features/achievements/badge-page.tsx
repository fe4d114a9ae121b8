import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { isNowhere, wordsOf } from "@/lib/client";
import { day, number, title } from "@/lib/format";
import type { Achievement } from "@/lib/types";
import { BadgeArt, Bar, Button, buttonClass, Card, Icon, Nowhere, Skeleton, Trouble } from "@/ui";
import { AuthorCard } from "./author-card";
import { BackfillCard } from "./backfill-card";
import { ByHandCard } from "./by-hand-card";
import { badgeKey, badgeQuery, badgesKey, reveal } from "./queries";
import { earned, holdersWords, howTo, RARITIES, veiled, wrapped } from "./words";

const route = getRouteApi("/inside/badges/$id");

function Tiers({ badge }: { badge: Achievement }) {
  const have = badge.mine?.awards.filter((award) => !award.revoked_at).map((award) => award.tier) ?? [];
  return (
    <ul className="grid gap-2">
      {badge.tiers.map((tier, n) => (
        <li key={tier.name} className="flex items-center gap-3 rounded-2xl bg-sunk px-4 py-2">
          <span className="tier-dot" data-tier={n} data-earned={have.includes(tier.name) || undefined} aria-hidden>
            {have.includes(tier.name) && <Check size={18} strokeWidth={3.5} />}
          </span>
          <span className="flex-1 font-bold">{title(tier.name)}</span>
          <span className="text-ink-2 tabular-nums">
            at {number(tier.count)}, pays {number(tier.xp_reward)} XP
          </span>
          <span className="sr-only">{have.includes(tier.name) ? "earned" : "not yet"}</span>
        </li>
      ))}
    </ul>
  );
}

/** When it came and why: by its rule, or from a person's hand. */
function Standing({ badge: { mine } }: { badge: Achievement }) {
  const awards = mine?.awards.filter((award) => !award.revoked_at) ?? [];
  const given = awards.filter((award) => award.by_hand);
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <p className="flex-1">
          {given.length > 0 && given.length === awards.length ? "Given to you" : "Earned"} on {day(mine?.earned_date ?? "")}
          {mine?.tier && `, now ${mine.tier}`}.
        </p>
        {awards.map((award) => (
          <Link key={award.award_id} to="/why/$kind/$id" params={{ kind: "badge", id: award.award_id }} className={buttonClass("plain")}>
            Why?{award.tier && <span> {title(award.tier)}</span>}
          </Link>
        ))}
      </div>
      {given.map((award) => (
        <p key={award.award_id} className="mt-2 wrap-anywhere text-ink-2">
          {award.tier && `${title(award.tier)}, `}
          {award.tier ? "given" : "Given"} by hand: {award.reason}
        </p>
      ))}
    </>
  );
}

function Wrapped({ onOpen, busy }: { onOpen: () => void; busy: boolean }) {
  return (
    <Card className="justify-items-center text-center">
      <div className="grid justify-items-center gap-4 py-6">
        <Icon name="wrapped-gift" size={150} />
        <h1 className="font-display text-3xl">A badge, still wrapped</h1>
        <p className="text-ink-2">Ember carried it here by the ribbon.</p>
        <Button busy={busy} onClick={onOpen}>
          Open it
        </Button>
      </div>
    </Card>
  );
}

interface Props {
  author: boolean;
  /** Who looks may give it by hand, and take it back. */
  giver: boolean;
  onReveal: () => void;
}

export function BadgePage({ author, giver, onReveal }: Props) {
  const { id } = route.useParams();
  const { data: badge, error, refetch } = useQuery(badgeQuery(id));
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (doing: () => Promise<unknown>) => doing(),
    onSettled: () => queries.invalidateQueries({ queryKey: badgesKey }),
  });
  if (isNowhere(error))
    return (
      <Nowhere>
        <Link to="/badges" className={buttonClass("primary")}>
          To the badges
        </Link>
      </Nowhere>
    );
  if (error && !badge) return <Trouble page words={wordsOf(error)} again={() => void refetch()} />;
  if (!badge) return <Skeleton height={420} />;
  if (wrapped(badge)) {
    const open = () =>
      act.mutate(() => reveal(id), {
        onSuccess: () => {
          queries.setQueryData<Achievement>(badgeKey(id), (known) => (known?.mine ? { ...known, mine: { ...known.mine, revealed_at: new Date().toISOString() } } : known));
          onReveal();
        },
      });
    return <Wrapped busy={act.isPending} onOpen={open} />;
  }
  const { mine } = badge;
  const lines = veiled(badge) ? [] : howTo(badge.requirements);
  return (
    <div className="grid gap-5 lg:grid-cols-[360px_minmax(0,1fr)] lg:items-start">
      <Card>
        <Link to="/badges" className="link inline-flex min-h-11 items-center">
          All badges
        </Link>
        <div className="grid justify-items-center gap-3 py-4 text-center">
          <BadgeArt icon={veiled(badge) ? "locked-chest" : badge.icon} rarity={badge.rarity} locked={!earned(badge)} fraction={veiled(badge) ? 0 : badge.mine?.fraction} size={210} />
          <h1 className="font-display text-3xl leading-tight">{veiled(badge) ? "A secret badge" : badge.name}</h1>
          <p className={`font-bold rarity-${badge.rarity}`}>{RARITIES[badge.rarity]}</p>
          <p>{veiled(badge) ? "Nobody tells how it is earned. Keep going, and it may find you." : badge.description}</p>
          <p className="text-sm text-ink-2">{holdersWords(badge)}</p>
        </div>
      </Card>
      <div className="grid gap-5">
        <Card title={earned(badge) ? "Yours" : "Your way there"}>
          {earned(badge) ? (
            <Standing badge={badge} />
          ) : mine && !veiled(badge) ? (
            <div className="flex items-center gap-3">
              <div className="min-w-0 flex-1">
                <Bar value={mine.fraction} label={`${mine.have} of ${mine.need}`} />
              </div>
              <span className="text-ink-2 tabular-nums">
                {number(mine.have)}/{number(mine.need)}
              </span>
            </div>
          ) : (
            <p className="text-ink-2">Not yet.</p>
          )}
        </Card>
        {lines.length > 0 && (
          <Card title="How to earn it">
            <ul className="grid list-disc gap-1 pl-5">
              {lines.map((line) => (
                <li key={line} className={line.endsWith(":") ? "-ml-5 list-none" : undefined}>
                  {line}
                </li>
              ))}
            </ul>
            {badge.xp_reward > 0 && <p className="mt-3 font-bold">Pays +{number(badge.xp_reward)} XP</p>}
          </Card>
        )}
        {badge.tiers.length > 0 && !veiled(badge) && (
          <Card title="Tiers">
            <Tiers badge={badge} />
          </Card>
        )}
        {author && <AuthorCard badge={badge} />}
        {author && badge.version > 0 && !badge.requirements?.manual && <BackfillCard key={badge.id} badge={badge} />}
        {giver && badge.version > 0 && <ByHandCard key={`hand ${badge.id}`} badge={badge} />}
      </div>
    </div>
  );
}
