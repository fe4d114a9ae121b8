import { useState } from "react";
import type { Control, FieldErrors, UseFormGetValues, UseFormRegister } from "react-hook-form";
import { useFieldArray, useWatch } from "react-hook-form";
import { wordsOf } from "@/lib/client";
import { Button, Field, Input, Select, Textarea } from "@/ui";
import { check } from "./queries";
import { newObjective, type QuestForm } from "./quest-draft";

const EVENTS = ["activity.recorded", "quest.completed", "badge.earned", "level.reached", "user.login", "streak.extended"];

interface Props {
  control: Control<QuestForm>;
  register: UseFormRegister<QuestForm>;
  getValues: UseFormGetValues<QuestForm>;
  errors: FieldErrors<QuestForm>;
}

function Condition({ n, register, getValues }: Props & { n: number }) {
  const [answer, setAnswer] = useState<{ ok: boolean; text: string } | null>(null);
  const ask = async () => {
    try {
      const said = await check(getValues(`objectives.${n}.where`));
      setAnswer({ ok: said.ok, text: said.ok ? "The condition is good." : (said.problem ?? "The condition is not good.") });
    } catch (error) {
      setAnswer({ ok: false, text: wordsOf(error) });
    }
  };
  return (
    <div className="grid gap-2">
      <Field label="Only when (CEL)" hint={"For example: data.kind == 'github.pull_request.merged'"}>
        {(ids) => <Textarea {...ids} rows={2} spellCheck={false} className="font-mono text-sm" {...register(`objectives.${n}.where`)} />}
      </Field>
      <div className="flex flex-wrap items-center gap-3">
        <Button type="button" size="small" variant="plain" onClick={() => void ask()}>
          Check the condition
        </Button>
        <p role="status" className={answer?.ok ? "text-ok" : "text-bad"}>
          {answer?.text}
        </p>
      </div>
    </div>
  );
}

function One({ n, ...props }: Props & { n: number }) {
  const { register, control, errors } = props;
  const mode = useWatch({ control, name: `objectives.${n}.mode` });
  const wrong = errors.objectives?.[n];
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_150px_100px]">
        <Field label="What to do" error={wrong?.label?.message}>
          {(ids) => <Input {...ids} {...register(`objectives.${n}.label`)} />}
        </Field>
        <Field label="Counted">
          {(ids) => (
            <Select {...ids} {...register(`objectives.${n}.mode`)}>
              <option value="automatic">By itself</option>
              <option value="manual">By the player</option>
            </Select>
          )}
        </Field>
        <Field label="How often" error={wrong?.count?.message}>
          {(ids) => <Input {...ids} type="number" min={1} {...register(`objectives.${n}.count`)} />}
        </Field>
      </div>
      {mode === "automatic" && (
        <>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="When this happens">
              {(ids) => (
                <Select {...ids} {...register(`objectives.${n}.event`)}>
                  {EVENTS.map((event) => (
                    <option key={event}>{event}</option>
                  ))}
                </Select>
              )}
            </Field>
            <Field label="Counting different" hint="Empty: each one counts">
              {(ids) => <Input {...ids} placeholder="data.attributes.repo" spellCheck={false} {...register(`objectives.${n}.distinct`)} />}
            </Field>
          </div>
          <Condition n={n} {...props} />
        </>
      )}
    </>
  );
}

/** The stops of the trail. */
export function ObjectiveFields(props: Props) {
  const { fields, append, remove, move } = useFieldArray({ control: props.control, name: "objectives", keyName: "key" });
  return (
    <div className="grid gap-4">
      {fields.map((field, n) => (
        <fieldset key={field.key} className="grid gap-4 rounded-2xl border-2 border-sunk p-4">
          <legend className="px-2 font-bold">Stop {n + 1}</legend>
          <One n={n} {...props} />
          <div className="flex gap-2">
            <Button type="button" size="small" variant="quiet" disabled={n === 0} onClick={() => move(n, n - 1)}>
              Earlier<span className="sr-only">: stop {n + 1}</span>
            </Button>
            <Button type="button" size="small" variant="quiet" disabled={fields.length === 1} onClick={() => remove(n)}>
              Remove<span className="sr-only"> stop {n + 1}</span>
            </Button>
          </div>
        </fieldset>
      ))}
      <Button type="button" variant="plain" className="justify-self-start" onClick={() => append(newObjective(Date.now() % 100_000))}>
        Add a stop
      </Button>
    </div>
  );
}
