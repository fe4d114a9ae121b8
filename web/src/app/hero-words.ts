/** One specific sentence for the hero: what Ember has to say right now. */
import type { Mood } from "@/art";
import { count, rewardWords, weekday } from "@/lib/format";
import type { Quest, Streak } from "@/lib/types";
import type { TimeOfDay } from "@/ui";

export interface HeroWords {
  eyebrow: string;
  title: string;
  text: string;
  button: string;
  quest: string | null;
  mood: Mood;
}

export function timeOfDay(hour: number): TimeOfDay {
  return hour < 5 || hour >= 22 ? "night" : hour < 12 ? "morning" : hour < 18 ? "afternoon" : "evening";
}

const left = (quest: Quest): { have: number; need: number } => {
  const objectives = quest.mine?.objectives ?? [];
  return { have: objectives.reduce((sum, one) => sum + Math.min(one.have, one.need), 0), need: objectives.reduce((sum, one) => sum + one.need, 0) };
};

export function heroWords(quests: Quest[], streak: Streak | undefined, now: Date): HeroWords {
  const day = `${weekday(now.getDay())} ${timeOfDay(now.getHours())}`;
  const eyebrow = streak && streak.length > 0 ? `${day}, day ${streak.length} of your streak` : day;
  const running = quests.filter((quest) => quest.mine?.state === "accepted" || quest.mine?.state === "in_progress").sort((one, other) => left(other).have / left(other).need - left(one).have / left(one).need);
  const next = running[0];
  if (next) {
    const { have, need } = left(next);
    const pays = rewardWords(next.rewards.currencies);
    return {
      eyebrow,
      title: have > 0 ? `Ember is on a trail: ${next.title}` : `Ember packed for ${next.title}`,
      text: have > 0 ? `${have} of ${need} done. ${count(need - have, "more step", "more steps")}${pays ? ` to ${pays}` : ""}.` : (next.objectives[0]?.label ?? "The first step is the best one."),
      button: "Follow the trail",
      quest: next.id,
      mood: have > 0 ? "happy" : "calm",
    };
  }
  const open = quests.find((quest) => quest.mine?.state === "available");
  if (open) {
    const pays = rewardWords(open.rewards.currencies);
    return { eyebrow, title: `Ember found a new trail: ${open.title}`, text: `${open.objectives[0]?.label ?? open.description}${pays ? `, for ${pays}` : ""}.`, button: "Have a look", quest: open.id, mood: "curious" };
  }
  return { eyebrow, title: "Ember naps by the fire", text: quests.length > 0 ? "Today's quests are all done. A badge may be closer than you think." : "The board is quiet. New quests appear here by themselves.", button: "To the badges", quest: null, mood: "asleep" };
}
