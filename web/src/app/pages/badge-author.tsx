import { EditBadgePage, NewBadgePage } from "@/features/achievements/author-page";
import { useMe } from "../me";

export const New = () => <NewBadgePage owner={useMe().id} />;
export const Edit = () => <EditBadgePage owner={useMe().id} />;
