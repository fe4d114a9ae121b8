/** Which pushed events are worth a moment, and what it says. */
import type { Message } from "@/lib/live";
import type { Scene, Toast } from "./ladder";

const text = (value: unknown): string => (typeof value === "string" ? value : "");

export function toastOf(message: Message): Toast | null {
  const data = message.data;
  if (message.event === "quest.completed")
    return { id: message.id, kind: "quest", title: `Quest done: ${text(data.title)}`, detail: "The reward is in your purse", icon: text(data.icon) || "scroll", to: `/quests/${text(data.quest_id)}` };
  if (message.event === "badge.earned") {
    const tier = text(data.tier);
    return {
      id: message.id,
      kind: "badge",
      title: `Badge earned: ${text(data.name)}${tier ? `, ${tier}` : ""}`,
      detail: `${text(data.rarity)}, and still wrapped`,
      icon: text(data.icon),
      rarity: text(data.rarity),
      to: `/badges/${text(data.achievement_id)}`,
    };
  }
  if (message.event === "streak.broken")
    return { id: message.id, kind: "notice", title: "A new streak can start today", detail: `The last one held ${Number(data.length)} days`, icon: "seedling", to: "/quests" };
  return null;
}

export function sceneOf(message: Message): Scene | null {
  return message.event === "level.reached" ? { id: message.id, kind: "level", level: Number(message.data.level) } : null;
}

export interface Gain {
  currency: string;
  amount: number;
}

export function gainOf(message: Message): Gain | null {
  return message.event === "currency.credited" ? { currency: text(message.data.currency), amount: Number(message.data.amount) } : null;
}
