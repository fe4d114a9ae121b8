import { useQuery } from "@tanstack/react-query";
import { wordsOf } from "@/lib/client";
import { count, weekday } from "@/lib/format";
import type { Streak } from "@/lib/types";
import { Card, Icon, Pill, Skeleton, Trouble } from "@/ui";
import { LeaveForm } from "./leave-form";
import { streaksQuery } from "./queries";

const WORDS = { kept: "kept", frozen: "covered by a freeze", missed: "missed", today: "today, still open", future: "to come", excused: "on leave", before: "before your first day" };

const nameOf = (day: string): string => weekday(new Date(day).getUTCDay());

function sentence(streak: Streak): string {
  if (streak.paused_until) return `On leave until ${streak.paused_until}: nothing is lost.`;
  if (streak.length === 0) return "Finish any daily quest today and the first dot is yours.";
  if (streak.today_done) return "Today is kept. Ember sleeps well.";
  return "One daily quest keeps it today.";
}

export function StreakCard() {
  const { data, isPending, error, refetch } = useQuery(streaksQuery);
  const streak = data?.items.find((item) => item.kind === "daily") ?? data?.items[0];
  return (
    <Card title="Streak" action={streak && <Pill icon="snowflake">{count(streak.freezes, "freeze")}</Pill>}>
      {isPending ? (
        <Skeleton height={216} />
      ) : error && !data ? (
        <Trouble words={wordsOf(error)} again={() => void refetch()} />
      ) : !streak ? (
        <div className="grid gap-2">
          <p className="text-ink-2">Finish any daily quest and the first dot is yours.</p>
        </div>
      ) : (
        <div className="grid gap-3">
          <div className="flex items-center gap-3">
            <Icon name="fire" size={44} />
            <p>
              <span className="font-display text-2xl tabular-nums">{count(streak.length, "day")}</span>
              <span className="block text-sm text-ink-2">best: {streak.best}</span>
            </p>
          </div>
          <ol className="grid grid-cols-7 gap-1" aria-label="This week">
            {streak.week.map((one) => (
              <li key={one.day} className="grid justify-items-center gap-1 text-sm text-ink-2">
                <span aria-hidden>{nameOf(one.day).charAt(0)}</span>
                <span className="week-dot" data-state={one.state === "today" && streak.today_done ? "kept" : one.state}>
                  <span className="sr-only">
                    {nameOf(one.day)}: {one.state === "today" && streak.today_done ? WORDS.kept : WORDS[one.state]}
                  </span>
                </span>
              </li>
            ))}
          </ol>
          <p className="text-sm text-ink-2">{sentence(streak)}</p>
          <LeaveForm />
        </div>
      )}
    </Card>
  );
}
