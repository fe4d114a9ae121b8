import { useCallback } from "react";
import { useSession } from "@/lib/session";
import type { HistoryItem } from "@/lib/types";

/** Leaves out what the player does not want to see: lines about streaks, where they are hidden. */
export function useShown(): (items: HistoryItem[]) => HistoryItem[] {
  const hideStreaks = useSession((state) => state.hideStreaks);
  return useCallback((items) => (hideStreaks ? items.filter((item) => !item.kind.startsWith("streak.")) : items), [hideStreaks]);
}
