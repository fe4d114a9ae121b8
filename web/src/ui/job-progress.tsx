import { shareOf } from "@/lib/jobs";
import type { Job } from "@/lib/types";
import { Bar } from "./bar";

interface Props {
  /** `undefined` while it was not looked at yet. */
  job: Job | undefined;
  /** What it does, said to those who can't see the bar. */
  label: string;
  /** How far it is, in words of its kind; by itself "5 of 20". */
  words?: (job: Job) => string;
}

const counted = ({ done, total, status }: Job): string => {
  if (status === "queued") return "Waiting for its turn";
  return total ? `${done.toLocaleString()} of ${total.toLocaleString()}` : done ? done.toLocaleString() : "Beginning";
};

/** How far a background job is; how it ended is said by whoever shows this. */
export function JobProgress({ job, label, words = counted }: Props) {
  const share = job ? shareOf(job) : null;
  return (
    <div className="grid gap-1.5">
      {share === null ? (
        <div role="progressbar" aria-label={label} className="bar">
          <div className="bar-fill bar-primary bar-unknown" />
        </div>
      ) : (
        <Bar value={share} label={label} />
      )}
      <p role="status" className="text-sm text-ink-2">
        {job ? words(job) : "Beginning"}
      </p>
    </div>
  );
}
