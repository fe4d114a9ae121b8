import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { wordsOf } from "@/lib/client";
import type { Me } from "@/lib/types";
import { Button, Card, Field, Input, Pill } from "@/ui";
import { changeEmail } from "./queries";

/** The address holds once a link that was sent to it is opened. */
export function EmailCard({ me }: { me: Me }) {
  const save = useMutation({ mutationFn: (form: FormData) => changeEmail(String(form.get("email")).trim(), String(form.get("password"))) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save.mutate(new FormData(event.currentTarget));
  };
  return (
    <Card title="E-mail" action={me.email_verified ? <Pill tone="ok">Confirmed</Pill> : <Pill tone="gold">Not confirmed</Pill>}>
      <form onSubmit={submit} className="grid gap-4">
        <Field label="Address" hint={me.email_verified ? "We send a link to a new one" : "Send yourself a new link by saving it again"}>
          {(ids) => <Input {...ids} name="email" type="email" defaultValue={me.email} autoComplete="email" required maxLength={254} />}
        </Field>
        <Field label="Your password" hint="To show that it is you">
          {(ids) => <Input {...ids} name="password" type="password" autoComplete="current-password" required />}
        </Field>
        {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
        <p role="status" className="text-ok empty:absolute">{save.isSuccess && "A link is on its way. It works for 30 minutes."}</p>
        <Button type="submit" busy={save.isPending} className="justify-self-start">
          Send the link
        </Button>
      </form>
    </Card>
  );
}
