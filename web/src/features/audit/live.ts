import type { LiveRules } from "@/lib/live";
import { heardOf, historyKey } from "./queries";

const TOLD = new Set(["account.linked", "account.unlinked", "quest.accepted", "quest.completed", "quest.expired", "quest.abandoned", "badge.earned", "badge.revoked", "currency.credited", "currency.debited", "currency.owed", "level.reached", "streak.extended", "streak.broken", "activity.recorded"]);

export const auditLive: LiveRules = {
  "*": (cache, message) => {
    if (message.channel !== "me" || !TOLD.has(message.event)) return;
    heardOf(message.id);
    cache.invalidate(historyKey);
  },
};
