/**
 * Friendly names of what the API takes and gives. The shapes are the generated ones (`npm run api`), reached by route:
 * the names of schemas follow the server's modules, routes stay.
 */
import type { Answer, Body, Path } from "./routes";

type Items<A> = A extends { items: (infer T)[] } ? T : never;
type Item<P extends Path<"get">> = Items<Answer<"get", P>>;

export interface Page<T> {
  items: T[];
  next?: string | null;
}

export type Me = Answer<"get", "/me">;
export type Role = Me["role"];
export type Look = NonNullable<Me["look"]>;
export type Preferences = Me["preferences"];
export type Registration = Answer<"get", "/auth/registration">;
export type UserRow = Item<"/admin/users">;
export type Session = Item<"/me/sessions">;

export type Balance = Item<"/me/balances">;
export type Balances = Answer<"get", "/me/balances">;
export type LedgerRow = Item<"/me/transactions">;

export type Source = Answer<"get", "/sources/{slug}">;
export type Mapping = NonNullable<Source["mapping"]>;
export type Act = Answer<"post", "/sources/try">["acts"][number];
export type Delivery = Item<"/sources/{slug}/deliveries">;

export type HistoryItem = Item<"/me/history">;
type Explained = Answer<"get", "/why/{kind}/{effect_id}">;
export type Why = Extract<Explained, { steps: unknown }>;
export type WhyStep = Why["steps"][number];
/** A 202: the log is behind what happened. */
export type CatchingUp = Exclude<Explained, Why>;

export type Job = Answer<"get", "/jobs/{job_id}">;

export type Quest = Answer<"get", "/quests/{quest_id}">;
export type QuestDefinition = Body<"post", "/quests">;
export type Objective = Quest["objectives"][number];
export type Streak = Item<"/me/streaks">;

export type Achievement = Answer<"get", "/achievements/{achievement_id}">;
export type BadgeDefinition = Body<"post", "/achievements">;
export type ByHand = Body<"post", "/achievements/{achievement_id}/award">;
export type BoardLine = Item<"/achievements/rare-board">;
export type Rarity = Achievement["rarity"];
export type Requirement = BadgeDefinition["requirements"];
export type Tier = Achievement["tiers"][number];
