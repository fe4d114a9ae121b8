export { GrantsPage } from "@/features/currency/grants-page";
