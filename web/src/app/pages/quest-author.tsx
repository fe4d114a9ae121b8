import { EditQuestPage, NewQuestPage } from "@/features/quests/author-page";
import { useMe } from "../me";

export const New = () => <NewQuestPage owner={useMe().id} />;
export const Edit = () => <EditQuestPage owner={useMe().id} />;
