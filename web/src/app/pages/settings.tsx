import { SettingsPage } from "@/features/identity/settings-page";
import { useLeave } from "../header";
import { useMe } from "../me";

export function Settings() {
  return <SettingsPage me={useMe()} onSignedOut={useLeave()} />;
}
