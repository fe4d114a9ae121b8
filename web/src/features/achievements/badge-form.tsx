import { useInfiniteQuery } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { newKey, Problem, problemAt, wordsOf } from "@/lib/client";
import { slugOf } from "@/lib/head";
import { keep, kept, unkeep } from "@/lib/kept";
import type { BadgeDefinition } from "@/lib/types";
import { BadgeArt, Button, Card, Choices, Conflict, EmblemPicker, Field, Input, KeptNote, Select, Switch, Textarea } from "@/ui";
import { BadgePreview } from "./badge-preview";
import { BadgeTemplates } from "./badge-templates";
import { wallQuery } from "./queries";
import { NumberField } from "./rule-builder";
import { RuleFields } from "./rule-fields";
import { newNode, ruleOf } from "./rules";
import { TierFields } from "./tier-fields";
import { RARITIES } from "./words";

const CATEGORIES = { milestone: "Milestone", streak: "Streak", mastery: "Mastery", social: "Social", special: "Special" };
const EMPTY: BadgeDefinition = { slug: "", name: "", description: "", icon: "flame", category: "milestone", rarity: "common", secret: false, series: null, tiers: [], prerequisites: [], requirements: ruleOf(newNode("count")), xp_reward: 25 };

interface Props {
  /** The head that is changed; none: a new badge. */
  badge?: BadgeDefinition;
  /** What is typed is kept under this name until it is saved. */
  name: string;
  save: (definition: BadgeDefinition, key: string) => Promise<void>;
  /** Somebody else saved first: take what is there now, or save over it. */
  onTake?: () => void;
  onOver?: () => Promise<void>;
}

export function BadgeEditor({ badge, name, save, onTake, onOver }: Props) {
  const [key] = useState(newKey);
  const [before, setBefore] = useState(() => kept<BadgeDefinition>(name));
  const [draft, setDraft] = useState<BadgeDefinition>(before ?? badge ?? EMPTY);
  const [round, setRound] = useState(0);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const slugTyped = useRef(badge !== undefined || (before !== null && before.slug !== slugOf(before.name)));
  const form = useRef<HTMLFormElement>(null);
  const { data } = useInfiniteQuery(wallQuery({}));
  const badges = (data?.pages.flatMap((page) => page.items) ?? []).filter((one) => one.slug !== draft.slug && one.name !== "???").map((one) => ({ value: one.slug, label: one.name }));
  const at = (pointer: string) => problemAt(problem, pointer);
  const set = (change: Partial<BadgeDefinition>) => {
    const next = { ...draft, ...change };
    setDraft(next);
    keep(name, next);
  };
  const rename = (typed: string) => set(slugTyped.current ? { name: typed } : { name: typed, slug: slugOf(typed) });
  const store = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await save(draft, key);
      unkeep(name);
    } catch (error) {
      setProblem(error);
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus());
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void store();
  };
  const startAfresh = () => {
    unkeep(name);
    setBefore(null);
    setDraft(badge ?? EMPTY);
    setRound(round + 1);
  };
  const startFrom = (chosen: BadgeDefinition) => {
    slugTyped.current = false;
    set(chosen);
    setRound(round + 1);
    form.current?.querySelector<HTMLInputElement>("input[name=name]")?.select();
  };
  return (
    <form ref={form} onSubmit={submit} className="grid gap-5 xl:grid-cols-[minmax(0,1fr)_340px] xl:items-start">
      <div className="grid min-w-0 gap-5">
        {before && <KeptNote onForget={startAfresh} />}
        {!badge && <BadgeTemplates onChoose={startFrom} />}
        <Card title="What it is">
          <div className="grid gap-4">
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label="Name" error={at("/name")}>
                {(ids) => <Input {...ids} name="name" required maxLength={80} value={draft.name} onChange={(event) => rename(event.target.value)} />}
              </Field>
              <Field label="Short name" hint={badge ? "It stays as it is" : "Used in links and rules"} error={at("/slug")}>
                {(ids) => (
                  <Input
                    {...ids}
                    required
                    pattern="[a-z0-9][a-z0-9\-]{1,62}"
                    title="2 to 63 small letters, digits and dashes"
                    readOnly={badge !== undefined}
                    value={draft.slug}
                    onChange={(event) => {
                      slugTyped.current = true;
                      set({ slug: event.target.value });
                    }}
                  />
                )}
              </Field>
            </div>
            <Field label="Description" error={at("/description")}>
              {(ids) => <Textarea {...ids} required maxLength={500} rows={2} value={draft.description} onChange={(event) => set({ description: event.target.value })} />}
            </Field>
            <div className="grid gap-4 sm:grid-cols-3">
              <Field label="Category" error={at("/category")}>
                {(ids) => (
                  <Select {...ids} value={draft.category} onChange={(event) => set({ category: event.target.value as BadgeDefinition["category"] })}>
                    {Object.entries(CATEGORIES).map(([value, label]) => (
                      <option key={value} value={value}>
                        {label}
                      </option>
                    ))}
                  </Select>
                )}
              </Field>
              <Field label="Rarity" error={at("/rarity")}>
                {(ids) => (
                  <Select {...ids} value={draft.rarity} onChange={(event) => set({ rarity: event.target.value as BadgeDefinition["rarity"] })}>
                    {Object.entries(RARITIES).map(([value, label]) => (
                      <option key={value} value={value}>
                        {label}
                      </option>
                    ))}
                  </Select>
                )}
              </Field>
              <NumberField key={`xp-${round}`} label="Pays XP" least={0} value={draft.xp_reward} error={at("/xp_reward")} onChange={(xp_reward) => set({ xp_reward })} />
            </div>
            <Field label="Series" hint="Badges of one series stand together" error={at("/series")}>
              {(ids) => <Input {...ids} maxLength={60} value={draft.series ?? ""} onChange={(event) => set({ series: event.target.value || null })} />}
            </Field>
            <div className="flex items-center gap-3">
              <BadgeArt icon={draft.icon} rarity={draft.rarity} size={56} />
              <EmblemPicker value={draft.icon} onChange={(icon) => set({ icon })} label="Choose an emblem" />
            </div>
            <Switch checked={draft.secret} onChange={(secret) => set({ secret })} label="Secret: nobody sees how it is earned" />
          </div>
        </Card>
        <Card title="How it is earned">
          <div className="grid gap-4">
            <RuleFields key={round} rule={draft.requirements} badges={badges} problem={at} onChange={(requirements) => set({ requirements })} />
            <Choices label="Only after these badges" hint="None ticked: it can be earned from the start" error={at("/prerequisites")} options={badges} value={draft.prerequisites ?? []} onChange={(prerequisites) => set({ prerequisites })} />
          </div>
        </Card>
        <Card title="Tiers">
          <TierFields key={round} tiers={draft.tiers ?? []} problem={at} onChange={(tiers) => set({ tiers })} />
        </Card>
        {problem instanceof Problem && problem.status === 412 && onTake && onOver ? (
          <Conflict onTake={onTake} onOver={() => void onOver().then(() => form.current?.requestSubmit())} />
        ) : (
          problem !== null && <p role="alert" className="text-bad">Not saved. {wordsOf(problem)}</p>
        )}
        <Button type="submit" busy={busy} className="justify-self-start">
          {badge ? "Save" : "Save as a draft"}
        </Button>
      </div>
      <div className="min-w-0 xl:sticky xl:top-24">
        <BadgePreview draft={draft} />
      </div>
    </form>
  );
}
