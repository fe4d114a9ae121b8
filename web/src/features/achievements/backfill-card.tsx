import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { isNowhere, wordsOf } from "@/lib/client";
import { count, moment, number } from "@/lib/format";
import { isOver, useJob } from "@/lib/jobs";
import { keep, kept } from "@/lib/kept";
import type { Achievement, Job } from "@/lib/types";
import { Button, Card, JobProgress } from "@/ui";
import { backfill, badgesKey } from "./queries";
import { asksOfPlayers } from "./words";

const progress = ({ status, done, total }: Job): string => {
  if (status === "queued") return "Waiting for its turn";
  return total === null ? "Looking up how much there is" : `${number(done)} of ${number(total)} looked at`;
};

function resultWords({ result, finished_at }: Job, badge: Achievement): string {
  const { looked_at: looked, awarded } = result as { looked_at: number; awarded: number };
  const what = badge.prerequisites.length > 0 || asksOfPlayers(badge.requirements) ? count(looked, "act or player", "acts and players") : count(looked, "act");
  const found = `${what} looked at, ${awarded === 0 ? "no badge" : count(awarded, "badge")} awarded`;
  return finished_at ? `${found} (${moment(finished_at)}).` : `${found}.`;
}

const failureWords = ({ problem }: Job): string => `It stopped: ${[problem?.title, problem?.detail].filter(Boolean).join(", ") || "nobody knows why"}. What was counted stays counted.`;

/** Counting what happened before the badge was there. Who leaves the page and comes back finds it as far as it is. */
export function BackfillCard({ badge }: { badge: Achievement }) {
  const queries = useQueryClient();
  const name = `backfill.${badge.id}`;
  const [id, setId] = useState(() => kept<string>(name));
  const { data: job, error } = useJob(id);
  const asking = useMutation({
    mutationFn: () => backfill(badge.id),
    onSuccess: (asked) => {
      keep(name, asked.id);
      setId(asked.id);
    },
  });
  const over = job !== undefined && isOver(job);
  useEffect(() => {
    if (over) void queries.invalidateQueries({ queryKey: badgesKey });
  }, [over, queries]);
  // One that is kept may be of long ago, or of who was here before.
  const running = id !== null && !over && !isNowhere(error);
  const open = badge.status === "published";
  if (!open && !job) return null;
  return (
    <Card title="What happened before">
      <p className="mb-3 text-ink-2">
        This badge counts from when it was published. It can count what happened before, too: each act once, however often you ask. Who earns it by that is told and paid, as if it came today.
      </p>
      {running && <JobProgress job={job} label="Counting what happened before" words={progress} />}
      <p role="status" className="mb-3 font-bold empty:hidden">
        {job?.status === "done" ? resultWords(job, badge) : ""}
      </p>
      {job?.status === "failed" && (
        <p role="alert" className="mb-3 text-bad">
          {failureWords(job)}
        </p>
      )}
      {asking.error && (
        <p role="alert" className="mb-3 text-bad">
          {wordsOf(asking.error)}
        </p>
      )}
      {open && !running && (
        <Button variant="plain" busy={asking.isPending} onClick={() => asking.mutate()}>
          {over ? "Count again" : "Count what happened before"}
        </Button>
      )}
    </Card>
  );
}
