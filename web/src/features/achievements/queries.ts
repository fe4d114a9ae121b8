import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, newKey, read, send } from "@/lib/client";
import type { Achievement, Page } from "@/lib/types";

export const badgesKey = ["achievements"] as const;
export const wallKey = ["achievements", "wall"] as const;
export const badgeKey = (id: string) => ["achievements", "one", id] as const;
export const closestKey = ["achievements", "closest"] as const;

export interface Filters {
  category?: string;
  earned?: string;
  status?: string;
  q?: string;
}

export const wallQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: [...wallKey, filters],
    queryFn: ({ signal, pageParam }) => read<Page<Achievement>>("/achievements", { signal, query: { ...filters, after: pageParam, limit: 100 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const badgeQuery = (id: string) => queryOptions({ queryKey: badgeKey(id), queryFn: ({ signal }) => read<Achievement>(`/achievements/${id}`, { signal }) });

export const closestQuery = queryOptions({ queryKey: closestKey, queryFn: ({ signal }) => read<Page<Achievement>>("/me/achievements/closest", { signal }) });

export const caseQuery = (username: string) =>
  queryOptions({ queryKey: ["achievements", "case", username], queryFn: ({ signal }) => read<Page<Achievement>>(`/users/${username}/achievements`, { signal, query: { limit: 100 } }) });

export const reveal = (id: string) => send<unknown>(`/me/achievements/${id}/reveal`, {});

export type BadgeDraft = Pick<Achievement, "slug" | "name" | "description" | "icon" | "category" | "rarity" | "secret" | "series" | "tiers" | "requirements" | "xp_reward">;
export const create = (draft: BadgeDraft, key: string) => send<Achievement>("/achievements", draft, { key });
export const update = (id: string, version: number, draft: Partial<BadgeDraft>) => change<Achievement>(`/achievements/${id}`, draft, { version });
export const publish = (id: string) => send<Achievement>(`/achievements/${id}/publish`, {}, { key: newKey() });
export const archive = (id: string) => send<Achievement>(`/achievements/${id}/archive`, {}, { key: newKey() });
