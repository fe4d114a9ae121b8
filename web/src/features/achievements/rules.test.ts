import { describe, expect, it } from "vitest";
import { newNode, nodeOf, ruleOf, TYPES, type NodeType } from "./rules";
import { howTo } from "./words";

describe("the rule builder", () => {
  it.each(Object.keys(TYPES) as NodeType[])("turns %s into a rule and back", (type) => {
    const node = newNode(type);
    expect(nodeOf(ruleOf(node))).toEqual(node);
  });

  it("keeps nested groups", () => {
    const rule = { any: [{ level: 3 }, { n_of: 2, of: [{ badge: "first-flame" }, { event: "user.login", streak: 5 }, { manual: true }] }] };
    const node = nodeOf(rule);
    expect(node && ruleOf(node)).toEqual(rule);
  });

  it("leaves what it can't show to the JSON view", () => {
    expect(nodeOf({ surprise: 1 })).toBeNull();
    expect(nodeOf({ all: [{ level: 2 }, { surprise: 1 }] })).toBeNull();
  });
});

describe("how to earn it", () => {
  it("says it in words", () => {
    expect(howTo({ event: "quest.completed", where: "data.category == 'craft'", count: 10, distinct: "data.quest_id", window: "P7D" })).toEqual(["Complete a quest (craft), 10 different ones within 7 days"]);
    expect(howTo({ event: "user.login", streak: 7 })).toEqual(["Come by 7 days in a row"]);
    expect(howTo({ all: [{ level: 5 }, { badge: "first-flame" }] })).toEqual(["All of these:", "Reach level 5", "Earn the badge First flame"]);
  });
});
