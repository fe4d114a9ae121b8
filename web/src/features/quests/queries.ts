import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, newKey, read, send } from "@/lib/client";
import type { Page, Quest, Streak } from "@/lib/types";

export const questsKey = ["quests"] as const;
export const listsKey = ["quests", "list"] as const;
export const mineKey = ["quests", "mine"] as const;
export const detailKey = (id: string) => ["quests", "detail", id] as const;
export const streaksKey = ["quests", "streaks"] as const;

export interface Filters {
  kind?: string;
  category?: string;
  state?: string;
  status?: string;
  q?: string;
}

export const boardQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: [...listsKey, filters],
    queryFn: ({ signal, pageParam }) => read<Page<Quest>>("/quests", { signal, query: { ...filters, after: pageParam, limit: 60 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const mineQuery = queryOptions({ queryKey: mineKey, queryFn: ({ signal }) => read<Page<Quest>>("/me/quests", { signal, query: { limit: 60 } }) });
export const questQuery = (id: string) => queryOptions({ queryKey: detailKey(id), queryFn: ({ signal }) => read<Quest>(`/quests/${id}`, { signal }) });
export const streaksQuery = queryOptions({ queryKey: streaksKey, queryFn: ({ signal }) => read<Page<Streak>>("/me/streaks", { signal }) });

export const accept = (id: string) => send<Quest>(`/quests/${id}/accept`, {}, { key: newKey() });
export const abandon = (id: string) => send<Quest>(`/quests/${id}/abandon`, {}, { key: newKey() });
export const tick = (id: string, objective: string, yesterday = false) => send<Quest>(`/quests/${id}/complete`, { objective, yesterday }, { key: newKey() });
export const leave = (until: string) => send("/me/streaks/leave", { until });

export type QuestDraft = Pick<Quest, "slug" | "title" | "description" | "icon" | "category" | "difficulty" | "kind" | "objectives" | "combine" | "rewards" | "prerequisites" | "auto_accept"> &
  Partial<Pick<Quest, "available_from" | "available_until" | "cooldown_s" | "daily_cap" | "expires_after_s">>;

export const create = (draft: QuestDraft, key: string) => send<Quest>("/quests", draft, { key });
export const update = (id: string, version: number, draft: Partial<QuestDraft>) => change<Quest>(`/quests/${id}`, draft, { version });
export const publish = (id: string) => send<Quest>(`/quests/${id}/publish`, {}, { key: newKey() });
export const archive = (id: string) => send<Quest>(`/quests/${id}/archive`, {}, { key: newKey() });

export interface Check {
  ok: boolean;
  problem?: string | null;
  result?: unknown;
}
export const check = (where: string) => send<Check>("/quests/check", { where });
