import { UsersPage } from "@/features/identity/users-page";
import { useMay } from "../me";

export { InvitesPage, OutboxPage } from "@/features/identity/invites-page";

export function Players() {
  return <UsersPage mayChange={useMay()("users:write")} />;
}
