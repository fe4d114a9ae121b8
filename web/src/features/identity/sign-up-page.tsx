import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Field, Input } from "@/ui";
import { AccountForm } from "./account-form";
import { Entry } from "./entry";
import { linkSecret } from "./link-secret";
import { firstAdmin, meKey, registrationQuery, signUp, type SignUp } from "./queries";

/** Sign up, as the hall's mode allows; with an invitation's link, or its code. */
export function SignUpPage({ onDone }: { onDone: () => void }) {
  const queries = useQueryClient();
  const { data: registration } = useQuery(registrationQuery);
  const [invite, setInvite] = useState(linkSecret);
  const [waits, setWaits] = useState(false);
  const make = async (wanted: SignUp) => {
    const me = await signUp(invite ? { ...wanted, invite } : wanted);
    history.replaceState(null, "", location.pathname);
    if (me.status !== "active") {
      setWaits(true);
      return;
    }
    queries.clear();
    queries.setQueryData(meKey, me);
    onDone();
  };
  const back = (
    <p className="mt-5">
      <Link to="/sign-in" className="link">
        I have a name here already
      </Link>
    </p>
  );
  if (waits)
    return (
      <Entry title="Nearly there" stage="egg" words="An admin has to let you in. Come back and sign in then.">
        {back}
      </Entry>
    );
  if (registration?.mode === "closed")
    return (
      <Entry title="The gate is closed" stage="egg" words="Nobody can sign up here right now. Ask whoever runs this hall.">
        {back}
      </Entry>
    );
  return (
    <Entry title="Join the hall" stage="egg" words={registration?.mode === "approval" ? "An admin looks at each newcomer before the gate opens." : "Three lines, then an egg hatches."}>
      {registration?.mode === "invite" && (
        <div className="mb-4">
          <Field label="Invitation" hint="The code from your invitation">
            {(ids) => <Input {...ids} value={invite} onChange={(event) => setInvite(event.target.value)} autoComplete="off" required />}
          </Field>
        </div>
      )}
      <AccountForm button="Sign up" make={make} />
      {back}
    </Entry>
  );
}

/** The one-time link that makes the first admin. */
export function FirstAdminPage({ onDone }: { onDone: () => void }) {
  const queries = useQueryClient();
  const [secret] = useState(linkSecret);
  const make = async (wanted: SignUp) => {
    const me = await firstAdmin(secret, wanted);
    queries.clear();
    queries.setQueryData(meKey, me);
    history.replaceState(null, "", location.pathname);
    onDone();
  };
  return (
    <Entry title="Open this hall" stage="egg" words="You are the first. This link makes you its admin, once.">
      {secret ? <AccountForm button="Become the first admin" make={make} /> : <p role="alert">The link is not whole: copy all of it from the window where Questhall was started.</p>}
    </Entry>
  );
}
