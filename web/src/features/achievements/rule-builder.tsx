import { Button, Field, Input, Select, Textarea } from "@/ui";
import { newNode, TYPES, type Node, type NodeType } from "./rules";

const EVENTS = ["quest.completed", "activity.recorded", "user.login", "streak.extended", "badge.earned", "currency.credited", "level.reached"];
const WINDOWS = { "": "Ever", P1D: "Within a day", P7D: "Within 7 days", P30D: "Within 30 days", P90D: "Within 90 days" };

interface Props {
  node: Node;
  onChange: (node: Node) => void;
  name?: string;
  depth?: number;
}

type Act = Extract<Node, { event: string }>;

function ActFields({ node, onChange }: { node: Act; onChange: (node: Node) => void }) {
  const set = (change: Partial<Act>) => onChange({ ...node, ...change } as Node);
  const windows: Record<string, string> = node.window in WINDOWS ? WINDOWS : { ...WINDOWS, [node.window]: node.window };
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-3">
        <Field label="When this happens">
          {(ids) => (
            <Select {...ids} value={node.event} onChange={(event) => set({ event: event.target.value })}>
              {[...new Set([...EVENTS, node.event])].map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={node.type === "streak" ? "Days" : node.type === "sum" ? "Total" : "How many"}>
          {(ids) => <Input {...ids} type="number" min={1} value={node.count} onChange={(event) => set({ count: Math.max(1, Math.round(Number(event.target.value))) })} />}
        </Field>
        {node.type !== "streak" && (
          <Field label="Time">
            {(ids) => (
              <Select {...ids} value={node.window} onChange={(event) => set({ window: event.target.value })}>
                {Object.entries(windows).map(([value, label]) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
      </div>
      {(node.type === "distinct" || node.type === "sum") && (
        <Field label={node.type === "sum" ? "Sum of" : "Different by"}>
          {(ids) => <Input {...ids} value={node.field} spellCheck={false} onChange={(event) => set({ field: event.target.value })} />}
        </Field>
      )}
      <Field label="Only when (CEL)" hint="For example: data.category == 'craft'">
        {(ids) => <Textarea {...ids} rows={2} value={node.where} spellCheck={false} className="font-mono text-sm" onChange={(event) => set({ where: event.target.value })} />}
      </Field>
    </>
  );
}

/** One condition, or a group of them. */
export function RuleBuilder({ node, onChange, name = "Rule", depth = 0 }: Props) {
  const group = "parts" in node ? node : null;
  const types = Object.entries(TYPES).filter(([type]) => depth < 2 || !["all", "any", "some"].includes(type));
  return (
    <fieldset className="grid min-w-0 gap-3 rounded-2xl border-2 border-sunk p-3 sm:p-4">
      <legend className="px-2 font-bold">{name}</legend>
      <Select aria-label={`${name}: kind of condition`} value={node.type} onChange={(event) => onChange(newNode(event.target.value as NodeType))}>
        {types.map(([type, label]) => (
          <option key={type} value={type}>
            {label}
          </option>
        ))}
      </Select>
      {"event" in node && <ActFields node={node} onChange={onChange} />}
      {node.type === "level" && (
        <Field label="Level">{(ids) => <Input {...ids} type="number" min={1} value={node.level} onChange={(event) => onChange({ type: "level", level: Math.max(1, Number(event.target.value)) })} />}</Field>
      )}
      {node.type === "badge" && (
        <Field label="Short name of the badge">{(ids) => <Input {...ids} value={node.badge} onChange={(event) => onChange({ type: "badge", badge: event.target.value })} />}</Field>
      )}
      {group?.type === "some" && (
        <Field label="How many of them">
          {(ids) => <Input {...ids} type="number" min={1} max={group.parts.length} value={group.n} onChange={(event) => onChange({ ...group, n: Math.max(1, Number(event.target.value)) })} />}
        </Field>
      )}
      {group && (
        <div className="grid gap-3">
          {group.parts.map((part, n) => (
            <div key={n} className="grid gap-1">
              <RuleBuilder node={part} depth={depth + 1} name={`${name}, part ${n + 1}`} onChange={(changed) => onChange({ ...group, parts: group.parts.map((old, at) => (at === n ? changed : old)) })} />
              {group.parts.length > 1 && (
                <Button type="button" size="small" variant="quiet" className="justify-self-start" onClick={() => onChange({ ...group, parts: group.parts.filter((_, at) => at !== n) })}>
                  Remove<span className="sr-only"> {name}, part {n + 1}</span>
                </Button>
              )}
            </div>
          ))}
          <Button type="button" size="small" variant="plain" className="justify-self-start" onClick={() => onChange({ ...group, parts: [...group.parts, newNode("count")] })}>
            Add a condition
          </Button>
        </div>
      )}
    </fieldset>
  );
}
