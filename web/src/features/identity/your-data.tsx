import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { isNowhere, wordsOf } from "@/lib/client";
import { useJob } from "@/lib/jobs";
import type { Job, Me } from "@/lib/types";
import { Button, buttonClass, Card, Dialog, Field, Input, JobProgress } from "@/ui";
import { askForArchive, deleteMe } from "./queries";

const KEPT = "questhall.archive";

function remembered(user: string): string | null {
  try {
    const [whose, job] = (localStorage.getItem(KEPT) ?? "").split(" ");
    return whose === user && job ? job : null;
  } catch {
    return null;
  }
}

function remember(user: string, job: string): void {
  try {
    localStorage.setItem(KEPT, `${user} ${job}`);
  } catch {
    // Storage is off: a reload forgets how far it was, and asking again finds it.
  }
}

const parts = ({ done, total, status }: Job): string => {
  if (status === "queued") return "Waiting for its turn";
  return total ? `${done} of ${total} parts of the hall have answered` : "Beginning";
};

const entries = (job: Job): string => Number(job.result?.entries ?? 0).toLocaleString();
const missing = (job: Job): string[] => (job.result?.missing as string[] | undefined) ?? [];

function Archive({ me }: { me: Me }) {
  const [id, setId] = useState(() => remembered(me.id));
  const { data: job, error } = useJob(id);
  const ask = useMutation({
    mutationFn: askForArchive,
    onSuccess: (asked) => {
      remember(me.id, asked.id);
      setId(asked.id);
    },
  });
  // A job is kept as long as its archive: one that is gone took the file along.
  const gone = isNowhere(error);
  const under = id !== null && !gone && job?.status !== "done" && job?.status !== "failed";
  return (
    <div className="grid content-start gap-3">
      <p>One file with everything that the hall keeps of you: your profile, what you did and earned, and every event that tells of it.</p>
      {under && <JobProgress job={job} label="Your archive is being gathered" words={parts} />}
      {job?.status === "done" && !gone && (
        <p role="status">
          Ready: {entries(job)} entries. It stays for seven days.
          {missing(job).length > 0 && ` Not there, because they did not answer: ${missing(job).join(", ")}.`}
        </p>
      )}
      {(ask.error ?? (job?.status === "failed" || (error && !gone))) && (
        <p role="alert" className="text-bad">
          {ask.error ? wordsOf(ask.error) : error && !gone ? wordsOf(error) : "That did not work. Please ask once more."}
        </p>
      )}
      <div className="flex flex-wrap gap-3">
        {job?.status === "done" && !gone && (
          <a className={buttonClass("primary")} href="/api/v1/me/export" download>
            Download
          </a>
        )}
        <Button variant={job?.status === "done" && !gone ? "plain" : "primary"} busy={ask.isPending || under} onClick={() => ask.mutate()}>
          {under ? "Gathering" : job?.status === "done" && !gone ? "Gather it anew" : "Gather my archive"}
        </Button>
      </div>
    </div>
  );
}

function Leave({ me, onClose, onLeft }: { me: Me; onClose: () => void; onLeft: () => void }) {
  const leave = useMutation({ mutationFn: deleteMe, onSuccess: onLeft });
  const [name, setName] = useState("");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    leave.mutate(String(new FormData(event.currentTarget).get("password")));
  };
  return (
    <Dialog open onClose={onClose} title="Delete your account">
      <form onSubmit={submit} className="grid gap-4">
        <p>
          Nobody can undo this. You are signed out everywhere at once, and within moments no part of the hall knows who you were: your name, address, looks, linked accounts, what you wrote and what was written
          about you are gone.
        </p>
        <p className="rounded-2xl bg-sunk p-3">Amounts stay in the books, so that they still add up, and badges count as held: by “Somebody who left”. Nobody can take your name. If you want your archive, fetch it first.</p>
        <Field label={`Type ${me.username} to go on`}>{(ids) => <Input {...ids} name="name" value={name} onChange={(event) => setName(event.target.value)} autoComplete="off" autoCapitalize="none" spellCheck={false} required />}</Field>
        <Field label="Password">{(ids) => <Input {...ids} name="password" type="password" autoComplete="current-password" required />}</Field>
        {leave.error && <p role="alert" className="text-bad">{wordsOf(leave.error)}</p>}
        <div className="flex flex-wrap gap-3">
          <Button type="submit" variant="danger" busy={leave.isPending || leave.isSuccess} disabled={name.trim().toLowerCase() !== me.username}>
            Delete my account for good
          </Button>
          <Button variant="plain" onClick={onClose}>
            Stay
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Everything of a player as a file, and the way out for good. */
export function YourData({ me, onLeft }: { me: Me; onLeft: () => void }) {
  const [leaving, setLeaving] = useState(false);
  return (
    <Card title="Your data">
      <div className="grid gap-x-10 gap-y-6 lg:grid-cols-2">
        <Archive me={me} />
        <div className="grid content-start justify-items-start gap-3 max-lg:border-t-2 max-lg:border-sunk max-lg:pt-5">
          <p>Leaving? Your account goes at once and for good. You are asked for your name and password first.</p>
          <Button variant="danger" onClick={() => setLeaving(true)}>
            Delete my account
          </Button>
        </div>
      </div>
      {leaving && <Leave me={me} onClose={() => setLeaving(false)} onLeft={onLeft} />}
    </Card>
  );
}
