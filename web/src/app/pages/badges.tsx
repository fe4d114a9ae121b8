import { BadgePage } from "@/features/achievements/badge-page";
import { RareBoardPage } from "@/features/achievements/rare-board-page";
import { WallPage } from "@/features/achievements/wall-page";
import { useSession } from "@/lib/session";
import { useMay, useMe } from "../me";

export function Wall() {
  return <WallPage author={useMay()("achievements:write")} />;
}

export function RareBoard() {
  const { id, private: hidden } = useMe();
  return <RareBoardPage me={{ id, private: hidden }} />;
}

export function One() {
  const may = useMay();
  const celebrate = () => {
    if (!useSession.getState().quiet) void import("@/features/realtime/confetti").then(({ burst }) => burst());
  };
  return <BadgePage author={may("achievements:write")} giver={may("achievements:award")} onReveal={celebrate} />;
}
