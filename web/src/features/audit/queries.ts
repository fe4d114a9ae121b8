import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { read } from "@/lib/client";
import type { CatchingUp, Why } from "@/lib/types";

export const historyKey = ["audit", "history"] as const;

export const historyQuery = infiniteQueryOptions({
  queryKey: historyKey,
  queryFn: ({ signal, pageParam }) => read("/me/history", { signal, query: { after: pageParam, limit: 30 } }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});

const ASK_AGAIN_MS = 700;

export const whyQuery = (kind: string, id: string) =>
  queryOptions({
    queryKey: ["audit", "why", kind, id],
    queryFn: ({ signal }): Promise<Why | CatchingUp> => read("/why/{kind}/{effect_id}", { path: { kind, effect_id: id }, signal }),
    // The log follows what happens: while it catches up, ask again.
    refetchInterval: ({ state }) => (state.data && "status" in state.data ? ASK_AGAIN_MS : false),
  });
