import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, newKey, read, remove, send } from "@/lib/client";
import type { AccountLink, Delivery, Page, Source, Waiting } from "@/lib/types";

export const sourcesKey = ["integrations", "sources"] as const;
export const sourceKey = (slug: string) => ["integrations", "source", slug] as const;

export const sourcesQuery = queryOptions({ queryKey: sourcesKey, queryFn: () => read<Page<Source>>("/sources", { query: { limit: 100 } }) });
export const sourceQuery = (slug: string) => queryOptions({ queryKey: sourceKey(slug), queryFn: () => read<Source>(`/sources/${slug}`) });
export const deliveriesQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: [...sourceKey(slug), "deliveries"],
    queryFn: ({ pageParam }) => read<Page<Delivery>>(`/sources/${slug}/deliveries`, { query: { after: pageParam, limit: 25 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
export const linksQuery = (slug: string) => queryOptions({ queryKey: [...sourceKey(slug), "links"], queryFn: () => read<Page<AccountLink>>(`/sources/${slug}/links`, { query: { limit: 100 } }) });
export const waitingQuery = (slug: string) => queryOptions({ queryKey: [...sourceKey(slug), "waiting"], queryFn: () => read<Page<Waiting>>(`/sources/${slug}/waiting`, { query: { limit: 100 } }) });

export const createSource = (wanted: { slug: string; kind: string; name: string }) => send<Source>("/sources", wanted, { key: newKey() });
export const changeSource = (slug: string, wanted: { name?: string; enabled?: boolean }) => change<Source>(`/sources/${slug}`, wanted);
export const rotate = (slug: string) => send<{ secret: string }>(`/sources/${slug}/rotate`, {}, { key: newKey() });
export const redeliver = (slug: string, id: string) => send(`/sources/${slug}/deliveries/${id}/redeliver`, {}, { key: newKey() });
export const link = (slug: string, account: string, username: string) => send(`/sources/${slug}/links`, { account, username }, { key: newKey() });
export const linkAll = (slug: string, csv: string) => send(`/sources/${slug}/links`, { csv }, { key: newKey() });
export const unlink = (slug: string, id: string) => remove(`/sources/${slug}/links/${id}`);
