/** What a quest's state means to the player. */
import { duration } from "@/lib/format";
import type { Quest } from "@/lib/types";

export function progressOf(quest: Quest): { have: number; need: number; part: number } {
  const parts = quest.mine?.objectives.length ? quest.mine.objectives : quest.objectives.map((one) => ({ have: 0, need: one.count }));
  if (quest.mine?.state === "completed") {
    const need = parts.reduce((sum, one) => sum + one.need, 0);
    return { have: need, need, part: 1 };
  }
  if (quest.combine === "any") {
    const best = parts.reduce((most, one) => (one.have / one.need > most.have / most.need ? one : most), parts[0] ?? { have: 0, need: 1 });
    return { ...best, part: Math.min(1, best.have / best.need) };
  }
  const have = parts.reduce((sum, one) => sum + Math.min(one.have, one.need), 0);
  const need = parts.reduce((sum, one) => sum + one.need, 0);
  return { have, need, part: need === 0 ? 0 : have / need };
}

export const running = (quest: Quest): boolean => quest.mine?.state === "accepted" || quest.mine?.state === "in_progress";

/** What a newcomer can do within minutes and tick off by hand. */
export const atOnce = (quest: Quest): boolean => quest.kind === "one_off" && quest.difficulty === "easy" && quest.objectives.every((one) => one.mode === "manual");

const STATES = {
  locked: "Locked",
  available: "Open",
  accepted: "Accepted",
  in_progress: "Under way",
  completed: "Done",
  expired: "Ran out",
  abandoned: "Given up",
  cooling_down: "Resting",
} as const;

export function stateWords(quest: Quest, now: number = Date.now()): string {
  const mine = quest.mine;
  if (!mine) return quest.status === "published" ? "Open" : quest.status === "draft" ? "Draft" : "Archived";
  if (mine.state === "cooling_down" && mine.available_at) {
    const seconds = (new Date(mine.available_at).getTime() - now) / 1000;
    return seconds > 0 ? `Open again in ${duration(seconds)}` : "Open again now";
  }
  return STATES[mine.state];
}

export const KINDS = { one_off: "One time", daily: "Daily", weekly: "Weekly", repeatable: "Again and again", seasonal: "Season" } as const;
/** Kinds that can be authored and found: nothing runs seasons, so the API refuses a quest of one. */
export const OFFERED_KINDS = Object.entries(KINDS).filter(([kind]) => kind !== "seasonal");
export const DIFFICULTIES = { easy: "Easy", medium: "Medium", hard: "Hard", epic: "Epic" } as const;
