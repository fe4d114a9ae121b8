import type { LiveRules } from "@/lib/live";
import { myLinksKey } from "./queries";

export const integrationsLive: LiveRules = {
  "account.linked": (cache) => cache.invalidate(myLinksKey),
  "account.unlinked": (cache) => cache.invalidate(myLinksKey),
};
