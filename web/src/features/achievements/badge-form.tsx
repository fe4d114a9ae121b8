import { type FormEvent, useState } from "react";
import { newKey, wordsOf } from "@/lib/client";
import type { Achievement, Rarity, Tier } from "@/lib/types";
import { BadgeArt, Button, Card, EmblemPicker, Field, Input, Select, Switch, Textarea } from "@/ui";
import type { BadgeDraft } from "./queries";
import { RuleBuilder } from "./rule-builder";
import { newNode, nodeOf, ruleOf } from "./rules";
import { TierFields } from "./tier-fields";
import { RARITIES } from "./words";

const CATEGORIES = ["milestone", "streak", "mastery", "social", "special"];
const EMPTY: BadgeDraft = { slug: "", name: "", description: "", icon: "flame", category: "milestone", rarity: "common", secret: false, series: null, tiers: [], requirements: ruleOf(newNode("count")), xp_reward: 25 };

interface Props {
  badge?: Achievement;
  save: (draft: BadgeDraft, key: string) => Promise<Achievement>;
  onSaved: (badge: Achievement) => void;
}

function draftFrom(badge: Achievement): BadgeDraft {
  const { slug, name, description, icon, category, rarity, secret, series, tiers, requirements, xp_reward } = badge;
  return { slug, name, description, icon, category, rarity, secret, series, tiers, requirements, xp_reward };
}

function RuleFields({ draft, set }: { draft: BadgeDraft; set: (change: Partial<BadgeDraft>) => void }) {
  const node = nodeOf(draft.requirements);
  const [json, setJson] = useState<string | null>(node ? null : JSON.stringify(draft.requirements, null, 2));
  const [wrong, setWrong] = useState("");
  const write = (text: string) => {
    setJson(text);
    try {
      set({ requirements: JSON.parse(text) as unknown });
      setWrong("");
    } catch {
      setWrong("This is not JSON yet");
    }
  };
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap gap-2" role="group" aria-label="How to write the rule">
        <Button type="button" size="small" variant={json === null ? "gold" : "plain"} aria-pressed={json === null} disabled={!node} onClick={() => setJson(null)}>
          Builder
        </Button>
        <Button type="button" size="small" variant={json === null ? "plain" : "gold"} aria-pressed={json !== null} onClick={() => setJson(JSON.stringify(draft.requirements, null, 2))}>
          JSON
        </Button>
      </div>
      {json === null && node ? (
        <RuleBuilder node={node} onChange={(changed) => set({ requirements: ruleOf(changed) })} />
      ) : (
        <Field label="Rule as JSON" error={wrong}>
          {(ids) => <Textarea {...ids} rows={12} spellCheck={false} className="font-mono text-sm" value={json ?? ""} onChange={(event) => write(event.target.value)} />}
        </Field>
      )}
    </div>
  );
}

export function BadgeEditor({ badge, save, onSaved }: Props) {
  const [key] = useState(newKey);
  const [draft, setDraft] = useState<BadgeDraft>(badge ? draftFrom(badge) : EMPTY);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const set = (change: Partial<BadgeDraft>) => setDraft((before) => ({ ...before, ...change }));
  const rename = (name: string) => set(badge ? { name } : { name, slug: name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      onSaved(await save(draft, key));
    } catch (error) {
      setProblem(wordsOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-5">
      <Card title="What it is">
        <div className="grid gap-5 sm:grid-cols-[170px_minmax(0,1fr)]">
          <div className="grid content-start justify-items-center gap-3">
            <BadgeArt icon={draft.icon} rarity={draft.rarity} size={150} label="How the badge looks" />
            <EmblemPicker value={draft.icon} onChange={(icon) => set({ icon })} label="Choose an emblem" />
          </div>
          <div className="grid min-w-0 gap-4">
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label="Name">{(ids) => <Input {...ids} required maxLength={80} value={draft.name} onChange={(event) => rename(event.target.value)} />}</Field>
              <Field label="Short name">
                {(ids) => <Input {...ids} required pattern="[a-z0-9]+(-[a-z0-9]+)*" readOnly={badge !== undefined} value={draft.slug} onChange={(event) => set({ slug: event.target.value })} />}
              </Field>
            </div>
            <Field label="Description">{(ids) => <Textarea {...ids} required rows={2} value={draft.description} onChange={(event) => set({ description: event.target.value })} />}</Field>
            <div className="grid gap-4 sm:grid-cols-3">
              <Field label="Category">
                {(ids) => (
                  <Select {...ids} value={draft.category} onChange={(event) => set({ category: event.target.value })}>
                    {CATEGORIES.map((name) => (
                      <option key={name}>{name}</option>
                    ))}
                  </Select>
                )}
              </Field>
              <Field label="Rarity">
                {(ids) => (
                  <Select {...ids} value={draft.rarity} onChange={(event) => set({ rarity: event.target.value as Rarity })}>
                    {Object.entries(RARITIES).map(([value, label]) => (
                      <option key={value} value={value}>
                        {label}
                      </option>
                    ))}
                  </Select>
                )}
              </Field>
              <Field label="Pays XP">{(ids) => <Input {...ids} type="number" min={0} value={draft.xp_reward} onChange={(event) => set({ xp_reward: Math.max(0, Number(event.target.value)) })} />}</Field>
            </div>
            <Field label="Series" hint="Badges of one series stand together">
              {(ids) => <Input {...ids} value={draft.series ?? ""} onChange={(event) => set({ series: event.target.value || null })} />}
            </Field>
            <Switch checked={draft.secret} onChange={(secret) => set({ secret })} label="Secret: nobody sees how it is earned" />
          </div>
        </div>
      </Card>
      <Card title="How it is earned">
        <RuleFields draft={draft} set={set} />
      </Card>
      <Card title="Tiers">
        <TierFields tiers={draft.tiers} onChange={(tiers: Tier[]) => set({ tiers })} />
      </Card>
      {problem && <p role="alert" className="text-bad">{problem}</p>}
      <Button type="submit" busy={busy} className="justify-self-start">
        {badge ? "Save" : "Save as a draft"}
      </Button>
    </form>
  );
}
