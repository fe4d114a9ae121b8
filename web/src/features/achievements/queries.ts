import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, read, readVersioned, replace, send } from "@/lib/client";
import type { Achievement, BadgeDefinition, ByHand, Page } from "@/lib/types";

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

/** All that a player has: what they show first may be on the last page. */
async function badgesOf(username: string, signal: AbortSignal): Promise<Achievement[]> {
  const badges: Achievement[] = [];
  let after: string | null = null;
  do {
    const page: Page<Achievement> = await read("/users/{username}/achievements", { path: { username }, signal, query: { after, limit: 100 } });
    badges.push(...page.items);
    after = page.next ?? null;
  } while (after !== null);
  return badges;
}

export const caseQuery = (username: string) => queryOptions({ queryKey: ["achievements", "case", username], queryFn: ({ signal }) => badgesOf(username, signal) });

export const showFirst = (ids: string[]) => replace("/me/showcase", { achievement_ids: ids });

/** The server tells it anew each minute, and nothing is pushed of it. */
export const rareBoardQuery = queryOptions({ queryKey: ["achievements", "rare-board"], queryFn: ({ signal }) => read("/achievements/rare-board", { signal }), refetchInterval: 60_000 });

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
export const backfill = (id: string) => send("/achievements/{achievement_id}/backfill", undefined, { path: { achievement_id: id } });

/** The key stays with the sheet: sending twice gives, or takes, once. */
export const award = (id: string, wanted: ByHand, key: string) => send("/achievements/{achievement_id}/award", wanted, { path: { achievement_id: id }, key });
export const revoke = (id: string, wanted: ByHand, key: string) => send("/achievements/{achievement_id}/revoke", wanted, { path: { achievement_id: id }, key });
