import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { wordsOf } from "@/lib/client";
import { Button, Field, Input } from "@/ui";
import { leave, streaksKey } from "./queries";

const LONGEST_DAYS = 60;
const DAY_MS = 86_400_000;

/** A date on the player's own calendar, `days` from today. */
const dateIn = (days: number): string => {
  const then = new Date(Date.now() + days * DAY_MS);
  return new Date(then.getTime() - then.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
};

/** A planned leave, from today on: its days neither keep nor break the streak. */
export function LeaveForm() {
  const queries = useQueryClient();
  const [until, setUntil] = useState(() => dateIn(7));
  const save = useMutation({
    mutationFn: () => leave(until),
    onSuccess: () => queries.invalidateQueries({ queryKey: streaksKey }),
  });
  return (
    <details>
      <summary className="inline-flex min-h-11 cursor-pointer items-center text-sm font-bold text-primary">Plan a leave</summary>
      <form
        className="grid gap-3 pt-2"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Field label="Away from today until" hint="Your streak waits for you; these days neither keep nor break it.">
          {(ids) => <Input {...ids} type="date" required min={dateIn(0)} max={dateIn(LONGEST_DAYS)} value={until} onChange={(event) => setUntil(event.target.value)} />}
        </Field>
        {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
        {save.isSuccess && <p role="status" className="text-ok">Enjoy the time away. Ember keeps the fire.</p>}
        <Button type="submit" variant="plain" busy={save.isPending} className="justify-self-start">
          Set the leave
        </Button>
      </form>
    </details>
  );
}
