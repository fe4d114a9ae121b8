import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, newKey, read, remove, send } from "@/lib/client";
import type { Mapping, Source } from "@/lib/types";

const LOOK_AGAIN_MS = 5_000;

export const sourcesKey = ["integrations", "sources"] as const;
export const sourceKey = (slug: string) => ["integrations", "source", slug] as const;

export const sourcesQuery = queryOptions({ queryKey: sourcesKey, queryFn: () => read("/sources") });
export const sourceQuery = (slug: string) => queryOptions({ queryKey: sourceKey(slug), queryFn: () => read("/sources/{slug}", { path: { slug } }) });
export const deliveriesQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: [...sourceKey(slug), "deliveries"],
    queryFn: ({ pageParam }) => read("/sources/{slug}/deliveries", { path: { slug }, query: { after: pageParam, limit: 25 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    // Nothing pushes deliveries: who looks at them sees the new ones within seconds.
    refetchInterval: LOOK_AGAIN_MS,
  });
export const linksQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: [...sourceKey(slug), "links"],
    queryFn: ({ pageParam }) => read("/sources/{slug}/links", { path: { slug }, query: { after: pageParam, limit: 50 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
export const waitingQuery = (slug: string) => queryOptions({ queryKey: [...sourceKey(slug), "waiting"], queryFn: () => read("/sources/{slug}/waiting", { path: { slug } }), refetchInterval: LOOK_AGAIN_MS });
export const myLinksKey = ["integrations", "mine"] as const;
export const myLinksQuery = queryOptions({ queryKey: myLinksKey, queryFn: () => read("/me/links") });

/** What a mapping finds in a sample; nothing is stored. */
export const trialQuery = (mapping: Mapping, sample: string) =>
  queryOptions({ queryKey: ["integrations", "trial", mapping, sample], queryFn: ({ signal }) => send("/sources/try", { mapping, sample }, { signal }), retry: false, gcTime: 0 });

export const createSource = (wanted: { slug: string; kind: Source["kind"]; name: string; mapping: Mapping | null }) => send("/sources", wanted, { key: newKey() });
export const changeSource = (slug: string, version: number, wanted: { name?: string; enabled?: boolean; mapping?: Mapping }) => change("/sources/{slug}", wanted, { path: { slug }, version });
export const rotate = (slug: string) => send("/sources/{slug}/rotate", undefined, { path: { slug } });
export const redeliver = (slug: string, id: string) => send("/sources/{slug}/deliveries/{delivery_id}/redeliver", undefined, { path: { slug, delivery_id: id } });
export const link = (slug: string, account: string, username: string) => send("/sources/{slug}/links", { account, username }, { path: { slug } });
export const linkAll = (slug: string, csv: string) => send("/sources/{slug}/links", { csv }, { path: { slug } });
export const unlink = (slug: string, id: string) => remove("/sources/{slug}/links/{link_id}", { path: { slug, link_id: id } });
