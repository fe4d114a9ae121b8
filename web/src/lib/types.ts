/** What the API answers, by the names of `/api/openapi.json`. */

export * from "./types-play";

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type Role = "player" | "moderator" | "manager" | "admin";

export interface Look {
  skin: number;
  hair: string;
  hair_hue: number;
  outfit: string;
  outfit_hue: number;
  headgear: string | null;
  hand: string | null;
  background: string;
  ember_hue: number;
}

export interface Preferences {
  quiet: boolean;
  sound: boolean;
  hide_streaks: boolean;
}

export interface Me {
  id: string;
  username: string;
  display_name: string;
  email: string;
  timezone: string;
  timezone_from?: string | null;
  locale: string;
  role: Role;
  status: string;
  permissions: string[];
  look: Look | null;
  preferences: Preferences;
  created_at: string;
  version: number;
}

export interface Profile {
  username: string;
  display_name: string;
  role: Role;
  look: Look | null;
  created_at: string;
}

export interface Registration {
  mode: "open" | "invite" | "approval" | "closed";
  first_admin: boolean;
}

export interface Token {
  id: string;
  name: string;
  scopes: string[] | null;
  created_at: string;
  last_used: string | null;
  expires: string | null;
  secret?: string | null;
}

export interface SessionRow {
  id: string;
  agent: string;
  created_at: string;
  seen_at: string;
  expires_at: string;
  current: boolean;
}

export interface UserRow {
  id: string;
  username: string;
  display_name: string;
  email: string;
  role: Role;
  status: string;
  created_at: string;
}

export interface Invite {
  id: string;
  role: Role;
  note: string;
  created_at: string;
  expires_at: string;
  used: boolean;
  secret?: string | null;
  link?: string | null;
}

export interface Mail {
  id: string;
  recipient: string;
  subject: string;
  body: string;
  created_at: string;
}

export interface Balance {
  currency: string;
  name: string;
  icon: string;
  amount: number;
  held: number;
  available: number;
  debt: number;
  number: number;
}

export interface Level {
  level: number;
  xp: number;
  floor_xp: number;
  next_xp: number | null;
}

export interface Balances {
  items: Balance[];
  level: Level;
}

export interface LedgerRow {
  id: string;
  transaction_id: string;
  currency: string;
  amount: number;
  balance: number;
  source: string;
  transaction_type: string;
  reason: string;
  created_at: string;
}

export interface Source {
  id: string;
  slug: string;
  kind: "github" | "cloudevents";
  name: string;
  enabled: boolean;
  created_at: string;
  ingest_url: string;
  secret?: string | null;
  token?: string | null;
}

export interface Delivery {
  id: string;
  external_id: string | null;
  event: string | null;
  outcome: "recorded" | "duplicate" | "waiting" | "ignored" | "failed" | "ping";
  detail: string | null;
  received_at: string;
  activities: { id: string; user_id: string | null; kind: string }[];
}

export interface AccountLink {
  id: string;
  kind: string;
  account: string;
  username: string;
  created_at: string;
}

export interface Waiting {
  account: string;
  count: number;
  last: string;
}

export interface HistoryItem {
  id: string;
  time: string;
  kind: string;
  icon: string;
  text: string;
  detail: string | null;
  link: { kind: string; id: string } | null;
}

export interface WhyStep {
  kind: string;
  id: string;
  title: string;
  detail: string;
  time: string | null;
  actor: string | null;
  rule: { version?: number; [name: string]: unknown } | null;
  [name: string]: unknown;
}

export interface Why {
  kind: string;
  id: string;
  steps: WhyStep[];
}

export interface CatchingUp {
  status: "catching_up";
  position: number;
}
