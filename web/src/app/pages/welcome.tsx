import { useNavigate } from "@tanstack/react-router";
import { FirstRunPage } from "@/features/identity/first-run-page";
import { QuestRow } from "@/features/quests/quest-row";
import { atOnce } from "@/features/quests/progress";
import { useToday } from "@/features/quests/today";
import { Skeleton } from "@/ui";
import { useSession } from "@/lib/session";
import { useMe } from "../me";

/** The quest to begin with: one that can be done at once, or else one that the player can tick off. */
function FirstQuest() {
  const { quests, loading } = useToday();
  const open = quests.filter((quest) => quest.mine?.state !== "completed");
  const first = open.find(atOnce) ?? open.find((quest) => quest.objectives.every((one) => one.mode === "manual")) ?? quests[0];
  if (loading) return <Skeleton height={96} />;
  if (!first) return <p>The board is quiet today. Ember shows you the camp instead.</p>;
  return (
    <>
      <p className="text-lg">Ember dropped this at your feet. Open it and take it{atOnce(first) ? ": it can be done within two minutes" : ""}.</p>
      <ul className="rounded-2xl bg-sunk px-4">
        <QuestRow quest={first} />
      </ul>
    </>
  );
}

export function Welcome() {
  const me = useMe();
  const navigate = useNavigate();
  const celebrateHatching = () => {
    if (!useSession.getState().quiet) void import("@/features/realtime/confetti").then(({ burst }) => burst(true));
  };
  return <FirstRunPage me={me} quest={<FirstQuest />} onHatched={celebrateHatching} onDone={() => void navigate({ to: "/" })} />;
}
