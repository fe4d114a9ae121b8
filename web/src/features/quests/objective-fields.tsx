import { useState } from "react";
import { useFieldArray, useFormContext, useWatch } from "react-hook-form";
import { wordsOf } from "@/lib/client";
import { HAPPENINGS } from "@/lib/happenings";
import { Button, Field, Input, Select, Textarea } from "@/ui";
import { check } from "./queries";
import { freeId, MANUAL, newObjective, OWN, type QuestForm, ruleOf } from "./quest-draft";

const EVENTS = ["activity.recorded", "quest.completed", "badge.earned", "level.reached", "user.login", "streak.extended"];
const OFFERED = HAPPENINGS.filter((one) => EVENTS.includes(one.event));

function Condition({ n }: { n: number }) {
  const { register, getValues, formState } = useFormContext<QuestForm>();
  const [answer, setAnswer] = useState<{ ok: boolean; text: string } | null>(null);
  const wrong = formState.errors.objectives?.[n];
  const ask = async () => {
    try {
      const said = await check(getValues(`objectives.${n}.where`));
      setAnswer({ ok: said.ok, text: said.ok ? "The condition is good." : (said.problem ?? "The condition is not good.") });
    } catch (error) {
      setAnswer({ ok: false, text: wordsOf(error) });
    }
  };
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="When this event comes" error={wrong?.event?.message}>
          {(ids) => (
            <Select {...ids} {...register(`objectives.${n}.event`)}>
              {EVENTS.map((event) => (
                <option key={event}>{event}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Count only different (CEL)" hint="Empty: each one counts" error={wrong?.distinct?.message}>
          {(ids) => <Input {...ids} placeholder="data.attributes.repo" spellCheck={false} {...register(`objectives.${n}.distinct`)} />}
        </Field>
      </div>
      <Field label="Only when (CEL)" hint="For example: data.kind == 'github.pull_request.merged'" error={wrong?.where?.message}>
        {(ids) => <Textarea {...ids} rows={2} spellCheck={false} className="font-mono text-sm" {...register(`objectives.${n}.where`)} />}
      </Field>
      <div className="flex flex-wrap items-center gap-3">
        <Button size="small" variant="plain" onClick={() => void ask()}>
          Check the condition
        </Button>
        <p role="status" className={answer?.ok ? "text-ok" : "text-bad"}>
          {answer?.text}
        </p>
      </div>
    </>
  );
}

/** What narrows a happening from the list, without a line of code. */
function Narrowing({ n }: { n: number }) {
  const { register, setValue, getValues, formState } = useFormContext<QuestForm>();
  const what = useWatch<QuestForm, `objectives.${number}.what`>({ name: `objectives.${n}.what` });
  const happening = OFFERED.find((one) => one.id === what);
  const wrong = formState.errors.objectives?.[n];
  const toOwn = () => {
    const rule = ruleOf(getValues(`objectives.${n}`));
    setValue(`objectives.${n}.event`, rule.event);
    setValue(`objectives.${n}.where`, rule.where);
    setValue(`objectives.${n}.what`, OWN, { shouldDirty: true });
  };
  if (!happening) return null;
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        {happening.distinct.length > 0 && (
          <Field label="Counting" error={wrong?.distinct?.message}>
            {(ids) => (
              <Select {...ids} {...register(`objectives.${n}.distinct`)}>
                <option value="">Each one</option>
                {happening.distinct.map(([cel, word]) => (
                  <option key={cel} value={cel}>
                    Each {word} once
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
        {happening.kind.startsWith("github.") && (
          <Field label="Only in the repository" hint="Empty: in any" error={wrong?.repo?.message ?? wrong?.where?.message}>
            {(ids) => <Input {...ids} placeholder="owner/name" spellCheck={false} autoComplete="off" {...register(`objectives.${n}.repo`)} />}
          </Field>
        )}
      </div>
      <details>
        <summary className="inline-flex min-h-11 cursor-pointer items-center font-bold">Advanced</summary>
        <p className="mb-2 text-ink-2">A condition of your own can look at anything an event tells, in the Common Expression Language.</p>
        <Button size="small" variant="plain" onClick={toOwn}>
          Write the condition myself
        </Button>
      </details>
    </>
  );
}

function Stop({ n }: { n: number }) {
  const { register, setValue, formState } = useFormContext<QuestForm>();
  const what = useWatch<QuestForm, `objectives.${number}.what`>({ name: `objectives.${n}.what` });
  const wrong = formState.errors.objectives?.[n];
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_110px]">
        <Field label="What counts">
          {(ids) => (
            // What tells acts apart depends on what counts: it starts anew.
            <Select {...ids} {...register(`objectives.${n}.what`, { onChange: () => setValue(`objectives.${n}.distinct`, "") })}>
              {OFFERED.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.label}
                </option>
              ))}
              <option value={MANUAL}>The player ticks it off</option>
              <option value={OWN}>A condition of my own</option>
            </Select>
          )}
        </Field>
        <Field label="How often" error={wrong?.count?.message}>
          {(ids) => <Input {...ids} type="number" min={1} {...register(`objectives.${n}.count`)} />}
        </Field>
      </div>
      <Field label="What the player reads" hint="For example: Merge three pull requests" error={wrong?.label?.message}>
        {(ids) => <Input {...ids} maxLength={120} {...register(`objectives.${n}.label`)} />}
      </Field>
      {what === OWN ? <Condition n={n} /> : <Narrowing n={n} />}
    </>
  );
}

/** The stops of the trail. */
export function ObjectiveFields() {
  const { getValues } = useFormContext<QuestForm>();
  const { fields, append, remove, move } = useFieldArray<QuestForm, "objectives", "key">({ name: "objectives", keyName: "key" });
  return (
    <div className="grid gap-4">
      {fields.map((field, n) => (
        <fieldset key={field.key} className="grid min-w-0 gap-4 rounded-2xl border-2 border-edge/35 p-4">
          <legend className="px-2 font-bold">Stop {n + 1}</legend>
          <Stop n={n} />
          <div className="flex flex-wrap gap-2">
            <Button size="small" variant="quiet" disabled={n === 0} onClick={() => move(n, n - 1)}>
              Earlier<span className="sr-only">: stop {n + 1}</span>
            </Button>
            <Button size="small" variant="quiet" disabled={n === fields.length - 1} onClick={() => move(n, n + 1)}>
              Later<span className="sr-only">: stop {n + 1}</span>
            </Button>
            <Button size="small" variant="quiet" disabled={fields.length === 1} onClick={() => remove(n)}>
              Remove<span className="sr-only"> stop {n + 1}</span>
            </Button>
          </div>
        </fieldset>
      ))}
      {fields.length < 12 && (
        <Button variant="plain" className="justify-self-start" onClick={() => append(newObjective(freeId(getValues("objectives"))))}>
          Add a stop
        </Button>
      )}
    </div>
  );
}
