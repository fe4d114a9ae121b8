/** The rule language as the builder edits it, and back. */

export type Node =
  | { type: "count" | "distinct" | "sum" | "streak"; event: string; where: string; count: number; field: string; window: string }
  | { type: "level"; level: number }
  | { type: "badge"; badge: string }
  | { type: "manual" }
  | { type: "all" | "any" | "some"; n: number; parts: Node[] };

export type NodeType = Node["type"];

export const TYPES: Record<NodeType, string> = {
  count: "So many times",
  distinct: "So many different ones",
  sum: "A sum of a number",
  streak: "Days in a row",
  level: "A level",
  badge: "Another badge",
  manual: "Given by hand",
  all: "All of these",
  any: "Any of these",
  some: "So many of these",
};

export function newNode(type: NodeType): Node {
  switch (type) {
    case "level":
      return { type, level: 5 };
    case "badge":
      return { type, badge: "" };
    case "manual":
      return { type };
    case "all":
    case "any":
    case "some":
      return { type, n: 1, parts: [newNode("count")] };
    default:
      return { type, event: "quest.completed", where: "", count: 3, field: type === "distinct" ? "data.quest_id" : type === "sum" ? "data.amount" : "", window: "" };
  }
}

export function ruleOf(node: Node): Record<string, unknown> {
  switch (node.type) {
    case "level":
      return { level: node.level };
    case "badge":
      return { badge: node.badge };
    case "manual":
      return { manual: true };
    case "all":
    case "any":
      return { [node.type]: node.parts.map(ruleOf) };
    case "some":
      return { n_of: node.n, of: node.parts.map(ruleOf) };
    default: {
      const rule: Record<string, unknown> = { event: node.event };
      if (node.type === "streak") rule.streak = node.count;
      else rule.count = node.count;
      if (node.where.trim()) rule.where = node.where.trim();
      if (node.type === "distinct") rule.distinct = node.field;
      if (node.type === "sum") rule.sum = node.field;
      if (node.window) rule.window = node.window;
      return rule;
    }
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** The rule as a tree; null if the builder can't show it (the JSON view can). */
export function nodeOf(rule: unknown): Node | null {
  if (rule === null || typeof rule !== "object") return null;
  const known = rule as Record<string, unknown>;
  const parts = (value: unknown): Node[] | null => {
    if (!Array.isArray(value)) return null;
    const nodes = value.map(nodeOf);
    return nodes.every((node) => node !== null) ? nodes : null;
  };
  for (const type of ["all", "any"] as const) {
    const found = parts(known[type]);
    if (found) return { type, n: 1, parts: found };
  }
  const some = parts(known.of);
  if (some && typeof known.n_of === "number") return { type: "some", n: known.n_of, parts: some };
  if (typeof known.level === "number") return { type: "level", level: known.level };
  if (typeof known.badge === "string") return { type: "badge", badge: known.badge };
  if (known.manual === true) return { type: "manual" };
  if (typeof known.event !== "string") return null;
  const type = known.sum ? "sum" : known.streak ? "streak" : known.distinct ? "distinct" : "count";
  return {
    type,
    event: known.event,
    where: text(known.where),
    count: Number(known.streak ?? known.count ?? 1),
    field: text(known.sum) || text(known.distinct),
    window: text(known.window),
  };
}
