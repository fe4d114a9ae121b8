import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { moment, title } from "@/lib/format";
import type { WhyStep } from "@/lib/types";
import { Button, Card, Icon, Pill, Trouble } from "@/ui";
import { whyQuery } from "./queries";

const ICONS: Record<string, string> = {
  transfer: "coin",
  badge: "sports-medal",
  level: "glowing-star",
  reward: "wrapped-gift",
  quest: "scroll",
  activity: "hammer-and-wrench",
  delivery: "incoming-envelope",
  request: "waving-hand",
  user: "waving-hand",
  actor: "waving-hand",
  admin: "waving-hand",
  streak: "fire",
};

/** What moved, where it is no coin, as the wallet shows it. */
const MOVED: Record<string, string> = { xp: "sparkles", gems: "gem-stone", guild_tokens: "sports-medal" };
const iconOf = ({ kind, facts }: WhyStep): string => (kind === "transfer" && MOVED[String(facts?.currency)]) || (ICONS[kind] ?? "footprints");

/** Who acted, for those who never saw an id: by name where there is one, `source:0190...` is a connected source. */
const ACTORS: Record<string, string> = { user: "by a player", admin: "by an admin", source: "by a connected source", system: "by the hall itself", service: "by the hall itself" };
const actorWords = ({ actor, actor_name }: WhyStep): string => {
  const kind = actor.split(":")[0] ?? "";
  if (!actor_name) return ACTORS[kind] ?? actor;
  return kind === "source" ? `told by ${actor_name}` : `by ${actor_name}${kind === "admin" ? ", an admin" : ""}`;
};

/** Accounts of the ledger and ids of deliveries are for the details. */
const plain = (detail: string): string => detail.replace(/^(from|to) (mint|sink|escrow|payments|user|guild|debt):\S*$|^delivery [0-9a-f-]{36}$/, "");

function Facts({ facts }: { facts: Record<string, unknown> }) {
  const known = Object.entries(facts).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value) && value !== "");
  if (known.length === 0) return null;
  return (
    <details className="why-facts">
      <summary>Details</summary>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] content-start gap-x-4 gap-y-1 pt-2 text-sm">
        {known.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-2">{title(name)}</dt>
            <dd className="wrap-anywhere">{String(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Step({ step, last }: { step: WhyStep; last: boolean }) {
  const rule = step.rule as { title?: string; version?: number } | null | undefined;
  return (
    <li className="why-step" data-last={last || undefined}>
      <span className="why-dot">
        <Icon name={iconOf(step)} size={30} />
      </span>
      <div className="why-body">
        <div className="min-w-0">
        <p className="text-lg font-bold wrap-anywhere">{step.title}</p>
        {plain(step.detail) && <p className="text-ink-2 wrap-anywhere">{plain(step.detail)}</p>}
        <p className="mt-1 flex flex-wrap items-center gap-2 text-sm text-ink-2">
          {step.time && <time dateTime={step.time}>{moment(step.time)}</time>}
          {step.kind !== "actor" && step.actor && <Pill>{actorWords(step)}</Pill>}
          {rule?.version !== undefined && (
            <Pill>
              {rule.title ? `${String(rule.title)}, ` : "Rule "}version {rule.version}
            </Pill>
          )}
        </p>
        </div>
        <Facts facts={(step.facts as Record<string, unknown> | undefined) ?? {}} />
      </div>
    </li>
  );
}

const route = getRouteApi("/inside/why/$kind/$id");

/** The chain of causes: the effect first, who did it last. */
export function WhyPage() {
  const { kind, id } = route.useParams();
  const { data, error, refetch } = useQuery(whyQuery(kind, id));
  const router = useRouter();
  return (
    <>
      <h1 className="page-title">Why do I have this?</h1>
      <Card>
        {error && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
        {!error && (!data || "status" in data) && (
          <p role="status" className="flex min-h-24 items-center gap-3">
            <Icon name="hourglass-not-done" size={32} /> Ember is still writing this down. A moment, it comes by itself.
          </p>
        )}
        {data && "steps" in data && (
          <ol aria-label="The chain of causes, the latest first">
            {data.steps.map((step, n) => (
              <Step key={`${step.kind}-${n}`} step={step} last={n === data.steps.length - 1} />
            ))}
          </ol>
        )}
        <Button variant="plain" onClick={() => router.history.back()}>
          Back
        </Button>
      </Card>
    </>
  );
}
