import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { isNowhere, wordsOf } from "@/lib/client";
import { count, day, duration, moment, number, title } from "@/lib/format";
import type { Quest } from "@/lib/types";
import { Button, buttonClass, Card, currencyIcon, Icon, Nowhere, Pill, Skeleton, Trouble } from "@/ui";
import { AuthorCard } from "./author-card";
import { DIFFICULTIES, KINDS, running, stateWords } from "./progress";
import { abandon, accept, detailKey, listsKey, mineKey, questQuery, tick } from "./queries";
import { Trail } from "./trail";

const route = getRouteApi("/inside/quests/$id");

function Facts({ quest }: { quest: Quest }) {
  const { prerequisites: before, mine } = quest;
  const facts: [string, string][] = [
    ["Kind", KINDS[quest.kind]],
    ["Difficulty", DIFFICULTIES[quest.difficulty]],
    ["Version", `${quest.version}`],
  ];
  if (before.level) facts.push(["From level", `${before.level}`]);
  if (before.quests?.length) facts.push(["After", before.quests.map(title).join(", ")]);
  if (quest.cooldown_s) facts.push(["Rests for", duration(quest.cooldown_s)]);
  if (quest.daily_cap) facts.push(["A day at most", `${quest.daily_cap}`]);
  if (quest.available_until) facts.push(["Until", day(quest.available_until)]);
  if (mine?.expires_at) facts.push(["Runs out", moment(mine.expires_at)]);
  if (mine?.times_completed) facts.push(["Done", count(mine.times_completed, "time")]);
  return (
    <dl className="grid grid-cols-2 gap-3">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt className="text-sm text-ink-2">{name}</dt>
          <dd className="font-bold">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Rewards({ quest }: { quest: Quest }) {
  return (
    <ul className="grid gap-2 max-lg:grid-cols-[repeat(auto-fit,minmax(140px,1fr))]">
      {Object.entries(quest.rewards.currencies ?? {}).map(([code, amount]) => (
        <li key={code} className="flex items-center gap-2 rounded-2xl bg-sunk px-4 py-2.5">
          <Icon name={currencyIcon(code)} size={32} />
          <span>
            <span className="font-display text-xl tabular-nums">+{number(amount)}</span> <span className="text-sm text-ink-2">{code === "xp" ? "XP" : title(code)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** `hue` is Ember's coat. */
export function QuestPage({ author, hue }: { author: boolean; hue?: number }) {
  const { id } = route.useParams();
  const { data: quest, error, refetch } = useQuery(questQuery(id));
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (doing: () => Promise<Quest>) => doing(),
    onSuccess: (changed) => {
      if (changed?.id) queries.setQueryData(detailKey(id), changed);
    },
    onSettled: () => {
      for (const queryKey of [detailKey(id), mineKey, listsKey]) void queries.invalidateQueries({ queryKey });
    },
  });
  if (isNowhere(error))
    return (
      <Nowhere>
        <Link to="/quests" className={buttonClass("primary")}>
          To the quest board
        </Link>
      </Nowhere>
    );
  if (error && !quest) return <Trouble page words={wordsOf(error)} again={() => void refetch()} />;
  if (!quest) return <Skeleton height={420} />;
  const state = quest.mine?.state;
  const may = (move: NonNullable<Quest["mine"]>["allowed"][number]) => quest.mine?.allowed.includes(move) ?? false;
  return (
    <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_320px] lg:items-start" data-quest={quest.id}>
      <Card>
        <Link to="/quests" className="link inline-flex min-h-11 items-center">
          All quests
        </Link>
        <div className="mt-2 flex flex-wrap items-start gap-4">
          <Icon name={quest.icon} size={72} />
          <div className="min-w-0 flex-1">
            <h1 className="font-display text-3xl leading-tight">{quest.title}</h1>
            <p className="mt-2 flex flex-wrap gap-2">
              <Pill tone={state === "completed" ? "ok" : running(quest) ? "gold" : "plain"}>{stateWords(quest)}</Pill>
              <Pill>{title(quest.category)}</Pill>
              {quest.status !== "published" && <Pill tone="xp">{title(quest.status)}</Pill>}
            </p>
          </div>
        </div>
        <p className="mt-4 mb-7 max-w-prose text-lg">{quest.description}</p>
        {quest.mine?.why && !running(quest) && <p className="mb-5 flex items-center gap-3 rounded-2xl bg-sunk p-3">
            <Icon name={state === "locked" ? "locked" : "hourglass-not-done"} size={28} />
            <span className="first-letter:uppercase">{quest.mine.why}</span>
          </p>}
        <Trail quest={quest} hue={hue} busy={act.isPending} onTick={(objective, yesterday) => act.mutate(() => tick(id, objective, yesterday))} />
        {act.error && <p role="alert" className="mb-4 text-bad">{wordsOf(act.error)}</p>}
        <div className="flex flex-wrap gap-3">
          {(may("accept") || state === "available") && (
            <Button busy={act.isPending} onClick={() => act.mutate(() => accept(id))}>
              Take this quest
            </Button>
          )}
          {running(quest) && (
            <Button variant="plain" busy={act.isPending} onClick={() => act.mutate(() => abandon(id))}>
              Give it up
            </Button>
          )}
        </div>
      </Card>
      <div className="grid gap-5">
        <Card title={state === "completed" ? "Collected" : "It pays"}>
          <Rewards quest={quest} />
          <p className="mt-3 text-sm text-ink-2">{state === "completed" ? "It is in your purse already." : "It arrives by itself when the trail is done."}</p>
        </Card>
        <Card title="About it">
          <Facts quest={quest} />
        </Card>
        {author && <AuthorCard quest={quest} />}
      </div>
    </div>
  );
}
