/** What rules can count, by names that authors read; beneath each is an event and a condition in CEL. */

export interface Happening {
  id: string;
  label: string;
  event: string;
  /** The kind of activity; empty for any, and for events that are no activity. */
  kind: string;
  /** What acts can be told apart by: CEL and its words. */
  distinct: [string, string][];
  /** What can be added up. */
  sums: [string, string][];
}

const REPO: [string, string] = ["data.attributes.repo", "repository"];
const NUMBER: [string, string] = ["data.attributes.number", "number"];
const github = (id: string, label: string, kind: string, sums: [string, string][] = []): Happening => ({ id, label, event: "activity.recorded", kind, distinct: [REPO, NUMBER], sums });

export const HAPPENINGS: Happening[] = [
  github("merge", "Merge a pull request", "github.pull_request.merged", [
    ["data.attributes.additions", "lines added"],
    ["data.attributes.deletions", "lines removed"],
    ["data.attributes.changed_files", "files changed"],
  ]),
  github("review", "Review a pull request", "github.review.submitted"),
  github("open-pull-request", "Open a pull request", "github.pull_request.opened"),
  github("open-issue", "Open an issue", "github.issue.opened"),
  github("close-issue", "Close an issue", "github.issue.closed"),
  github("comment", "Comment on an issue or pull request", "github.issue_comment.created"),
  { ...github("push", "Push commits", "github.push", [["data.attributes.commits", "commits"]]), distinct: [REPO, ["data.attributes.branch", "branch"]] },
  github("release", "Publish a release", "github.release.published"),
  { id: "activity", label: "Any activity that is recorded", event: "activity.recorded", kind: "", distinct: [["data.kind", "kind"], ["data.source", "source"]], sums: [] },
  { id: "quest", label: "Complete a quest", event: "quest.completed", kind: "", distinct: [["data.quest_id", "quest"], ["data.category", "category"]], sums: [] },
  { id: "accept", label: "Accept a quest", event: "quest.accepted", kind: "", distinct: [["data.quest_id", "quest"]], sums: [] },
  { id: "badge", label: "Earn a badge", event: "badge.earned", kind: "", distinct: [["data.achievement_id", "badge"]], sums: [] },
  { id: "login", label: "Come by on a day", event: "user.login", kind: "", distinct: [["data.local_day", "day"]], sums: [] },
  { id: "streak", label: "Keep the streak for a day", event: "streak.extended", kind: "", distinct: [["data.local_day", "day"]], sums: [] },
  { id: "level", label: "Reach a new level", event: "level.reached", kind: "", distinct: [["data.level", "level"]], sums: [] },
  { id: "coins", label: "Receive coins or other currency", event: "currency.credited", kind: "", distinct: [["data.currency", "currency"]], sums: [["data.amount", "amount"]] },
];

const KIND = /^data\.kind == '([a-z0-9_.]+)'$/;
const REPOSITORY = /^data\.attributes\.repo == '([A-Za-z0-9_./-]+)'$/;

/** What the builder shows of an event and a condition; `null` if the condition is the author's own. */
export function happeningOf(event: string, where: string): { happening: Happening; repo: string } | null {
  const parts = where.trim() === "" ? [] : where.trim().split(" && ");
  let kind = "";
  let repo = "";
  for (const part of parts) {
    const named = KIND.exec(part)?.[1];
    const placed = REPOSITORY.exec(part)?.[1];
    if (named !== undefined && kind === "") kind = named;
    else if (placed !== undefined && repo === "") repo = placed;
    else return null;
  }
  const happening = HAPPENINGS.find((one) => one.event === event && one.kind === kind);
  return happening && (repo === "" || event === "activity.recorded") ? { happening, repo } : null;
}

/** What may stand in a repository's name, so that it can stand in a condition. */
export const isRepository = (text: string): boolean => /^[A-Za-z0-9_./-]*$/.test(text);

export function conditionOf(happening: Happening, repo: string): string {
  const parts = happening.kind ? [`data.kind == '${happening.kind}'`] : [];
  if (repo && happening.event === "activity.recorded") parts.push(`data.attributes.repo == '${repo}'`);
  return parts.join(" && ");
}
