export { WalletPage } from "@/features/currency/wallet-page";
