import type { Tier } from "@/lib/types";
import { Button, Field, Input } from "@/ui";

const NAMES = ["bronze", "silver", "gold", "platinum", "diamond"];

/** Tiers share one counter: each has its own number to reach. */
export function TierFields({ tiers, onChange }: { tiers: Tier[]; onChange: (tiers: Tier[]) => void }) {
  const set = (n: number, change: Partial<Tier>) => onChange(tiers.map((tier, at) => (at === n ? { ...tier, ...change } : tier)));
  const add = () => {
    const last = tiers.at(-1);
    onChange([...tiers, { name: NAMES[tiers.length] ?? `tier-${tiers.length + 1}`, count: (last?.count ?? 1) * 3, xp_reward: (last?.xp_reward ?? 10) * 2 }]);
  };
  return (
    <div className="grid gap-3">
      {tiers.length === 0 && <p className="text-ink-2">No tiers: it is earned once.</p>}
      {tiers.map((tier, n) => (
        <fieldset key={n} className="grid grid-cols-2 items-end gap-3 sm:grid-cols-[minmax(0,1fr)_110px_110px_auto]">
          <legend className="sr-only">Tier {n + 1}</legend>
          <Field label="Name">{(ids) => <Input {...ids} required value={tier.name} onChange={(event) => set(n, { name: event.target.value })} />}</Field>
          <Field label="Reached at">{(ids) => <Input {...ids} type="number" min={1} value={tier.count} onChange={(event) => set(n, { count: Number(event.target.value) })} />}</Field>
          <Field label="Pays XP">{(ids) => <Input {...ids} type="number" min={0} value={tier.xp_reward} onChange={(event) => set(n, { xp_reward: Number(event.target.value) })} />}</Field>
          <Button type="button" variant="quiet" onClick={() => onChange(tiers.filter((_, at) => at !== n))}>
            Remove<span className="sr-only"> tier {n + 1}</span>
          </Button>
        </fieldset>
      ))}
      <Button type="button" variant="plain" className="justify-self-start" onClick={add}>
        Add a tier
      </Button>
    </div>
  );
}
