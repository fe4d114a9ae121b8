import { useWatch } from "react-hook-form";
import { rewardWords, title } from "@/lib/format";
import type { Quest } from "@/lib/types";
import { Card, Icon, Pill } from "@/ui";
import { DIFFICULTIES, KINDS } from "./progress";
import { MANUAL, type QuestForm } from "./quest-draft";
import { Trail } from "./trail";

const amount = (value: unknown): number => Math.max(0, Math.floor(Number(value)) || 0);

/** The quest as a player will see it, while it is typed. */
export function QuestPreview() {
  const form = useWatch<QuestForm>() as QuestForm;
  const pay = rewardWords({ xp: amount(form.xp), coins: amount(form.coins), gems: amount(form.gems) });
  const shown = {
    id: "preview",
    kind: form.kind,
    combine: form.combine,
    mine: null,
    objectives: form.objectives.map((one) => ({ id: one.id, label: one.label || "What there is to do", count: Math.max(1, amount(one.count)), mode: one.what === MANUAL ? "manual" : "automatic" })),
  } as Quest;
  return (
    <Card title="As players see it">
      <div className="flex items-start gap-3">
        <Icon name={form.icon} size={56} />
        <div className="min-w-0 flex-1">
          <p className="font-display text-xl leading-tight wrap-anywhere">{form.title || "A title"}</p>
          <p className="mt-1 flex flex-wrap gap-2">
            <Pill>{title(form.category)}</Pill>
            <Pill>{KINDS[form.kind]}</Pill>
            <Pill>{DIFFICULTIES[form.difficulty]}</Pill>
          </p>
        </div>
      </div>
      <p className="my-4 wrap-anywhere">{form.description || "What it is about."}</p>
      <Trail quest={shown} busy={false} onTick={() => undefined} />
      <p className="font-bold">{pay ? `It pays ${pay}` : "It pays nothing yet"}</p>
    </Card>
  );
}
