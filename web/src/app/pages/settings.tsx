import { MyAccounts } from "@/features/integrations/my-accounts";
import { SettingsPage } from "@/features/identity/settings-page";
import { unkeepAll } from "@/lib/kept";
import { useLeave } from "../header";
import { useMe } from "../me";
import { forgetReads } from "../offline";
import { usePresent } from "../services";

/** Everything that the page knew goes with a load of its own. */
function farewell() {
  void forgetReads();
  unkeepAll();
  location.assign("/sign-in?left=true");
}

export function Settings() {
  const present = usePresent();
  return <SettingsPage me={useMe()} accounts={present("integrations") && <MyAccounts />} onSignedOut={useLeave()} onLeft={farewell} />;
}
