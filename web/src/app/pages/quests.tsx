import { BoardPage } from "@/features/quests/board-page";
import { QuestPage } from "@/features/quests/quest-page";
import { useMay, useMe } from "../me";

export function Board() {
  return <BoardPage author={useMay()("quests:write")} />;
}

export function One() {
  return <QuestPage author={useMay()("quests:write")} hue={useMe().look?.ember_hue} />;
}
