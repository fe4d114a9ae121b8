/** What a quest's form holds, and how it becomes what the API takes. */
import * as v from "valibot";
import { conditionOf, HAPPENINGS, happeningOf, isRepository } from "@/lib/happenings";
import type { Objective, QuestDefinition } from "@/lib/types";

const wholeNumber = v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.number("A number"), v.integer("A whole number"), v.minValue(0, "Not below zero"));
const slug = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{1,62}$/, "2 to 63 small letters, digits and dashes"));

/** Besides the ids of happenings: ticked by the player, and an author's own condition. */
export const MANUAL = "manual";
export const OWN = "own";

export const objectiveSchema = v.object({
  id: v.string(),
  label: v.pipe(v.string(), v.trim(), v.nonEmpty("Say what there is to do"), v.maxLength(120, "120 letters at most")),
  what: v.string(),
  repo: v.pipe(v.string(), v.trim(), v.check(isRepository, "As GitHub writes it: owner/name")),
  event: v.string(),
  where: v.string(),
  count: v.pipe(wholeNumber, v.minValue(1, "At least 1")),
  distinct: v.string(),
});

export const formSchema = v.pipe(
  v.object({
    title: v.pipe(v.string(), v.trim(), v.nonEmpty("It needs a title"), v.maxLength(100, "100 letters at most")),
    slug,
    description: v.pipe(v.string(), v.trim(), v.nonEmpty("Tell what it is about"), v.maxLength(2000, "2000 letters at most")),
    icon: v.pipe(v.string(), v.nonEmpty("Choose a picture")),
    category: v.pipe(v.string(), v.trim(), v.regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, "Small letters, digits and dashes")),
    difficulty: v.picklist(["easy", "medium", "hard", "epic"]),
    kind: v.picklist(["one_off", "daily", "weekly", "repeatable", "seasonal"]),
    combine: v.picklist(["all", "any", "in_order"]),
    objectives: v.pipe(v.array(objectiveSchema), v.minLength(1, "A quest needs one stop at least"), v.maxLength(12, "12 stops at most")),
    xp: wholeNumber,
    coins: wholeNumber,
    gems: wholeNumber,
    level: wholeNumber,
    after: v.array(v.string()),
    from: v.string(),
    until: v.string(),
    cooldown_minutes: wholeNumber,
    daily_cap: wholeNumber,
    expires_hours: wholeNumber,
    less_percent: v.pipe(wholeNumber, v.maxValue(90, "90 at most")),
    auto_accept: v.boolean(),
    streak: v.picklist(["usual", "yes", "no"]),
  }),
  v.forward(
    v.partialCheck([["from"], ["until"]], ({ from, until }) => from === "" || until === "" || from < until, "After the day it opens"),
    ["until"],
  ),
);

export type QuestForm = v.InferInput<typeof formSchema>;
export type CheckedForm = v.InferOutput<typeof formSchema>;
export type ObjectiveForm = QuestForm["objectives"][number];

export const newObjective = (id: string): ObjectiveForm => ({ id, label: "", what: "merge", repo: "", event: "activity.recorded", where: "", count: 1, distinct: "" });

/** An id that none of the stops has. */
export function freeId(objectives: { id: string }[]): string {
  let n = objectives.length + 1;
  while (objectives.some((one) => one.id === `stop-${n}`)) n++;
  return `stop-${n}`;
}

export const emptyForm: QuestForm = {
  title: "",
  slug: "",
  description: "",
  icon: "scroll",
  category: "craft",
  difficulty: "easy",
  kind: "one_off",
  combine: "all",
  objectives: [newObjective("stop-1")],
  xp: 50,
  coins: 10,
  gems: 0,
  level: 0,
  after: [],
  from: "",
  until: "",
  cooldown_minutes: 0,
  daily_cap: 0,
  expires_hours: 0,
  less_percent: 0,
  auto_accept: false,
  streak: "usual",
};

/** A moment as `<input type="datetime-local">` has it, in the author's own zone. */
function local(time: string | null | undefined): string {
  if (!time) return "";
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
/** `before` in full where it was not changed: the input knows no seconds. */
const moment = (text: string, before: string | null | undefined): string | null => (text === "" ? null : text === local(before) ? (before ?? null) : new Date(text).toISOString());

function stopOf(one: Objective): ObjectiveForm {
  const plain = { id: one.id, label: one.label, count: one.count, event: one.event ?? "activity.recorded", where: one.where ?? "", distinct: one.distinct ?? "", repo: "" };
  if (one.mode === "manual") return { ...plain, what: MANUAL };
  const known = happeningOf(plain.event, plain.where);
  const told = known !== null && (plain.distinct === "" || known.happening.distinct.some(([cel]) => cel === plain.distinct));
  return told ? { ...plain, what: known.happening.id, repo: known.repo } : { ...plain, what: OWN };
}

export function formOf(quest: QuestDefinition): QuestForm {
  const pay = quest.rewards?.currencies ?? {};
  return {
    title: quest.title,
    slug: quest.slug,
    description: quest.description,
    icon: quest.icon,
    category: quest.category,
    difficulty: quest.difficulty,
    kind: quest.kind,
    combine: quest.combine,
    objectives: quest.objectives.map(stopOf),
    xp: pay.xp ?? 0,
    coins: pay.coins ?? 0,
    gems: pay.gems ?? 0,
    level: quest.prerequisites?.level ?? 0,
    after: quest.prerequisites?.quests ?? [],
    from: local(quest.available_from),
    until: local(quest.available_until),
    cooldown_minutes: Math.round(quest.cooldown_s / 60),
    daily_cap: quest.daily_cap ?? 0,
    expires_hours: Math.round((quest.expires_after_s ?? 0) / 3600),
    less_percent: Math.round(quest.diminishing * 100),
    auto_accept: quest.auto_accept,
    streak: quest.keeps_streak == null ? "usual" : quest.keeps_streak ? "yes" : "no",
  };
}

/** The event and condition behind a stop, whatever way it was chosen. */
export function ruleOf(stop: Pick<ObjectiveForm, "what" | "repo" | "event" | "where">): { event: string; where: string } {
  const happening = HAPPENINGS.find((one) => one.id === stop.what);
  return happening ? { event: happening.event, where: conditionOf(happening, stop.repo.trim()) } : { event: stop.event, where: stop.where.trim() };
}

function objectiveOf(stop: CheckedForm["objectives"][number]): Objective {
  const { id, label, count } = stop;
  if (stop.what === MANUAL) return { id, label, count, mode: "manual", event: null, where: null, distinct: null };
  const { event, where } = ruleOf(stop);
  return { id, label, count, mode: "automatic", event, where: where || null, distinct: stop.distinct.trim() || null };
}

/** `before` is what was loaded: what this form can't show of it stays. */
export function definitionOf(form: CheckedForm, before?: QuestDefinition): QuestDefinition {
  const pay = { ...(before?.rewards?.currencies ?? {}), xp: form.xp, coins: form.coins, gems: form.gems };
  const exact = (minutes: number, seconds: number | null | undefined, unit: number) => (Math.round((seconds ?? 0) / unit) === minutes ? (seconds ?? 0) : minutes * unit);
  return {
    title: form.title,
    slug: form.slug,
    description: form.description,
    icon: form.icon,
    category: form.category,
    difficulty: form.difficulty,
    kind: form.kind,
    combine: form.combine,
    objectives: form.objectives.map(objectiveOf),
    rewards: { ...before?.rewards, currencies: Object.fromEntries(Object.entries(pay).filter(([, amount]) => amount > 0)) },
    prerequisites: { quests: form.after, level: form.level || null },
    available_from: moment(form.from, before?.available_from),
    available_until: moment(form.until, before?.available_until),
    cooldown_s: exact(form.cooldown_minutes, before?.cooldown_s, 60),
    daily_cap: form.daily_cap || null,
    expires_after_s: exact(form.expires_hours, before?.expires_after_s, 3600) || null,
    diminishing: form.less_percent / 100,
    auto_accept: form.auto_accept,
    keeps_streak: form.streak === "usual" ? null : form.streak === "yes",
  };
}

const FIELDS: [RegExp, (found: RegExpExecArray) => string][] = [
  [/^\/objectives\/(\d+)\/(label|where|distinct|count|event)$/, ([, n, name]) => `objectives.${n}.${name}`],
  [/^\/rewards\/currencies\/(xp|coins|gems)/, ([, code]) => String(code)],
  [/^\/prerequisites\/level/, () => "level"],
  [/^\/prerequisites\/quests/, () => "after"],
  [/^\/available_from/, () => "from"],
  [/^\/available_until/, () => "until"],
  [/^\/cooldown_s/, () => "cooldown_minutes"],
  [/^\/expires_after_s/, () => "expires_hours"],
  [/^\/diminishing/, () => "less_percent"],
  [/^\/(title|slug|description|icon|category|difficulty|kind|combine|daily_cap)$/, ([, name]) => String(name)],
];

/** The form's field for a JSON pointer into what was sent; null if the form has none. */
export function fieldOf(pointer: string): string | null {
  const path = pointer.replace(/^#/, "");
  for (const [pattern, name] of FIELDS) {
    const found = pattern.exec(path);
    if (found) return name(found);
  }
  return null;
}
