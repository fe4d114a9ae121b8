/** Background jobs: what was asked for once and takes long, watched until it ends. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { read } from "./client";
import type { Job } from "./types";

/** Milliseconds between two looks: short ones are seen at once, long ones are not asked after all the time. */
const FIRST = 700;
const SLOWEST = 5000;

export const isOver = (job: Job): boolean => job.status === "done" || job.status === "failed";

/** How long to wait for the next look at a job, by its age; `false`: it is over. */
export function nextLook(job: Job | undefined, now: number): number | false {
  if (!job) return FIRST;
  if (isOver(job)) return false;
  return Math.min(SLOWEST, Math.max(FIRST, (now - Date.parse(job.created_at)) / 10));
}

/** 0 to 1; `null` while nobody knows how much there is to do. */
export const shareOf = (job: Job): number | null => (job.status === "done" ? 1 : job.total ? Math.min(1, job.done / job.total) : null);

const jobQuery = (id: string | null) =>
  queryOptions({
    queryKey: ["job", id],
    queryFn: ({ signal }) => read("/jobs/{job_id}", { path: { job_id: id ?? "" }, signal }),
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.status === "error" && isGone(state.error) ? false : nextLook(state.data, Date.now())),
  });

const isGone = (error: unknown): boolean => (error as { status?: number } | null)?.status === 404;

/** A job, looked at again and again until it is over. `id`: `null` while there is none. */
export const useJob = (id: string | null) => useQuery(jobQuery(id));
