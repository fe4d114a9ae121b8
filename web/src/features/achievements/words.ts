/** A badge's rule in plain words. */
import { duration, title, words } from "@/lib/format";
import type { Achievement } from "@/lib/types";

type Rule = Record<string, unknown>;

const EVENTS: Record<string, string> = {
  "quest.completed": "complete a quest",
  "activity.recorded": "do something that counts",
  "user.login": "come by",
  "badge.earned": "earn a badge",
  "streak.extended": "keep your streak",
  "level.reached": "reach a level",
};

const list = (value: unknown): Rule[] => (Array.isArray(value) ? (value as Rule[]) : []);

function seconds(text: string): number {
  const found = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(text);
  const [, weeks = 0, days = 0, hours = 0, minutes = 0] = (found ?? []).map((part) => Number(part ?? 0));
  return ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60;
}

/** Lines that say how it is earned. */
export function howTo(rule: unknown): string[] {
  if (rule === null || typeof rule !== "object") return [];
  const known = rule as Rule;
  for (const [name, text] of [["all", "All of these:"], ["any", "Any one of these:"]] as const)
    if (Array.isArray(known[name])) return [text, ...list(known[name]).flatMap(howTo)];
  const some = list(known.of);
  if (some.length > 0) return [`Any ${String(known.n_of ?? 1)} of these:`, ...some.flatMap(howTo)];
  if (typeof known.level === "number") return [`Reach level ${String(known.level)}`];
  if (typeof known.badge === "string") return [`Earn the badge ${title(known.badge)}`];
  if (known.manual) return ["It is given by hand"];
  const act = EVENTS[String(known.event)] ?? words(String(known.event ?? "do it")).replaceAll(".", " ");
  const where = typeof known.where === "string" ? literals(known.where) : "";
  const within = typeof known.window === "string" && seconds(known.window) > 0 ? ` within ${duration(seconds(known.window))}` : "";
  if (known.streak) return [`${title(act)}${where} ${String(known.streak)} days in a row`];
  if (known.sum) return [`Collect ${String(known.count)} (${String(known.sum)})${where}${within}`];
  const times = Number(known.count ?? 1);
  return [`${title(act)}${where}${times > 1 ? `, ${times} ${known.distinct ? "different ones" : "times"}` : ""}${within}`];
}

/** What the condition names, for those who don't read CEL: 'python' in data.category == 'python'. */
function literals(where: string): string {
  const found = [...where.matchAll(/'([^']+)'|"([^"]+)"/g)].map((match) => words(match[1] ?? match[2] ?? "").replaceAll(".", " "));
  return found.length > 0 ? ` (${found.join(", ")})` : "";
}

/** Whether a backfill looks at players, too: at their levels and badges, which no act of theirs tells. */
export function asksOfPlayers(rule: unknown): boolean {
  if (rule === null || typeof rule !== "object") return false;
  const known = rule as Rule;
  return typeof known.level === "number" || typeof known.badge === "string" || [known.all, known.any, known.of].some((parts) => list(parts).some(asksOfPlayers));
}

export const earned = (badge: Achievement): boolean => badge.mine?.earned_date != null;
export const wrapped = (badge: Achievement): boolean => earned(badge) && badge.mine?.revealed_at === null;
export const veiled = (badge: Achievement): boolean => badge.secret && !earned(badge) && badge.name === "???";

export const RARITIES = { common: "Common", rare: "Rare", epic: "Epic", legendary: "Legendary" } as const;

export function holdersWords(badge: Achievement): string {
  if (badge.holders === 0) return "Nobody has it yet";
  const percent = badge.holders_percent;
  return `${percent < 1 ? "Less than 1" : Math.round(percent)} % of players have this`;
}

/** What a player chose to show first, in their order. */
export const shownFirst = (badges: Achievement[]): Achievement[] => badges.filter((badge) => badge.mine?.showcased != null).sort((one, other) => (one.mine?.showcased ?? 0) - (other.mine?.showcased ?? 0));
