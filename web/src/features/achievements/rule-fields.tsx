import { useState } from "react";
import { Button, Field, Textarea } from "@/ui";
import type { BadgeDefinition, Requirement } from "@/lib/types";
import { RuleBuilder } from "./rule-builder";
import { type Node, nodeOf, ruleOf } from "./rules";

interface Props {
  rule: Requirement;
  onChange: (requirements: BadgeDefinition["requirements"]) => void;
  problem: (pointer: string) => string;
  badges: { value: string; label: string }[];
}

/** The rule in the builder, or as JSON for what the builder does not know. */
export function RuleFields({ rule, onChange, problem, badges }: Props) {
  // The builder remembers more than the rule says, such as that a condition is being written by hand.
  const [node, setNode] = useState<Node | null>(() => nodeOf(rule));
  const [json, setJson] = useState<string | null>(node ? null : JSON.stringify(rule, null, 2));
  const [wrong, setWrong] = useState("");
  const build = (changed: Node) => {
    setNode(changed);
    onChange(ruleOf(changed));
  };
  const write = (text: string) => {
    setJson(text);
    try {
      const read = JSON.parse(text) as Requirement;
      setNode(nodeOf(read));
      onChange(read);
      setWrong("");
    } catch {
      setWrong("This is not JSON yet");
    }
  };
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap gap-2" role="group" aria-label="How to write the rule">
        <Button size="small" variant={json === null ? "gold" : "plain"} aria-pressed={json === null} disabled={!node} onClick={() => setJson(null)}>
          Builder
        </Button>
        <Button size="small" variant={json === null ? "plain" : "gold"} aria-pressed={json !== null} onClick={() => setJson(JSON.stringify(rule, null, 2))}>
          JSON
        </Button>
      </div>
      {json === null && node ? (
        <RuleBuilder node={node} badges={badges} problem={problem} pointer="/requirements" onChange={build} />
      ) : (
        <Field label="Rule as JSON" error={wrong || problem("/requirements")}>
          {(ids) => <Textarea {...ids} rows={12} spellCheck={false} className="font-mono text-sm" value={json ?? ""} onChange={(event) => write(event.target.value)} />}
        </Field>
      )}
    </div>
  );
}
