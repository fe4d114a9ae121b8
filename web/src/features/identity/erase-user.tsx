import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { wordsOf } from "@/lib/client";
import { useJob } from "@/lib/jobs";
import type { Job, UserRow } from "@/lib/types";
import { Button, Dialog, Field, Input, JobProgress, Textarea } from "@/ui";
import { eraseUser, usersKey } from "./queries";

const asked = ({ done, total }: Job): string => (total ? `${done} of ${total} questions answered: every part of the hall is asked twice` : "Beginning");

/** An admin erases a player: the name typed, a reason, and how far it is. */
export function EraseUser({ user, onClose }: { user: UserRow; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const erase = useMutation({ mutationFn: (reason: string) => eraseUser(user.id, reason) });
  const { data: job } = useJob(erase.data?.id ?? null);
  const close = () => {
    if (erase.data) void queries.invalidateQueries({ queryKey: usersKey });
    onClose();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    erase.mutate(String(new FormData(event.currentTarget).get("reason")));
  };
  return (
    <Dialog open onClose={close} title={`Erase ${user.username}`}>
      {erase.data ? (
        <div className="grid gap-4">
          {job?.status === "done" ? <p role="status">Done. No part of the hall knows who they were.</p> : <JobProgress job={job ?? erase.data} label={`${user.username} is being forgotten`} words={asked} />}
          <p className="text-ink-2">It goes on by itself when you close this.</p>
          <Button variant="plain" className="justify-self-start" onClick={close}>
            Close
          </Button>
        </div>
      ) : (
        <form onSubmit={submit} className="grid gap-4">
          <p>This can't be undone. They are signed out at once, and everything that says who they were is gone within moments. To keep somebody out for now, suspend them instead.</p>
          <Field label="Reason" hint="It is kept for ever: name nobody in it">
            {(ids) => <Textarea {...ids} name="reason" rows={2} required minLength={3} maxLength={500} />}
          </Field>
          <Field label={`Type ${user.username} to go on`}>{(ids) => <Input {...ids} value={name} onChange={(event) => setName(event.target.value)} autoComplete="off" autoCapitalize="none" spellCheck={false} required />}</Field>
          {erase.error && <p role="alert" className="text-bad">{wordsOf(erase.error)}</p>}
          <Button type="submit" variant="danger" busy={erase.isPending} disabled={name.trim().toLowerCase() !== user.username}>
            Erase {user.username} for good
          </Button>
        </form>
      )}
    </Dialog>
  );
}
