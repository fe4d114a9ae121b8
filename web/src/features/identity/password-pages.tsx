import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { wordsOf } from "@/lib/client";
import { Button, Field, Input } from "@/ui";
import { Entry } from "./entry";
import { linkSecret } from "./link-secret";
import { forgot, reset, verifyEmail } from "./queries";

const back = (
  <p className="mt-5">
    <Link to="/sign-in" className="link">
      Back to sign in
    </Link>
  </p>
);

export function ForgotPage() {
  const ask = useMutation({ mutationFn: forgot });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    ask.mutate(String(new FormData(event.currentTarget).get("email")));
  };
  return (
    <Entry title="A new password" words="We send a link that works for 30 minutes.">
      {ask.isSuccess ? (
        <p role="status">If somebody here has this address, a link is on its way.</p>
      ) : (
        <form onSubmit={submit} className="grid gap-4">
          <Field label="E-mail">{(ids) => <Input {...ids} name="email" type="email" autoComplete="email" required autoFocus />}</Field>
          {ask.error && <p role="alert" className="text-bad">{wordsOf(ask.error)}</p>}
          <Button type="submit" busy={ask.isPending}>
            Send the link
          </Button>
        </form>
      )}
      {back}
    </Entry>
  );
}

export function ResetPage() {
  const [secret] = useState(linkSecret);
  const set = useMutation({ mutationFn: (password: string) => reset(secret, password) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    set.mutate(String(new FormData(event.currentTarget).get("password")));
  };
  return (
    <Entry title="Choose a new password" words="All other sessions end.">
      {set.isSuccess ? (
        <p role="status">Done. Sign in with the new password.</p>
      ) : !secret ? (
        <p role="alert">The link is not whole: copy all of it from the mail.</p>
      ) : (
        <form onSubmit={submit} className="grid gap-4">
          <Field label="New password" hint="At least 10 characters">
            {(ids) => <Input {...ids} name="password" type="password" autoComplete="new-password" minLength={10} required autoFocus />}
          </Field>
          {set.error && <p role="alert" className="text-bad">{wordsOf(set.error)}</p>}
          <Button type="submit" busy={set.isPending}>
            Set the password
          </Button>
        </form>
      )}
      {back}
    </Entry>
  );
}

/** The link of a mail that shows that an address is one's own. A button, since mail programs open links by themselves. */
export function VerifyPage() {
  const [secret] = useState(linkSecret);
  const verify = useMutation({ mutationFn: () => verifyEmail(secret) });
  return (
    <Entry title="Is this your address?" words="One press, and we know where to reach you.">
      {verify.isSuccess ? (
        <p role="status">Thank you. The address is yours.</p>
      ) : !secret ? (
        <p role="alert">The link is not whole: copy all of it from the mail.</p>
      ) : (
        <>
          {verify.error && <p role="alert" className="mb-3 text-bad">{wordsOf(verify.error)}</p>}
          <Button busy={verify.isPending} onClick={() => verify.mutate()}>
            Yes, it is mine
          </Button>
        </>
      )}
      {back}
    </Entry>
  );
}
