import { useQuery } from "@tanstack/react-query";
import { number } from "@/lib/format";
import { Bar } from "@/ui";
import { balancesQuery } from "./queries";
import { useCountUp } from "./use-count-up";

/** The level and how far it is to the next. */
export function LevelBar() {
  const { data } = useQuery(balancesQuery);
  const xp = useCountUp(data?.level.xp ?? 0);
  if (!data) return <div className="h-18" aria-hidden />;
  const { level, floor_xp: floor, next_xp: next } = data.level;
  const part = next === null ? 1 : (xp - floor) / Math.max(1, next - floor);
  return (
    <div className="grid gap-1.5">
      <p className="text-ink-2">Level {level}</p>
      <Bar value={Math.min(1, Math.max(0, part))} label={`Way to level ${level + 1}`} tone="xp" />
      <p className="text-sm text-ink-2 tabular-nums">{next === null ? `${number(xp)} XP, the highest level` : `${number(xp - floor)} of ${number(next - floor)} XP`}</p>
    </div>
  );
}
