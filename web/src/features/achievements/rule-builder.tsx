import { useState } from "react";
import { HAPPENINGS } from "@/lib/happenings";
import { Button, Field, Input, Select, Textarea } from "@/ui";
import { type Act, isAct, newNode, type Node, type NodeType, offered, OWN, TYPES, withRepo, withWhat } from "./rules";

const EVENTS = [...new Set(HAPPENINGS.map((one) => one.event))];
const WINDOWS = { "": "Ever", P1D: "Within a day", P7D: "Within 7 days", P30D: "Within 30 days", P90D: "Within 90 days" };
const HOW_MANY = { count: "How many", distinct: "How many", sum: "Total", streak: "Days" };
const LEAST = { count: 1, distinct: 1, sum: 1, streak: 2 };

export interface BuilderProps {
  node: Node;
  onChange: (node: Node) => void;
  /** What the server says is wrong, by JSON pointer. */
  problem: (pointer: string) => string;
  /** Where this node stands in what is sent. */
  pointer: string;
  badges: { value: string; label: string }[];
  name?: string;
  depth?: number;
}

interface NumberProps {
  label: string;
  value: number;
  least?: number;
  most?: number;
  error?: string;
  onChange: (value: number) => void;
}

/** A whole number that may be empty while it is typed; what leaves is never below the least. */
export function NumberField({ label, value, least = 1, most, error, onChange }: NumberProps) {
  const [text, setText] = useState<string | null>(null);
  const write = (typed: string) => {
    setText(typed);
    const amount = Math.round(Number(typed));
    if (typed !== "" && amount >= least) onChange(amount);
  };
  return (
    <Field label={label} error={error}>
      {(ids) => <Input {...ids} type="number" min={least} max={most} value={text ?? value} onChange={(event) => write(event.target.value)} onBlur={() => setText(null)} />}
    </Field>
  );
}

function Choice({ label, value, options, onChange, error }: { label: string; value: string; options: Record<string, string>; onChange: (value: string) => void; error?: string }) {
  const all = value in options ? options : { ...options, [value]: value };
  return (
    <Field label={label} error={error}>
      {(ids) => (
        <Select {...ids} value={value} onChange={(event) => onChange(event.target.value)}>
          {Object.entries(all).map(([id, text]) => (
            <option key={id} value={id}>
              {text}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function OwnFields({ node, onChange, problem, pointer }: BuilderProps & { node: Act }) {
  const set = (change: Partial<Act>) => onChange({ ...node, ...change });
  return (
    <>
      <Choice label="When this event comes" value={node.event} options={Object.fromEntries(EVENTS.map((event) => [event, event]))} onChange={(event) => set({ event })} error={problem(`${pointer}/event`)} />
      <Field label="Only when (CEL)" hint="For example: data.category == 'craft'" error={problem(`${pointer}/where`)}>
        {(ids) => <Textarea {...ids} rows={2} value={node.where} spellCheck={false} className="font-mono text-sm" onChange={(event) => set({ where: event.target.value })} />}
      </Field>
      {(node.type === "distinct" || node.type === "sum") && (
        <Field label={node.type === "sum" ? "Sum of (CEL)" : "Different by (CEL)"} error={problem(`${pointer}/${node.type}`)}>
          {(ids) => <Input {...ids} value={node.field} spellCheck={false} onChange={(event) => set({ field: event.target.value })} />}
        </Field>
      )}
    </>
  );
}

function ActFields(props: BuilderProps & { node: Act }) {
  const { node, onChange, problem, pointer } = props;
  const happening = HAPPENINGS.find((one) => one.id === node.what);
  const fields = node.type === "sum" ? happening?.sums : node.type === "distinct" ? happening?.distinct : [];
  const whats = Object.fromEntries([...offered(node.type).map((one) => [one.id, one.label]), [OWN, "A condition of my own"]]) as Record<string, string>;
  return (
    <>
      <div className="grid items-start gap-3 sm:grid-cols-2">
        <Choice label="What counts" value={node.what} options={whats} onChange={(what) => onChange(withWhat(node, what))} />
        <NumberField label={HOW_MANY[node.type]} value={node.count} least={LEAST[node.type]} error={problem(`${pointer}/${node.type === "streak" ? "streak" : "count"}`)} onChange={(count) => onChange({ ...node, count })} />
        {fields && fields.length > 0 && (
          <Choice label={node.type === "sum" ? "Added up" : "Told apart by"} value={node.field} options={Object.fromEntries(fields)} onChange={(field) => onChange({ ...node, field })} error={problem(`${pointer}/${node.type}`)} />
        )}
        {node.type === "count" && <Choice label="Time" value={node.window} options={WINDOWS} onChange={(window) => onChange({ ...node, window })} error={problem(`${pointer}/window`)} />}
        {happening?.kind.startsWith("github.") && (
          <Field label="Only in the repository" hint="Empty: in any" error={problem(`${pointer}/where`)}>
            {(ids) => <Input {...ids} value={node.repo} placeholder="owner/name" spellCheck={false} autoComplete="off" onChange={(event) => onChange(withRepo(node, event.target.value.replace(/[^A-Za-z0-9_./-]/g, "")))} />}
          </Field>
        )}
      </div>
      {node.what === OWN && <OwnFields {...props} />}
    </>
  );
}

/** One condition, or a group of them. */
export function RuleBuilder(props: BuilderProps) {
  const { node, onChange, problem, pointer, badges, name = "Rule", depth = 0 } = props;
  const group = "parts" in node ? node : null;
  const list = node.type === "some" ? "of" : node.type;
  const types = Object.entries(TYPES).filter(([type]) => depth < 2 || !["all", "any", "some"].includes(type));
  const wrong = problem(pointer);
  return (
    <fieldset className="grid min-w-0 gap-3 rounded-2xl border-2 border-edge/35 p-3 sm:p-4">
      <legend className="px-2 font-bold">{name}</legend>
      {wrong && <p className="font-bold text-bad">{wrong}</p>}
      <Select aria-label={`${name}: kind of condition`} value={node.type} onChange={(event) => onChange(newNode(event.target.value as NodeType))}>
        {types.map(([type, label]) => (
          <option key={type} value={type}>
            {label}
          </option>
        ))}
      </Select>
      {isAct(node) && <ActFields {...props} node={node} />}
      {node.type === "level" && <NumberField label="Level" value={node.level} error={problem(`${pointer}/level`)} onChange={(level) => onChange({ type: "level", level })} />}
      {node.type === "badge" && <Choice label="Which badge" value={node.badge} options={Object.fromEntries([["", "Choose one"], ...badges.map(({ value, label }) => [value, label])]) as Record<string, string>} onChange={(badge) => onChange({ type: "badge", badge })} error={problem(`${pointer}/badge`)} />}
      {group?.type === "some" && <NumberField label="How many of them" value={group.n} most={group.parts.length} error={problem(`${pointer}/n_of`)} onChange={(n) => onChange({ ...group, n })} />}
      {group && (
        <div className="grid gap-3">
          {group.parts.map((part, n) => (
              <div key={n} className="grid gap-1">
                <RuleBuilder node={part} depth={depth + 1} badges={badges} problem={problem} pointer={`${pointer}/${list}/${n}`} name={`${name}, part ${n + 1}`} onChange={(changed) => onChange({ ...group, parts: group.parts.map((old, at) => (at === n ? changed : old)) })} />
                {group.parts.length > 1 && (
                  <Button size="small" variant="quiet" className="justify-self-start" onClick={() => onChange({ ...group, parts: group.parts.filter((_, at) => at !== n) })}>
                    Remove<span className="sr-only"> {name}, part {n + 1}</span>
                  </Button>
                )}
              </div>
          ))}
          <Button size="small" variant="plain" className="justify-self-start" onClick={() => onChange({ ...group, parts: [...group.parts, newNode("count")] })}>
            Add a condition
          </Button>
        </div>
      )}
    </fieldset>
  );
}
