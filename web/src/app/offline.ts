/** The offline shell: our worker, and what is forgotten at sign-out. */
import { trustedScript } from "@/lib/trusted";

export function registerWorker(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  window.addEventListener("load", () => {
    navigator.serviceWorker.register(trustedScript("/sw.js")).catch(() => {
      // Without a worker the page works online as before.
    });
  });
  // After an update, parts of the old page are gone: take the new one.
  window.addEventListener("vite:preloadError", () => location.reload());
}

/** Nothing of a player stays behind on a shared machine. */
export async function forgetReads(): Promise<void> {
  if ("caches" in window) await caches.delete("questhall-reads");
}
