import type { Tier } from "@/lib/types";
import { Button, Field, Input } from "@/ui";
import { NumberField } from "./rule-builder";

const NAMES = ["bronze", "silver", "gold", "platinum", "diamond"];

interface Props {
  tiers: Tier[];
  onChange: (tiers: Tier[]) => void;
  problem: (pointer: string) => string;
}

/** Tiers share one counter: each has its own number to reach. */
export function TierFields({ tiers, onChange, problem }: Props) {
  const set = (n: number, change: Partial<Tier>) => onChange(tiers.map((tier, at) => (at === n ? { ...tier, ...change } : tier)));
  const add = () => {
    const last = tiers.at(-1);
    onChange([...tiers, { name: NAMES[tiers.length] ?? `tier-${tiers.length + 1}`, count: (last?.count ?? 1) * 3, xp_reward: (last?.xp_reward ?? 10) * 2 }]);
  };
  const wrong = problem("/tiers");
  return (
    <div className="grid gap-3">
      {wrong && <p role="alert" className="font-bold text-bad">{wrong}</p>}
      {tiers.length === 0 && <p className="text-ink-2">No tiers: it is earned once.</p>}
      {tiers.map((tier, n) => (
        <fieldset key={n} className="grid grid-cols-2 items-end gap-3 sm:grid-cols-[minmax(0,1fr)_110px_110px_auto]">
          <legend className="sr-only">Tier {n + 1}</legend>
          <Field label="Name" error={problem(`/tiers/${n}/name`)}>
            {(ids) => <Input {...ids} required value={tier.name} onChange={(event) => set(n, { name: event.target.value.toLowerCase().replace(/[^a-z0-9_-]/g, "-") })} />}
          </Field>
          <NumberField label="Reached at" value={tier.count} error={problem(`/tiers/${n}/count`)} onChange={(count) => set(n, { count })} />
          <NumberField label="Pays XP" value={tier.xp_reward} least={0} error={problem(`/tiers/${n}/xp_reward`)} onChange={(xp_reward) => set(n, { xp_reward })} />
          <Button variant="quiet" onClick={() => onChange(tiers.filter((_, at) => at !== n))}>
            Remove<span className="sr-only"> tier {n + 1}</span>
          </Button>
        </fieldset>
      ))}
      <Button variant="plain" className="justify-self-start" onClick={add}>
        Add a tier
      </Button>
    </div>
  );
}
