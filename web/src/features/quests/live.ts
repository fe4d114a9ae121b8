import type { InfiniteData } from "@tanstack/react-query";
import type { Cache, LiveRules, Message } from "@/lib/live";
import type { Page, Quest } from "@/lib/types";
import { detailKey, listsKey, mineKey, questsKey, streaksKey } from "./queries";

interface Moved {
  quest_id: string;
  completion_id: string;
  objective: string;
  have: number;
  need: number;
}

function withProgress(quest: Quest, moved: Moved): Quest {
  const mine = quest.mine;
  if (quest.id !== moved.quest_id || !mine || (mine.completion_id !== null && mine.completion_id !== moved.completion_id)) return quest;
  return {
    ...quest,
    mine: {
      ...mine,
      state: mine.state === "accepted" ? "in_progress" : mine.state,
      completion_id: moved.completion_id,
      objectives: mine.objectives.map((one) => (one.id === moved.objective && moved.have >= one.have ? { ...one, have: moved.have, need: moved.need, done: moved.have >= moved.need } : one)),
    },
  };
}

function progressed(cache: Cache, message: Message): void {
  const moved = message.data as unknown as Moved;
  const change = (quest: Quest) => withProgress(quest, moved);
  cache.queries.setQueryData<Quest>(detailKey(moved.quest_id), (known) => known && change(known));
  cache.queries.setQueryData<Page<Quest>>(mineKey, (known) => known && { ...known, items: known.items.map(change) });
  cache.queries.setQueriesData<InfiniteData<Page<Quest>>>({ queryKey: listsKey }, (known) => known && { ...known, pages: known.pages.map((page) => ({ ...page, items: page.items.map(change) })) });
  // A run that began by itself is in no list yet.
  if (!cache.queries.getQueryData<Page<Quest>>(mineKey)?.items.some((quest) => quest.id === moved.quest_id)) cache.invalidate(mineKey);
}

function changed(cache: Cache, message: Message): void {
  cache.invalidate(detailKey(String(message.data.quest_id)));
  cache.invalidate(mineKey);
  cache.invalidate(listsKey);
}

const streak = (cache: Cache): void => cache.invalidate(streaksKey);

export const questsLive: LiveRules = {
  "quest.progressed": progressed,
  "quest.accepted": changed,
  "quest.completed": changed,
  "quest.expired": changed,
  "quest.abandoned": changed,
  "quest.published": changed,
  "quest.archived": changed,
  "level.reached": (cache) => cache.invalidate(questsKey),
  "streak.extended": streak,
  "streak.frozen": streak,
  "streak.broken": streak,
};
