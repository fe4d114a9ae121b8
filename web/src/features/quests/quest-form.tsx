import { valibotResolver } from "@hookform/resolvers/valibot";
import { useEffect, useRef, useState } from "react";
import { FormProvider, type FieldPath, type SubmitHandler, useForm, useWatch } from "react-hook-form";
import { newKey, Problem, wordsOf } from "@/lib/client";
import { slugOf } from "@/lib/head";
import { keep, kept, unkeep } from "@/lib/kept";
import type { QuestDefinition } from "@/lib/types";
import { Button, Card, Conflict, Field, Icon, IconPicker, Input, KeptNote, Select, Textarea } from "@/ui";
import { ObjectiveFields } from "./objective-fields";
import { DIFFICULTIES, OFFERED_KINDS } from "./progress";
import { type CheckedForm, definitionOf, emptyForm, fieldOf, formOf, formSchema, type QuestForm } from "./quest-draft";
import { QuestPreview } from "./quest-preview";
import { QuestRules } from "./quest-rules";
import { QuestTemplates } from "./quest-templates";

const COMBINE = { all: "All stops", any: "Any one stop", in_order: "One after the other" };
const PAY = { xp: "XP", coins: "Coins", gems: "Gems" } as const;

const options = (names: [string, string][]) =>
  names.map(([value, label]) => (
    <option key={value} value={value}>
      {label}
    </option>
  ));

interface Props {
  /** The head that is changed; none: a new quest. */
  quest?: QuestDefinition;
  /** What is typed is kept under this name until it is saved. */
  name: string;
  save: (definition: QuestDefinition, key: string) => Promise<void>;
  /** Somebody else saved first: take what is there now, or save over it. */
  onTake?: () => void;
  onOver?: () => Promise<void>;
}

export function QuestEditor({ quest, name, save, onTake, onOver }: Props) {
  const [key] = useState(newKey);
  const [before] = useState(() => kept<QuestForm>(name));
  const [problem, setProblem] = useState<unknown>(null);
  const page = useRef<HTMLFormElement>(null);
  const [template, setTemplate] = useState<QuestDefinition>();
  const fresh = quest ? formOf(quest) : emptyForm;
  const form = useForm<QuestForm, unknown, CheckedForm>({ resolver: valibotResolver(formSchema), defaultValues: before ? { ...fresh, ...before } : fresh });
  const { register, control, handleSubmit, setValue, setError, reset, subscribe, formState } = form;
  const { errors, isSubmitting, dirtyFields } = formState;
  const [icon, slug] = useWatch({ control, name: ["icon", "slug"] });
  useEffect(() => subscribe({ formState: { values: true, isDirty: true }, callback: ({ values, isDirty }) => isDirty && keep(name, values) }), [subscribe, name]);
  // When the values of a template stand in the fields: before, they would take the selection away.
  useEffect(() => {
    if (template) page.current?.querySelector<HTMLInputElement>("input[name=title]")?.select();
  }, [template]);

  const submit: SubmitHandler<CheckedForm> = async (checked) => {
    setProblem(null);
    try {
      await save(definitionOf(checked, quest ?? template), key);
      unkeep(name);
    } catch (error) {
      keep(name, form.getValues());
      setProblem(error);
      if (!(error instanceof Problem)) return;
      error.fields.forEach(({ pointer, detail }, n) => {
        const field = fieldOf(pointer);
        if (field) setError(field as FieldPath<QuestForm>, { type: "server", message: detail }, { shouldFocus: n === 0 });
      });
    }
  };
  const shownAtFields = problem instanceof Problem && problem.fields.length > 0 && problem.fields.every(({ pointer }) => fieldOf(pointer) !== null);
  const startAfresh = () => {
    unkeep(name);
    setTemplate(undefined);
    reset(fresh);
  };
  const startFrom = (chosen: QuestDefinition) => {
    const values = formOf(chosen);
    setTemplate(chosen);
    reset(values);
    keep(name, values);
  };
  return (
    <FormProvider {...form}>
      <form ref={page} onSubmit={(event) => void handleSubmit(submit)(event)} noValidate className="grid gap-5 xl:grid-cols-[minmax(0,1fr)_340px] xl:items-start">
        <div className="grid min-w-0 gap-5">
          {before && <KeptNote onForget={startAfresh} />}
          {!quest && <QuestTemplates onChoose={startFrom} />}
          <Card title="What it is">
            <div className="grid gap-4">
              <div className="grid gap-4 sm:grid-cols-2">
                <Field label="Title" error={errors.title?.message}>
                  {(ids) => (
                    <Input
                      {...ids}
                      maxLength={100}
                      {...register("title", {
                        onChange: (event: { target: { value: string } }) => {
                          if (!quest && !dirtyFields.slug) setValue("slug", slugOf(event.target.value));
                        },
                      })}
                    />
                  )}
                </Field>
                <Field label="Short name" hint={quest ? "It stays as it is" : "Used in links and rules"} error={errors.slug?.message}>
                  {(ids) => <Input {...ids} {...register("slug")} readOnly={quest !== undefined} />}
                </Field>
              </div>
              <Field label="Description" error={errors.description?.message}>
                {(ids) => <Textarea {...ids} rows={3} {...register("description")} />}
              </Field>
              <div className="grid gap-4 sm:grid-cols-3">
                <Field label="Category" error={errors.category?.message}>
                  {(ids) => <Input {...ids} {...register("category")} />}
                </Field>
                <Field label="Kind" error={errors.kind?.message}>
                  {(ids) => (
                    <Select {...ids} {...register("kind")}>
                      {options(OFFERED_KINDS)}
                    </Select>
                  )}
                </Field>
                <Field label="Difficulty" error={errors.difficulty?.message}>
                  {(ids) => (
                    <Select {...ids} {...register("difficulty")}>
                      {options(Object.entries(DIFFICULTIES))}
                    </Select>
                  )}
                </Field>
              </div>
              <div className="flex items-center gap-3">
                <Icon name={icon} size={48} />
                <IconPicker value={icon} onChange={(chosen) => setValue("icon", chosen, { shouldDirty: true })} label="Choose a picture" />
              </div>
            </div>
          </Card>
          <Card title="The trail">
            <div className="grid gap-4">
              <Field label="Done by" error={errors.combine?.message}>
                {(ids) => (
                  <Select {...ids} {...register("combine")}>
                    {options(Object.entries(COMBINE))}
                  </Select>
                )}
              </Field>
              <ObjectiveFields />
            </div>
          </Card>
          <Card title="It pays">
            <div className="grid grid-cols-3 gap-4">
              {(Object.keys(PAY) as (keyof typeof PAY)[]).map((code) => (
                <Field key={code} label={PAY[code]} error={errors[code]?.message}>
                  {(ids) => <Input {...ids} type="number" min={0} {...register(code)} />}
                </Field>
              ))}
            </div>
          </Card>
          <QuestRules slug={slug} />
          {problem instanceof Problem && problem.status === 412 && onTake && onOver ? (
            <Conflict onTake={onTake} onOver={() => void onOver().then(() => handleSubmit(submit)())} />
          ) : (
            problem !== null && <p role="alert" className="text-bad">{shownAtFields ? "Not saved: some fields need another look." : wordsOf(problem)}</p>
          )}
          <Button type="submit" busy={isSubmitting} className="justify-self-start">
            {quest ? "Save" : "Save as a draft"}
          </Button>
        </div>
        <div className="min-w-0 xl:sticky xl:top-24">
          <QuestPreview />
        </div>
      </form>
    </FormProvider>
  );
}
