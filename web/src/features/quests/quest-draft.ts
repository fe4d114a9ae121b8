/** What a quest's form holds, and how it becomes what the API takes. */
import * as v from "valibot";
import type { Quest } from "@/lib/types";
import type { QuestDraft } from "./queries";

const wholeNumber = v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.number("A number"), v.integer("A whole number"), v.minValue(0, "Not below zero"));
const slug = v.pipe(v.string(), v.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "Small letters, digits and single dashes"), v.maxLength(60, "60 characters at most"));

export const objectiveSchema = v.object({
  id: v.string(),
  label: v.pipe(v.string(), v.trim(), v.nonEmpty("Say what there is to do")),
  mode: v.picklist(["automatic", "manual"]),
  event: v.string(),
  where: v.string(),
  count: v.pipe(wholeNumber, v.minValue(1, "At least 1")),
  distinct: v.string(),
});

export const formSchema = v.object({
  title: v.pipe(v.string(), v.trim(), v.minLength(3, "At least 3 letters"), v.maxLength(120, "120 letters at most")),
  slug,
  description: v.pipe(v.string(), v.trim(), v.nonEmpty("Tell what it is about")),
  icon: v.pipe(v.string(), v.nonEmpty("Choose a picture")),
  category: v.pipe(v.string(), v.trim(), v.regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, "Small letters, digits and dashes")),
  difficulty: v.picklist(["easy", "medium", "hard", "epic"]),
  kind: v.picklist(["one_off", "daily", "weekly", "repeatable", "seasonal"]),
  combine: v.picklist(["all", "any", "in_order"]),
  objectives: v.pipe(v.array(objectiveSchema), v.minLength(1, "A quest needs one stop at least")),
  xp: wholeNumber,
  coins: wholeNumber,
  gems: wholeNumber,
  level: wholeNumber,
  after: v.string(),
  cooldown_minutes: wholeNumber,
  daily_cap: wholeNumber,
  expires_hours: wholeNumber,
  auto_accept: v.boolean(),
});

export type QuestForm = v.InferInput<typeof formSchema>;
export type CheckedForm = v.InferOutput<typeof formSchema>;

export const newObjective = (n: number): QuestForm["objectives"][number] => ({ id: `o${n}`, label: "", mode: "automatic", event: "activity.recorded", where: "", count: 1, distinct: "" });

export const emptyForm: QuestForm = {
  title: "",
  slug: "",
  description: "",
  icon: "scroll",
  category: "craft",
  difficulty: "easy",
  kind: "one_off",
  combine: "all",
  objectives: [newObjective(1)],
  xp: 50,
  coins: 10,
  gems: 0,
  level: 0,
  after: "",
  cooldown_minutes: 0,
  daily_cap: 0,
  expires_hours: 0,
  auto_accept: false,
};

export function formOf(quest: Quest): QuestForm {
  const pay = quest.rewards.currencies ?? {};
  return {
    ...emptyForm,
    title: quest.title,
    slug: quest.slug,
    description: quest.description,
    icon: quest.icon,
    category: quest.category,
    difficulty: quest.difficulty,
    kind: quest.kind,
    combine: quest.combine,
    objectives: quest.objectives.map((one) => ({ ...one, event: one.event ?? "", where: one.where ?? "", distinct: one.distinct ?? "" })),
    xp: pay.xp ?? 0,
    coins: pay.coins ?? 0,
    gems: pay.gems ?? 0,
    level: quest.prerequisites.level ?? 0,
    after: (quest.prerequisites.quests ?? []).join(", "),
    cooldown_minutes: Math.round((quest.cooldown_s ?? 0) / 60),
    daily_cap: quest.daily_cap ?? 0,
    expires_hours: Math.round((quest.expires_after_s ?? 0) / 3600),
    auto_accept: quest.auto_accept,
  };
}

export function draftOf(form: CheckedForm, before?: Quest): QuestDraft {
  const pay = { ...(before?.rewards.currencies ?? {}), xp: form.xp, coins: form.coins, gems: form.gems };
  const after = form.after.split(/[\s,]+/).filter(Boolean);
  return {
    title: form.title,
    slug: form.slug,
    description: form.description,
    icon: form.icon,
    category: form.category,
    difficulty: form.difficulty,
    kind: form.kind,
    combine: form.combine,
    objectives: form.objectives.map((one) => ({
      ...one,
      event: one.mode === "manual" ? null : one.event || "activity.recorded",
      where: one.mode === "manual" ? null : one.where.trim() || null,
      distinct: one.mode === "manual" ? null : one.distinct.trim() || null,
    })),
    rewards: { ...before?.rewards, currencies: Object.fromEntries(Object.entries(pay).filter(([, amount]) => amount > 0)) },
    prerequisites: { quests: after, level: form.level || null },
    cooldown_s: form.cooldown_minutes * 60,
    daily_cap: form.daily_cap || null,
    expires_after_s: form.expires_hours * 3600 || null,
    auto_accept: form.auto_accept,
  };
}
