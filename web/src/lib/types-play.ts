/** Quests, streaks and badges, as the API answers them. */

export interface Reward {
  currencies?: Record<string, number>;
  items?: { item_id: string; quantity: number }[];
  pets?: { pet_id: string }[];
  achievements?: string[];
}

export interface Objective {
  id: string;
  label: string;
  mode: "automatic" | "manual";
  event: string | null;
  where: string | null;
  count: number;
  distinct: string | null;
}

export type QuestState = "locked" | "available" | "accepted" | "in_progress" | "completed" | "expired" | "abandoned" | "cooling_down";

export interface QuestMine {
  state: QuestState;
  completion_id: string | null;
  objectives: { id: string; have: number; need: number; done: boolean }[];
  accepted_at: string | null;
  completed_at: string | null;
  expires_at: string | null;
  available_at: string | null;
  times_completed: number;
  allowed: string[];
  /** Why it is locked or resting, in plain words. */
  why?: string;
}

export interface Quest {
  id: string;
  slug: string;
  title: string;
  description: string;
  icon: string;
  category: string;
  difficulty: "easy" | "medium" | "hard" | "epic";
  kind: "one_off" | "daily" | "weekly" | "repeatable" | "seasonal";
  objectives: Objective[];
  combine: "all" | "any" | "in_order";
  rewards: Reward;
  prerequisites: { quests?: string[]; level?: number | null };
  available_from: string | null;
  available_until: string | null;
  cooldown_s: number | null;
  daily_cap: number | null;
  expires_after_s: number | null;
  diminishing?: unknown;
  auto_accept: boolean;
  status: "draft" | "published" | "archived";
  version: number;
  /** What `If-Match` takes. */
  edit?: number;
  mine: QuestMine | null;
}

export interface Streak {
  kind: string;
  length: number;
  best: number;
  freezes: number;
  last_day: string | null;
  paused_until: string | null;
  today_done: boolean;
  week: { day: string; state: "kept" | "frozen" | "missed" | "today" | "future" | "excused" | "before" }[];
}

export type Rarity = "common" | "rare" | "epic" | "legendary";

export interface Tier {
  name: string;
  count: number;
  xp_reward: number;
}

export interface Achievement {
  id: string;
  slug: string;
  name: string;
  description: string;
  icon: string;
  category: string;
  rarity: Rarity;
  secret: boolean;
  series: string | null;
  tiers: Tier[];
  requirements: unknown;
  xp_reward: number;
  status: "draft" | "published" | "archived";
  version: number;
  /** What `If-Match` takes. */
  edit?: number;
  holders: number;
  holders_percent: number;
  mine: {
    have: number;
    need: number;
    fraction: number;
    tier: string | null;
    earned_date: string | null;
    revealed_at: string | null;
    awards: { award_id: string; tier: string | null; awarded_at: string; rule_version: number; revoked_at: string | null }[];
  } | null;
}
