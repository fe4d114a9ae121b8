import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { Button } from "@/ui";

function watch(changed: () => void): () => void {
  window.addEventListener("online", changed);
  window.addEventListener("offline", changed);
  return () => {
    window.removeEventListener("online", changed);
    window.removeEventListener("offline", changed);
  };
}

/** While there is no connection: what still works, what waits, and that it heals by itself. */
export function OfflineNote() {
  const online = useSyncExternalStore(watch, () => navigator.onLine);
  const queries = useQueryClient();
  const asking = useIsFetching() > 0;
  return (
    <div role="status" className="offline-place">
      {!online && (
        <div className="offline-note sticker">
          <WifiOff size={24} className="shrink-0" aria-hidden />
          <p className="min-w-0 flex-1">
            <strong>You are offline.</strong> <span className="text-ink-2">What you have opened stays here to read. Quests wait for the connection; nothing is lost.</span>
          </p>
          <Button variant="plain" busy={asking} onClick={() => void queries.refetchQueries({ type: "active" })}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}
