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

/** What was missed comes as one sheet, once. `missed`: when the first of it happened, if the connection was away and came back. */
export function AwaySheet({ userId, hue, missed, onSeen }: { userId: string; hue?: number; missed: string | null; onSeen: () => void }) {
  const { data } = useInfiniteQuery(historyQuery);
  const wanted = useShown();
  // What a sheet of this page told, or an earlier page.
  const [told, setTold] = useState(() => lastSeen(userId));
  const [shown, setShown] = useState<HistoryItem[] | null>(null);
  const [done, setDone] = useState(false);
  const items = data?.pages[0]?.items;
  useEffect(() => {
    if (!items) return;
    const newest = items[0]?.time ?? new Date().toISOString();
    // Read while the connection was away is not told: what was missed counts from its first message, whatever was read since.
    const isNews = (time: string) => (missed ? time >= missed && time > (told ?? "") : told !== null && time > told);
    if (missed || !done) {
      const news = wanted(items).filter((item) => isNews(item.time) && TOLD.has(item.kind));
      // The list may have been read while some of it was still under way.
      if (news.length > (shown?.length ?? 0)) setShown(news);
      setDone(true);
    }
    const keep = () => remember(userId, newest > (lastSeen(userId) ?? "") ? newest : (lastSeen(userId) ?? newest));
    keep();
  }, [items, missed, told, shown, done, userId, wanted]);
  const close = () => {
    setTold(shown?.[0]?.time ?? told);
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
