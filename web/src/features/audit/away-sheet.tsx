import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { HistoryItem } from "@/lib/types";
import { Button, Dialog, Pet } from "@/ui";
import { HistoryList } from "./history-list";
import { historyQuery } from "./queries";
import { useShown } from "./shown";

const MOST = 6;
const TOLD = new Set(["quest.completed", "badge.earned", "level.reached", "streak.broken", "streak.frozen", "currency.credited"]);

const keyOf = (userId: string) => `questhall.seen.${userId}`;

function lastSeen(userId: string): string | null {
  try {
    return localStorage.getItem(keyOf(userId));
  } catch {
    return null;
  }
}

function remember(userId: string, time: string): void {
  try {
    localStorage.setItem(keyOf(userId), time);
  } catch {
    // Storage is off: the sheet is not shown at all, rather than each time.
  }
}

/** What was missed comes as one sheet, once. `missed` says that the connection was away and came back. */
export function AwaySheet({ userId, hue, missed, onSeen }: { userId: string; hue?: number; missed: boolean; onSeen: () => void }) {
  const { data } = useInfiniteQuery(historyQuery);
  const wanted = useShown();
  const [since] = useState(() => lastSeen(userId));
  const [shown, setShown] = useState<HistoryItem[] | null>(null);
  const [done, setDone] = useState(false);
  const items = data?.pages[0]?.items;
  useEffect(() => {
    if (!items) return;
    const newest = items[0]?.time ?? new Date().toISOString();
    const before = missed ? lastSeen(userId) : since;
    if (before !== null && shown === null && (!done || missed)) {
      const news = wanted(items).filter((item) => item.time > before && TOLD.has(item.kind));
      if (news.length > 0) setShown(news);
      setDone(true);
    }
    const keep = () => remember(userId, newest > (lastSeen(userId) ?? "") ? newest : (lastSeen(userId) ?? newest));
    keep();
  }, [items, missed, since, shown, done, userId, wanted]);
  const close = () => {
    setShown(null);
    onSeen();
  };
  return (
    <Dialog open={shown !== null} onClose={close} title="While you were away">
      <div className="grid justify-items-center gap-3">
        <Pet stage="young" mood="happy" hue={hue} size={120} />
        <div className="w-full">
          <HistoryList items={(shown ?? []).slice(0, MOST)} links={false} />
          {(shown?.length ?? 0) > MOST && <p className="pt-2 text-ink-2">and {(shown?.length ?? 0) - MOST} more, in your history</p>}
        </div>
        <Button onClick={close}>Good to know</Button>
      </div>
    </Dialog>
  );
}
