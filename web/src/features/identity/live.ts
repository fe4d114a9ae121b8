import type { LiveRules } from "@/lib/live";
import { meKey, usersKey } from "./queries";

export const identityLive: LiveRules = {
  "user.updated": (cache) => cache.invalidate(meKey),
  "user.role_changed": (cache) => {
    cache.invalidate(meKey);
    cache.invalidate(usersKey);
  },
};
