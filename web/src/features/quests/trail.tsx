import { Check, Lock } from "lucide-react";
import { count, number } from "@/lib/format";
import type { Objective, Quest } from "@/lib/types";
import { Bar, Button, Pet } from "@/ui";
import { running } from "./progress";

interface Props {
  quest: Quest;
  /** Ember's coat. */
  hue?: number;
  busy: boolean;
  onTick: (objective: string, yesterday: boolean) => void;
}

const HOW = { all: "All of these, in any order", any: "Any one of these", in_order: "One after the other" };

/** The quest's objectives as a trail; Ember waits at the next stop. */
export function Trail({ quest, hue, busy, onTick }: Props) {
  const state = quest.mine?.objectives ?? [];
  const here = running(quest) ? quest.objectives.findIndex((one) => !state.find((known) => known.id === one.id)?.done) : -1;
  const doneBefore = (n: number) => quest.objectives.slice(0, n).every((one) => state.find((known) => known.id === one.id)?.done);
  return (
    <section aria-labelledby="trail">
      <h2 id="trail" className="font-display text-xl">
        The trail
      </h2>
      {quest.objectives.length > 1 && <p className="text-sm text-ink-2">{HOW[quest.combine]}</p>}
      <ol className="trail mt-4">
        {quest.objectives.map((objective, n) => {
          const known = state.find((one) => one.id === objective.id);
          const done = known?.done ?? quest.mine?.state === "completed";
          const waits = quest.combine === "in_order" && !doneBefore(n);
          return (
            <li key={objective.id} className="trail-stop" data-done={done || undefined}>
              <span className="trail-dot" aria-hidden>
                {done ? <Check size={22} strokeWidth={3} /> : waits ? <Lock size={18} /> : n + 1}
              </span>
              <Stop objective={objective} have={known?.have ?? 0} need={known?.need ?? objective.count} done={done} waits={waits} can={running(quest)} daily={quest.kind === "daily"} busy={busy} onTick={onTick} />
              {n === here && (
                <span className="trail-ember">
                  <Pet stage="young" mood="curious" hue={hue} size={72} />
                </span>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

interface StopProps {
  objective: Objective;
  have: number;
  need: number;
  done: boolean;
  waits: boolean;
  can: boolean;
  /** What is done daily may be said for yesterday. */
  daily: boolean;
  busy: boolean;
  onTick: (objective: string, yesterday: boolean) => void;
}

function Stop({ objective, have, need, done, waits, can, daily, busy, onTick }: StopProps) {
  return (
    <div className="min-w-0 flex-1 pb-7">
      <p className="font-bold">{objective.label}</p>
      <p className="text-sm text-ink-2">
        {objective.mode === "manual" ? "You tick it off yourself" : "Counts by itself when it happens"}
        {waits && ", after the stops before it"}
      </p>
      <div className="mt-2 flex items-center gap-3">
        <div className="min-w-0 flex-1">
          <Bar value={done ? 1 : have / Math.max(1, need)} label={`${objective.label}: ${have} of ${need}`} />
        </div>
        <span className="text-sm text-ink-2 tabular-nums">
          {number(have)}/{number(need)}
        </span>
      </div>
      {objective.mode === "manual" && !done && can && !waits && (
        <div className="mt-3 flex flex-wrap gap-3">
          <Button busy={busy} onClick={() => onTick(objective.id, false)}>
            {need - have > 1 ? `I did one (${count(need - have, "more", "more")} to go)` : "I did it"}
          </Button>
          {daily && (
            <Button variant="quiet" busy={busy} onClick={() => onTick(objective.id, true)}>
              I did it yesterday
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
