import type { InfiniteData } from "@tanstack/react-query";
import type { Cache, LiveRules, Message } from "@/lib/live";
import type { Achievement, Page } from "@/lib/types";
import { badgeKey, badgesKey, closestKey, wallKey } from "./queries";

function progressed(cache: Cache, message: Message): void {
  const { achievement_id: id, have, need } = message.data as { achievement_id: string; have: number; need: number };
  const change = (badge: Achievement): Achievement =>
    badge.id === id && badge.mine ? { ...badge, mine: { ...badge.mine, have, need, fraction: need > 0 ? Math.min(1, have / need) : 1 } } : badge;
  cache.queries.setQueryData<Achievement>(badgeKey(id), (known) => known && change(known));
  cache.queries.setQueryData<Page<Achievement>>(closestKey, (known) => known && { ...known, items: known.items.map(change) });
  cache.queries.setQueriesData<InfiniteData<Page<Achievement>>>({ queryKey: wallKey }, (known) => known && { ...known, pages: known.pages.map((page) => ({ ...page, items: page.items.map(change) })) });
  // What is closest may have changed its order.
  cache.invalidate(closestKey);
}

const all = (cache: Cache): void => cache.invalidate(badgesKey);

export const achievementsLive: LiveRules = {
  "badge.progressed": progressed,
  "badge.earned": all,
  "badge.revoked": all,
  "achievement.published": all,
};
