export { EditQuestPage, NewQuestPage } from "@/features/quests/author-page";
