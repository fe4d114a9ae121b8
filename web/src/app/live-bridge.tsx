import { notifyManager, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { celebrate, missedAll } from "@/features/realtime/celebrate";
import { checkSession } from "@/lib/client";
import { LiveCache, type Message } from "@/lib/live";
import { openSocket } from "@/lib/socket";
import { LIVE_RULES } from "./live-rules";

/** From the socket to the caches and the celebrations. */
export function LiveBridge({ userId }: { userId: string }) {
  const queries = useQueryClient();
  useEffect(() => {
    const cache = new LiveCache(queries, LIVE_RULES);
    return openSocket(userId, ["me", "lobby"], {
      messages: (batch: Message[], missed: boolean) => {
        const fresh = notifyManager.batch(() => batch.filter((message) => cache.apply(message)));
        if (missed) missedAll(fresh);
        else celebrate(fresh.filter((message) => message.channel === "me"));
      },
      reload: () => cache.reload(),
      ended: () => void checkSession(),
    });
  }, [queries, userId]);
  return null;
}
