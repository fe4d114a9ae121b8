import { moment } from "@/lib/format";
import type { Act } from "@/lib/types";
import { Pill } from "@/ui";

/** Acts as a mapping finds them. */
export function ActList({ acts }: { acts: Act[] }) {
  return (
    <ol className="grid gap-3">
      {acts.map((act, n) => (
        <li key={`${act.external_id}-${n}`} className="rounded-2xl border-2 border-edge bg-card p-3">
          <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <Pill tone="xp">{act.kind}</Pill>
            <span className="font-bold wrap-anywhere">{act.account}</span>
          </p>
          <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-sm">
            <dt className="text-ink-2">Its own id</dt>
            <dd className="wrap-anywhere">{act.external_id}</dd>
            <dt className="text-ink-2">When</dt>
            <dd>{act.occurred_at ? moment(act.occurred_at) : "when it comes"}</dd>
            {Object.entries(act.attributes).map(([name, value]) => (
              <div key={name} className="contents">
                <dt className="font-mono text-ink-2">{name}</dt>
                <dd className="wrap-anywhere">{String(value)}</dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ol>
  );
}
