import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Problem, wordsOf } from "@/lib/client";
import type { Achievement } from "@/lib/types";
import { BadgeArt, Button, SortableList } from "@/ui";
import { badgesKey, showFirst } from "./queries";
import { shownFirst } from "./words";

const MOST = 6;

const troubleOf = (error: unknown): string =>
  error instanceof Problem && error.code === "not_earned" ? "One of them is not yours any more. Close this, and choose again." : wordsOf(error);

/** Which of one's badges the profile shows first, and in which order. */
export function ShowcaseForm({ badges, onSaved }: { badges: Achievement[]; onSaved: () => void }) {
  const queries = useQueryClient();
  const [chosen, setChosen] = useState(() => shownFirst(badges));
  const [said, setSaid] = useState("");
  const saving = useMutation({
    mutationFn: () => showFirst(chosen.map((badge) => badge.id)),
    // Also after a refusal: what is there now can be chosen from.
    onSettled: () => queries.invalidateQueries({ queryKey: badgesKey }),
  });
  const full = chosen.length >= MOST;
  const toggle = (badge: Achievement) => {
    const without = chosen.filter((one) => one.id !== badge.id);
    const next = without.length < chosen.length ? without : [...chosen, badge];
    setChosen(next);
    setSaid(next.length > chosen.length ? `${badge.name} is shown, as number ${next.length}` : `${badge.name} is not shown first`);
  };
  return (
    <div className="grid gap-4">
      <SortableList
        label="In this order"
        items={chosen}
        nameOf={(badge) => badge.name}
        draw={(badge) => <BadgeArt icon={badge.icon} rarity={badge.rarity} size={44} />}
        onOrder={setChosen}
        onSay={setSaid}
        empty="None yet: choose up to six below."
      />
      <p role="status" className="sr-only">
        {said}
      </p>
      <fieldset className="min-w-0">
        <legend className="font-bold">Your badges</legend>
        <p className="text-sm text-ink-2">{full ? "Six is all that fits: take one away to choose another." : `${chosen.length} of ${MOST} chosen`}</p>
        <ul className="showcase-choices" tabIndex={-1}>
          {badges.map((badge) => {
            const shown = chosen.some((one) => one.id === badge.id);
            return (
              <li key={badge.id}>
                <button type="button" aria-pressed={shown} disabled={full && !shown} onClick={() => toggle(badge)}>
                  <BadgeArt icon={badge.icon} rarity={badge.rarity} size={56} />
                  <span>{badge.name}</span>
                </button>
              </li>
            );
          })}
        </ul>
      </fieldset>
      {saving.error && (
        <p role="alert" className="text-bad">
          {troubleOf(saving.error)}
        </p>
      )}
      <Button busy={saving.isPending} onClick={() => saving.mutate(undefined, { onSuccess: onSaved })} className="justify-self-start">
        Save
      </Button>
    </div>
  );
}
