import { type FormEvent, useState } from "react";
import { Problem, wordsOf } from "@/lib/client";
import { Button, Field, Input } from "@/ui";
import type { SignUp } from "./queries";

const LEAST = 10;
const NAME_RULE = "2 to 32 of a to z, 0 to 9, _ and -";

interface Props {
  button: string;
  make: (wanted: SignUp) => Promise<unknown>;
}

/** Name, address and password of somebody new. */
export function AccountForm({ button, make }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [length, setLength] = useState(0);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await make({ username: String(form.get("username")).trim(), email: String(form.get("email")).trim(), password: String(form.get("password")) });
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const of = (name: string) => (problem instanceof Problem ? problem.fields.find((field) => field.pointer.includes(name))?.detail : undefined);
  const general = problem && !["username", "email", "password"].some(of) ? wordsOf(problem) : "";
  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-4">
      <Field label="Name in the hall" hint={NAME_RULE} error={of("username")}>
        {(ids) => <Input {...ids} name="username" autoComplete="username" required autoFocus minLength={2} maxLength={32} pattern="[a-z0-9_\-]+" title={NAME_RULE} autoCapitalize="none" spellCheck={false} />}
      </Field>
      <Field label="E-mail" error={of("email")}>
        {(ids) => <Input {...ids} name="email" type="email" autoComplete="email" required />}
      </Field>
      <Field label="Password" hint={length > 0 && length < LEAST ? `${LEAST - length} more` : "At least 10 characters; a sentence is best"} error={of("password")}>
        {(ids) => <Input {...ids} name="password" type="password" autoComplete="new-password" required minLength={LEAST} onChange={(event) => setLength(event.target.value.length)} />}
      </Field>
      {general && <p role="alert" className="text-bad">{general}</p>}
      <Button type="submit" busy={busy}>
        {button}
      </Button>
    </form>
  );
}
