import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, read, readVersioned, send } from "@/lib/client";
import type { Achievement, BadgeDefinition } from "@/lib/types";

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

/** A filter that is not set is an empty word in a form, and left out of a request; of its key too, or one address were read under two. */
const asked = ({ q, category, earned, status }: Filters) => ({
  q: q || undefined,
  category: (category || undefined) as Achievement["category"] | undefined,
  earned: earned ? earned === "true" : undefined,
  status: (status || undefined) as Achievement["status"] | undefined,
});

export const wallQuery = (filters: Filters) => {
  const query = asked(filters);
  return infiniteQueryOptions({
    queryKey: [...wallKey, query],
    queryFn: ({ signal, pageParam }) => read("/achievements", { signal, query: { ...query, after: pageParam, limit: 100 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
};

export const badgeQuery = (id: string) => queryOptions({ queryKey: badgeKey(id), queryFn: ({ signal }) => read("/achievements/{achievement_id}", { path: { achievement_id: id }, signal }) });

export const closestQuery = queryOptions({ queryKey: closestKey, queryFn: ({ signal }) => read("/me/achievements/closest", { signal }) });

export const caseQuery = (username: string) =>
  queryOptions({ queryKey: ["achievements", "case", username], queryFn: ({ signal }) => read("/users/{username}/achievements", { path: { username }, signal }) });

export const reveal = (id: string) => send("/me/achievements/{achievement_id}/reveal", undefined, { path: { achievement_id: id } });

/** The head as its author last saved it: what is earned may be a version before. */
export const draftQuery = (id: string) =>
  queryOptions({ queryKey: [...badgeKey(id), "draft"], queryFn: ({ signal }) => readVersioned("/achievements/{achievement_id}/draft", { path: { achievement_id: id }, signal }), staleTime: 0 });

/** What a new badge may start from; it comes with the version that is installed. */
export const templatesQuery = queryOptions({ queryKey: ["achievements", "templates"], queryFn: ({ signal }) => read("/achievements/templates", { signal }), staleTime: Number.POSITIVE_INFINITY });

export const create = (definition: BadgeDefinition, key: string) => send("/achievements", definition, { key });
export const update = (id: string, version: number, definition: BadgeDefinition) => change("/achievements/{achievement_id}", definition, { path: { achievement_id: id }, version });
export const publish = (id: string) => send("/achievements/{achievement_id}/publish", undefined, { path: { achievement_id: id } });
export const archive = (id: string) => send("/achievements/{achievement_id}/archive", undefined, { path: { achievement_id: id } });
