export { HistoryPage } from "@/features/audit/history-page";
export { WhyPage } from "@/features/audit/why-page";
