/** The rule language as the builder edits it, and back. */
import { conditionOf, HAPPENINGS, happeningOf } from "@/lib/happenings";
import type { Requirement } from "@/lib/types";

export type Counting = "count" | "distinct" | "sum" | "streak";
export interface Act {
  type: Counting;
  /** Id of a happening, or `own`: then `event` and `where` are the author's. */
  what: string;
  repo: string;
  event: string;
  where: string;
  count: number;
  field: string;
  window: string;
}

export type Node = Act | { type: "level"; level: number } | { type: "badge"; badge: string } | { type: "manual" } | { type: "all" | "any" | "some"; n: number; parts: Node[] };
export type NodeType = Node["type"];

export const OWN = "own";
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

const COUNTING: Counting[] = ["count", "distinct", "sum", "streak"];
export const isAct = (node: Node): node is Act => COUNTING.includes(node.type as Counting);

/** What can be counted in this way: not everything has numbers to add, or parts to tell apart. */
export const offered = (type: Counting) => HAPPENINGS.filter((one) => (type === "sum" ? one.sums.length > 0 : type === "distinct" ? one.distinct.length > 0 : true));

const field = (type: Counting, what: string): string => {
  const happening = HAPPENINGS.find((one) => one.id === what);
  return (type === "distinct" ? happening?.distinct[0]?.[0] : type === "sum" ? happening?.sums[0]?.[0] : "") ?? "";
};

/** Another happening in the same act: what it tells apart or adds up starts anew. */
export const withWhat = (act: Act, what: string): Act => {
  const happening = HAPPENINGS.find((one) => one.id === what);
  if (happening) return { ...act, what, event: happening.event, where: conditionOf(happening, act.repo), field: field(act.type, what) };
  return { ...act, what, repo: "" };
};

export const withRepo = (act: Act, repo: string): Act => {
  const happening = HAPPENINGS.find((one) => one.id === act.what);
  return { ...act, repo, where: happening ? conditionOf(happening, repo.trim()) : act.where };
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
    default: {
      const what = type === "sum" ? "coins" : type === "streak" ? "login" : "quest";
      return withWhat({ type, what, repo: "", event: "", where: "", count: type === "sum" ? 100 : 3, field: "", window: "" }, what);
    }
  }
}

export function ruleOf(node: Node): Requirement {
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
      const rule: Requirement = { event: node.event };
      if (node.type === "streak") rule.streak = node.count;
      else rule.count = node.count;
      if (node.where.trim()) rule.where = node.where.trim();
      if (node.type === "distinct") rule.distinct = node.field;
      if (node.type === "sum") rule.sum = node.field;
      if (node.window && node.type === "count") rule.window = node.window;
      return rule;
    }
  }
}

function actOf(rule: Requirement, event: string): Act {
  const type: Counting = rule.sum ? "sum" : rule.streak ? "streak" : rule.distinct ? "distinct" : "count";
  const where = rule.where ?? "";
  const chosen = rule.sum ?? rule.distinct ?? "";
  const known = happeningOf(event, where);
  const choices = known ? (type === "sum" ? known.happening.sums : known.happening.distinct) : [];
  const told = known !== null && (chosen === "" || choices.some(([cel]) => cel === chosen));
  return { type, what: told ? known.happening.id : OWN, repo: told ? known.repo : "", event, where, count: rule.streak ?? rule.count ?? 1, field: chosen, window: rule.window ?? "" };
}

/** The rule as a tree; null if the builder can't show it (the JSON view can). */
export function nodeOf(rule: unknown): Node | null {
  if (rule === null || typeof rule !== "object") return null;
  const known = rule as Requirement;
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
  return typeof known.event === "string" ? actOf(known, known.event) : null;
}
