import type { LiveRules } from "@/lib/live";
import { historyKey } from "./queries";

const TOLD = new Set(["quest.accepted", "quest.completed", "quest.expired", "quest.abandoned", "badge.earned", "badge.revoked", "currency.credited", "currency.debited", "level.reached", "streak.extended", "streak.broken", "activity.recorded"]);

export const auditLive: LiveRules = {
  "*": (cache, message) => {
    if (message.channel === "me" && TOLD.has(message.event)) cache.invalidate(historyKey);
  },
};
