import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { wordsOf } from "@/lib/client";
import { Button, Field, Input } from "@/ui";
import { Entry } from "./entry";
import { meKey, registrationQuery, signIn } from "./queries";

const WORDS = {
  back: ["Welcome back", "Ember kept the fire going."],
  ended: ["Please sign in again", "Your session has ended. Then it goes on where you were."],
  left: ["Farewell", "You are signed out everywhere. The hall is forgetting who you were: that takes it a moment."],
} as const;

export function SignInPage({ ended, left, onDone }: { ended?: boolean; left?: boolean; onDone: () => void }) {
  const queries = useQueryClient();
  const { data: registration } = useQuery(registrationQuery);
  const enter = useMutation({
    mutationFn: (form: FormData) => signIn(String(form.get("username")), String(form.get("password"))),
    onSuccess: (me) => {
      queries.clear();
      queries.setQueryData(meKey, me);
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    enter.mutate(new FormData(event.currentTarget));
  };
  const [title, words] = WORDS[left ? "left" : ended ? "ended" : "back"];
  const open = registration?.mode !== "closed" && registration?.mode !== "invite";
  return (
    <Entry title={title} words={words}>
      <form onSubmit={submit} className="grid gap-4">
        <Field label="Name or e-mail">{(ids) => <Input {...ids} name="username" autoComplete="username" required autoFocus />}</Field>
        <Field label="Password">{(ids) => <Input {...ids} name="password" type="password" autoComplete="current-password" required />}</Field>
        {enter.error && <p role="alert" className="text-bad">{wordsOf(enter.error)}</p>}
        <Button type="submit" busy={enter.isPending}>
          Sign in
        </Button>
      </form>
      <p className="mt-5 flex flex-wrap justify-between gap-x-6 gap-y-1">
        {open && (
          <Link to="/sign-up" className="link">
            New here? Sign up
          </Link>
        )}
        <Link to="/forgot" className="link">
          Forgot the password?
        </Link>
      </p>
      {registration?.first_admin && <p className="mt-4 rounded-2xl bg-sunk p-3 text-sm">Nobody leads this hall yet. Use the one-time link that was printed when it started.</p>}
    </Entry>
  );
}
