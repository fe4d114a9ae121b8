import { SourcePage } from "@/features/integrations/source-page";
import { SourcesPage } from "@/features/integrations/sources-page";
import { useMay } from "../me";

export function Sources() {
  return <SourcesPage mayWrite={useMay()("sources:write")} />;
}

export function One() {
  return <SourcePage mayWrite={useMay()("sources:write")} />;
}
