import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { read } from "@/lib/client";
import type { CatchingUp, Why } from "@/lib/types";

export const historyKey = ["audit", "history"] as const;

const ASK_AGAIN_MS = 700;
const ASK_AGAIN_MAX = 5;
let heard: string | null = null;

/** An event that a message told of: the history has to reach it. */
export function heardOf(event: string): void {
  heard = event;
}

export const historyQuery = infiniteQueryOptions({
  queryKey: historyKey,
  queryFn: async ({ signal, pageParam }) => {
    // The log follows what happens: the first page is asked for again until it has what was heard of.
    for (let left = ASK_AGAIN_MAX; ; left--) {
      const page = await read("/me/history", { signal, query: { after: pageParam, limit: 30, seen: pageParam === null && left > 0 ? heard : null } });
      if (!("status" in page)) return page;
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  },
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});

export const whyQuery = (kind: string, id: string) =>
  queryOptions({
    queryKey: ["audit", "why", kind, id],
    queryFn: ({ signal }): Promise<Why | CatchingUp> => read("/why/{kind}/{effect_id}", { path: { kind, effect_id: id }, signal }),
    // The log follows what happens: while it catches up, ask again.
    refetchInterval: ({ state }) => (state.data && "status" in state.data ? ASK_AGAIN_MS : false),
  });
