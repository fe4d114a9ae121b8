import type { LiveRules } from "@/lib/live";
import { achievementsLive } from "@/features/achievements/live";
import { auditLive } from "@/features/audit/live";
import { currencyLive } from "@/features/currency/live";
import { identityLive } from "@/features/identity/live";
import { integrationsLive } from "@/features/integrations/live";
import { questsLive } from "@/features/quests/live";

export const LIVE_RULES: LiveRules[] = [currencyLive, questsLive, achievementsLive, identityLive, integrationsLive, auditLive];
