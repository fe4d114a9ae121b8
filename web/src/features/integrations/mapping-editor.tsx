import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Problem, problemAt, wordsOf } from "@/lib/client";
import { count } from "@/lib/format";
import { Button, Field, Input, Textarea } from "@/ui";
import { ActList } from "./act-list";
import { isWhole, type MappingDraft, mappingOf, namedTwice } from "./mapping";
import { trialQuery } from "./queries";

const PAUSE_MS = 400;
/** An expression's characters. */
const LONGEST = 512;
const MOST_ATTRIBUTES = 32;
const NEEDED = ["kind", "account", "external_id"];
const PARTS = [
  ["kind", "Kind", "A dotted name. What is always the same stands in single quotes: 'lesson.done'"],
  ["account", "Who did it", "The account, as you link it to a player"],
  ["external_id", "The act's own id", "The same id counts once for ever"],
  ["occurred_at", "When it happened", "Empty: when it comes"],
  ["items", "List of acts", "Where one body holds several. Empty: it is one act"],
] as const;

/** A value once it has stayed the same for a moment. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

interface Props {
  draft: MappingDraft;
  onChange: (draft: MappingDraft) => void;
  sample: string;
  onSample: (sample: string) => void;
}

/** How a body is read: a sample, an expression for each part of an act, and the acts that they find in it. */
export function MappingEditor({ draft, onChange, sample, onSample }: Props) {
  const settled = useSettled(JSON.stringify({ mapping: mappingOf(draft), sample }));
  const asked = JSON.parse(settled) as { mapping: ReturnType<typeof mappingOf>; sample: string };
  const ready = isWhole(asked.mapping) && Boolean(asked.sample.trim());
  const trial = useQuery({ ...trialQuery(asked.mapping, asked.sample), enabled: ready, placeholderData: keepPreviousData });
  const wrong = ready ? trial.error : null;
  const twice = namedTwice(draft);
  const change = (id: number, part: { name?: string; source?: string }) => onChange({ ...draft, attributes: draft.attributes.map((row) => (row.id === id ? { ...row, ...part } : row)) });
  const rows = useRef<HTMLFieldSetElement>(null);
  const adding = useRef<HTMLButtonElement>(null);
  const add = () => {
    onChange({ ...draft, attributes: [...draft.attributes, { id: Math.max(0, ...draft.attributes.map((row) => row.id)) + 1, name: "", source: "" }] });
    requestAnimationFrame(() => [...(rows.current?.querySelectorAll<HTMLInputElement>("[pattern]") ?? [])].at(-1)?.focus());
  };
  const leave = (id: number) => {
    onChange({ ...draft, attributes: draft.attributes.filter((row) => row.id !== id) });
    // Its own button goes with it: by keyboard one goes on from here.
    requestAnimationFrame(() => adding.current?.focus());
  };
  const acts = ready && !wrong ? trial.data?.acts : undefined;
  return (
    <div className="grid gap-5">
      <Field label="A sample of what is sent" hint="JSON, as the service sends it; it is not kept" error={problemAt(wrong, "/sample")}>
        {(ids) => <Textarea {...ids} rows={9} spellCheck={false} maxLength={100_000} className="font-mono text-sm" value={sample} onChange={(event) => onSample(event.target.value)} />}
      </Field>
      <fieldset className="grid min-w-0 gap-4">
        <legend className="mb-1 font-display text-xl">How an act is read</legend>
        <p className="text-sm text-ink-2">
          Each is a{" "}
          <a className="link" href="https://jmespath.org/tutorial.html">
            JMESPath expression
          </a>
          , such as <code className="font-mono">user.email</code>.
        </p>
        <div className="grid gap-4 sm:grid-cols-2">
          {PARTS.map(([name, label, hint]) => (
            <div key={name} className={name === "kind" ? "sm:col-span-2" : undefined}>
              <Field label={label} hint={hint} error={problemAt(wrong, `/mapping/${name}`)}>
                {(ids) => <Input {...ids} required={NEEDED.includes(name)} maxLength={LONGEST} spellCheck={false} autoComplete="off" autoCapitalize="none" className="font-mono text-sm" value={draft[name]} onChange={(event) => onChange({ ...draft, [name]: event.target.value })} />}
              </Field>
            </div>
          ))}
        </div>
      </fieldset>
      <fieldset ref={rows} className="grid min-w-0 gap-3">
        <legend className="mb-1 font-display text-xl">Attributes</legend>
        <p className="text-sm text-ink-2">
          What quests and badges can ask for, as <code className="font-mono">data.attributes.name</code>. What gives no text, number or yes or no is left out.
        </p>
        {draft.attributes.map((row, n) => (
          <div key={row.id} className="grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)] items-start gap-x-3 gap-y-1 max-sm:rounded-2xl max-sm:border-2 max-sm:border-sunk max-sm:p-3 sm:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_auto]">
            <Field label={`Name ${n + 1}`} error={twice.has(row.name.trim()) ? "it stands here twice" : ""}>
              {(ids) => <Input {...ids} pattern="[A-Za-z_][A-Za-z0-9_]{0,59}" title="Letters, digits and _; no digit first" spellCheck={false} autoComplete="off" autoCapitalize="none" value={row.name} onChange={(event) => change(row.id, { name: event.target.value })} />}
            </Field>
            <Field label={`Expression ${n + 1}`} error={problemAt(wrong, `/mapping/attributes/${row.name.trim()}`)}>
              {(ids) => <Input {...ids} required={Boolean(row.name.trim())} maxLength={LONGEST} spellCheck={false} autoComplete="off" autoCapitalize="none" className="font-mono text-sm" value={row.source} onChange={(event) => change(row.id, { source: event.target.value })} />}
            </Field>
            <Button size="small" variant="quiet" className="justify-self-start max-sm:col-span-2 sm:mt-8" onClick={() => leave(row.id)}>
              Remove<span className="sr-only"> attribute {n + 1}</span>
            </Button>
          </div>
        ))}
        {problemAt(wrong, "/mapping/attributes") && <p className="text-sm font-bold text-bad">{problemAt(wrong, "/mapping/attributes")}</p>}
        {draft.attributes.length < MOST_ATTRIBUTES && (
          <Button ref={adding} size="small" variant="plain" className="justify-self-start" onClick={add}>
            Add an attribute
          </Button>
        )}
      </fieldset>
      <section aria-label="What would be recorded" className="grid gap-3 rounded-2xl bg-sunk p-4">
        <h3 className="font-display text-xl">What would be recorded</h3>
        <p role="status" className={wrong ? "text-bad" : "text-ink-2"}>
          {!ready && "Give a sample, a kind, who did it and the act's own id."}
          {ready && !wrong && (acts ? (acts.length > 0 ? `${count(acts.length, "act")}, as it comes from this sample.` : "No act: the list of acts is empty here. Such a body is taken and not counted.") : "Reading …")}
          {wrong && (wrong instanceof Problem && wrong.fields.length > 0 ? `Nothing: ${wrong.fields.some((field) => field.pointer === "#/sample" || field.pointer === "#/mapping") ? wordsOf(wrong) : `look at what is marked above (${count(wrong.fields.length, "place")}).`}` : wordsOf(wrong))}
        </p>
        {acts && <ActList acts={acts} />}
      </section>
    </div>
  );
}
