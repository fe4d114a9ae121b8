import { BadgePage } from "@/features/achievements/badge-page";
import { WallPage } from "@/features/achievements/wall-page";
import { useSession } from "@/lib/session";
import { useMay } from "../me";

export function Wall() {
  return <WallPage author={useMay()("achievements:write")} />;
}

export function One() {
  const celebrate = () => {
    if (!useSession.getState().quiet) void import("@/features/realtime/confetti").then(({ burst }) => burst());
  };
  return <BadgePage author={useMay()("achievements:write")} onReveal={celebrate} />;
}
