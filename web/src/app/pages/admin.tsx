import { UsersPage } from "@/features/identity/users-page";
import { useMay } from "../me";

export { InvitesPage, OutboxPage } from "@/features/identity/invites-page";

export function Players() {
  const may = useMay();
  return <UsersPage mayChange={may("users:write")} mayErase={may("users:erase")} />;
}
