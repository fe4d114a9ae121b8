import { valibotResolver } from "@hookform/resolvers/valibot";
import { useState } from "react";
import { useForm, useWatch, type SubmitHandler } from "react-hook-form";
import { newKey, wordsOf } from "@/lib/client";
import type { Quest } from "@/lib/types";
import { Button, Card, Field, Icon, IconPicker, Input, Select, Switch, Textarea } from "@/ui";
import { ObjectiveFields } from "./objective-fields";
import { DIFFICULTIES, KINDS } from "./progress";
import { type CheckedForm, draftOf, emptyForm, formOf, formSchema, type QuestForm } from "./quest-draft";
import type { QuestDraft } from "./queries";

const COMBINE = { all: "All stops", any: "Any one stop", in_order: "One after the other" };
const RULES = [
  ["level", "From level"],
  ["cooldown_minutes", "Rest between runs, minutes"],
  ["daily_cap", "A day at most"],
  ["expires_hours", "Runs out after, hours"],
] as const;

const slugOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);

interface Props {
  quest?: Quest;
  save: (draft: QuestDraft, key: string) => Promise<Quest>;
  onSaved: (quest: Quest) => void;
}

export function QuestEditor({ quest, save, onSaved }: Props) {
  const [key] = useState(newKey);
  const [problem, setProblem] = useState("");
  const { register, control, handleSubmit, getValues, setValue, formState } = useForm<QuestForm, unknown, CheckedForm>({ resolver: valibotResolver(formSchema), defaultValues: quest ? formOf(quest) : emptyForm });
  const { errors, isSubmitting, dirtyFields } = formState;
  const icon = useWatch({ control, name: "icon" });
  const auto = useWatch({ control, name: "auto_accept" });
  const submit: SubmitHandler<CheckedForm> = async (form) => {
    setProblem("");
    try {
      onSaved(await save(draftOf(form, quest), key));
    } catch (error) {
      setProblem(wordsOf(error));
    }
  };
  return (
    <form onSubmit={(event) => void handleSubmit(submit)(event)} noValidate className="grid gap-5">
      <Card title="What it is">
        <div className="grid gap-4">
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Title" error={errors.title?.message}>
              {(ids) => (
                <Input
                  {...ids}
                  {...register("title", {
                    onChange: (event: { target: { value: string } }) => {
                      if (!quest && !dirtyFields.slug) setValue("slug", slugOf(event.target.value));
                    },
                  })}
                />
              )}
            </Field>
            <Field label="Short name" hint="Used in links and rules" error={errors.slug?.message}>
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
            <Field label="Kind">
              {(ids) => (
                <Select {...ids} {...register("kind")}>
                  {Object.entries(KINDS).map(([value, label]) => (
                    <option key={value} value={value}>
                      {label}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            <Field label="Difficulty">
              {(ids) => (
                <Select {...ids} {...register("difficulty")}>
                  {Object.entries(DIFFICULTIES).map(([value, label]) => (
                    <option key={value} value={value}>
                      {label}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          </div>
          <div className="flex items-center gap-3">
            <Icon name={icon} size={48} />
            <IconPicker value={icon} onChange={(name) => setValue("icon", name, { shouldDirty: true })} label="Choose a picture" />
          </div>
        </div>
      </Card>
      <Card title="The trail">
        <div className="grid gap-4">
          <Field label="Done by">
            {(ids) => (
              <Select {...ids} {...register("combine")}>
                {Object.entries(COMBINE).map(([value, label]) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <ObjectiveFields control={control} register={register} getValues={getValues} errors={errors} />
        </div>
      </Card>
      <Card title="It pays">
        <div className="grid grid-cols-3 gap-4">
          {(["xp", "coins", "gems"] as const).map((code) => (
            <Field key={code} label={code === "xp" ? "XP" : code === "coins" ? "Coins" : "Gems"} error={errors[code]?.message}>
              {(ids) => <Input {...ids} type="number" min={0} {...register(code)} />}
            </Field>
          ))}
        </div>
      </Card>
      <Card title="Rules">
        <div className="grid gap-4">
          <div className="grid gap-4 sm:grid-cols-2">
            {RULES.map(([name, label]) => (
              <Field key={name} label={label} hint="0: no rule" error={errors[name]?.message}>
                {(ids) => <Input {...ids} type="number" min={0} {...register(name)} />}
              </Field>
            ))}
          </div>
          <Field label="Only after these quests" hint="Short names, with commas between">
            {(ids) => <Input {...ids} {...register("after")} />}
          </Field>
          <Switch checked={auto} onChange={(on) => setValue("auto_accept", on, { shouldDirty: true })} label="It starts by itself with the first act that counts" />
        </div>
      </Card>
      {problem && <p role="alert" className="text-bad">{problem}</p>}
      <Button type="submit" busy={isSubmitting} className="justify-self-start">
        {quest ? "Save" : "Save as a draft"}
      </Button>
    </form>
  );
}
