import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, newKey, read, readVersioned, send } from "@/lib/client";
import type { Quest, QuestDefinition } from "@/lib/types";

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

type Asked = NonNullable<Quest["mine"]>["state"];

/** A filter that is not set is an empty word in a form, and left out of a request; of its key too, or one address were read under two. */
const asked = ({ kind, category, state, status, q }: Filters) => ({
  q: q || undefined,
  category: category || undefined,
  kind: (kind || undefined) as Quest["kind"] | undefined,
  state: (state || undefined) as Asked | undefined,
  status: (status || undefined) as Quest["status"] | undefined,
});

export const boardQuery = (filters: Filters) => {
  const query = asked(filters);
  return infiniteQueryOptions({
    queryKey: [...listsKey, query],
    queryFn: ({ signal, pageParam }) => read("/quests", { signal, query: { ...query, after: pageParam, limit: 60 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
};

export const mineQuery = queryOptions({ queryKey: mineKey, queryFn: ({ signal }) => read("/me/quests", { signal }) });
export const questQuery = (id: string) => queryOptions({ queryKey: detailKey(id), queryFn: ({ signal }) => read("/quests/{quest_id}", { path: { quest_id: id }, signal }) });
export const streaksQuery = queryOptions({ queryKey: streaksKey, queryFn: ({ signal }) => read("/me/streaks", { signal }) });

/** What a new quest may start from; it comes with the version that is installed. */
export const templatesQuery = queryOptions({ queryKey: ["quests", "templates"], queryFn: ({ signal }) => read("/quests/templates", { signal }), staleTime: Number.POSITIVE_INFINITY });

export const accept = (id: string) => send("/quests/{quest_id}/accept", undefined, { path: { quest_id: id }, key: newKey() });
export const abandon = (id: string) => send("/quests/{quest_id}/abandon", undefined, { path: { quest_id: id }, key: newKey() });
export const tick = (id: string, objective: string, yesterday = false) => send("/quests/{quest_id}/complete", { objective, yesterday }, { path: { quest_id: id }, key: newKey() });
export const leave = (until: string) => send("/me/streaks/leave", { until });

/** The head as its author last saved it: what is played may be a version before. */
export const draftQuery = (id: string) =>
  queryOptions({ queryKey: [...detailKey(id), "draft"], queryFn: ({ signal }) => readVersioned("/quests/{quest_id}/draft", { path: { quest_id: id }, signal }), staleTime: 0 });

export const create = (definition: QuestDefinition, key: string) => send("/quests", definition, { key });
export const update = (id: string, version: number, definition: QuestDefinition) => change("/quests/{quest_id}", definition, { path: { quest_id: id }, version });
export const publish = (id: string) => send("/quests/{quest_id}/publish", undefined, { path: { quest_id: id } });
export const archive = (id: string) => send("/quests/{quest_id}/archive", undefined, { path: { quest_id: id } });
/** Tries a condition on a sample activity. */
export const check = (where: string) => send("/quests/check", { where });
