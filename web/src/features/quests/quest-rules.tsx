import { useInfiniteQuery } from "@tanstack/react-query";
import { useController, useFormContext } from "react-hook-form";
import { Card, Choices, Field, Input, Select, Switch } from "@/ui";
import { boardQuery } from "./queries";
import type { QuestForm } from "./quest-draft";

const NUMBERS = [
  ["level", "From level", "0: from the first"],
  ["daily_cap", "A day at most", "0: as often as one likes"],
  ["cooldown_minutes", "Rest between runs, minutes", "0: none"],
  ["expires_hours", "Runs out after, hours", "0: never"],
  ["less_percent", "Repeats pay less, percent", "Each one more on a day; 0: always the same"],
] as const;

function After({ slug }: { slug: string }) {
  const { field, fieldState } = useController<QuestForm, "after">({ name: "after" });
  const { data } = useInfiniteQuery(boardQuery({}));
  const quests = data?.pages.flatMap((page) => page.items) ?? [];
  const options = quests.filter((quest) => quest.slug !== slug).map((quest) => ({ value: quest.slug, label: quest.title }));
  return <Choices label="Only after these quests" hint="None ticked: it is open from the start" error={fieldState.error?.message} options={options} value={field.value} onChange={field.onChange} />;
}

/** Who may do it, when, and how often. */
export function QuestRules({ slug }: { slug: string }) {
  const { register, formState } = useFormContext<QuestForm>();
  const { field: auto } = useController<QuestForm, "auto_accept">({ name: "auto_accept" });
  const { errors } = formState;
  return (
    <Card title="Rules">
      <div className="grid gap-4">
        <div className="grid items-start gap-4 sm:grid-cols-2">
          {NUMBERS.map(([name, label, hint]) => (
            <Field key={name} label={label} hint={hint} error={errors[name]?.message}>
              {(ids) => <Input {...ids} type="number" min={0} {...register(name)} />}
            </Field>
          ))}
          <Field label="It keeps the daily streak" error={errors.streak?.message}>
            {(ids) => (
              <Select {...ids} {...register("streak")}>
                <option value="usual">As usual for its kind</option>
                <option value="yes">Yes</option>
                <option value="no">No</option>
              </Select>
            )}
          </Field>
          <Field label="Opens" hint="Empty: when it is published" error={errors.from?.message}>
            {(ids) => <Input {...ids} type="datetime-local" {...register("from")} />}
          </Field>
          <Field label="Closes" hint="Empty: never" error={errors.until?.message}>
            {(ids) => <Input {...ids} type="datetime-local" {...register("until")} />}
          </Field>
        </div>
        <After slug={slug} />
        <Switch checked={auto.value} onChange={auto.onChange} label="It starts by itself with the first act that counts" hint="Else a player takes it on the board first" />
      </div>
    </Card>
  );
}
