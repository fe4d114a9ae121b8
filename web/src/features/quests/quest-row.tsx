import { Link } from "@tanstack/react-router";
import { number, rewardWords } from "@/lib/format";
import type { Quest } from "@/lib/types";
import { Bar, Icon } from "@/ui";
import { progressOf, stateWords } from "./progress";

/** A quest of today: its bar, and what it pays or paid. */
export function QuestRow({ quest }: { quest: Quest }) {
  const { have, need, part } = progressOf(quest);
  const currencies = Object.entries(quest.rewards.currencies ?? {});
  const main = currencies.find(([code]) => code === "coins") ?? currencies[0];
  const done = quest.mine?.state === "completed" || (quest.mine?.state === "cooling_down" && quest.mine.times_completed > 0);
  return (
    <li data-quest={quest.id} className="relative flex items-center gap-3 py-3.5 sm:gap-4">
      <Icon name={quest.icon} size={40} />
      <div className="min-w-0 flex-1">
        <p className="font-bold">
          <Link to="/quests/$id" params={{ id: quest.id }} className="after:absolute after:inset-0 after:rounded-2xl">
            {quest.title}
          </Link>
        </p>
        <div className="mt-1.5 flex items-center gap-3">
          <div className="min-w-0 flex-1">
            <Bar value={done ? 1 : part} label={`${quest.title}: ${have} of ${need}, ${stateWords(quest)}`} />
          </div>
          <span className="text-sm text-ink-2 tabular-nums">{done ? `${number(need)}/${number(need)}` : `${number(have)}/${number(need)}`}</span>
        </div>
      </div>
      <span className={done ? "reward reward-done" : "reward"}>
        {done ? (main ? <>Collected<br className="sm:hidden" /> +{number(main[1])}</> : "Done") : rewardWords(Object.fromEntries(currencies.slice(0, 1)))}
      </span>
    </li>
  );
}
