import { Link } from "@tanstack/react-router";
import { title } from "@/lib/format";
import type { Quest } from "@/lib/types";
import { Bar, Chips, Icon, Pill } from "@/ui";
import { DIFFICULTIES, KINDS, progressOf, running, stateWords } from "./progress";

export function QuestCard({ quest }: { quest: Quest }) {
  const { have, need, part } = progressOf(quest);
  const state = quest.mine?.state;
  const done = state === "completed";
  const tone = state === "completed" ? "ok" : running(quest) ? "gold" : quest.status !== "published" ? "xp" : "plain";
  return (
    <li data-quest={quest.id} className="sticker quest-card" data-state={state}>
      <p className="quest-state">
        <Pill tone={tone}>{stateWords(quest)}</Pill>
      </p>
      <div className="flex items-start gap-3">
        <Icon name={state === "locked" ? "locked" : quest.icon} size={48} />
        <div className="min-w-0 flex-1">
          <h2 className="font-display text-xl leading-tight">
            <Link to="/quests/$id" params={{ id: quest.id }} className="after:absolute after:inset-0 after:rounded-[22px]">
              {quest.title}
            </Link>
          </h2>
          <p className="text-sm text-ink-2">
            {title(quest.category)}, {DIFFICULTIES[quest.difficulty].toLowerCase()}, {KINDS[quest.kind].toLowerCase()}
          </p>
        </div>
      </div>
      <p className="line-clamp-3 text-ink-2">{quest.description}</p>
      <div className="mt-auto grid gap-2">
        {(running(quest) || state === "completed") && (
          <div className="flex items-center gap-3">
            <div className="min-w-0 flex-1">
              <Bar value={part} label={`${quest.title}: ${have} of ${need}`} />
            </div>
            <span className="text-sm text-ink-2 tabular-nums">
              {have}/{need}
            </span>
          </div>
        )}
        <p>
          {done && <span className="sr-only">Collected </span>}
          <Chips amounts={quest.rewards.currencies} done={done} />
        </p>
      </div>
    </li>
  );
}
