export { EditBadgePage, NewBadgePage } from "@/features/achievements/author-page";
