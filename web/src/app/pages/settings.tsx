import { MyAccounts } from "@/features/integrations/my-accounts";
import { SettingsPage } from "@/features/identity/settings-page";
import { useLeave } from "../header";
import { useMe } from "../me";
import { usePresent } from "../services";

export function Settings() {
  const present = usePresent();
  return <SettingsPage me={useMe()} accounts={present("integrations") && <MyAccounts />} onSignedOut={useLeave()} />;
}
