import { expect, it } from "vitest";
import type { Quest } from "@/lib/types";
import { pickToday } from "./today";

const quest = (id: string, kind: Quest["kind"], more: object = {}) =>
  ({ id, kind, difficulty: "easy", objectives: [{ id: "o", mode: "manual", count: 1 }], mine: { state: "available", completed_at: null, objectives: [] }, ...more }) as unknown as Quest;

it("what can be done at once comes before dailies, and what runs before both", () => {
  const board = [
    quest("merge", "one_off", { objectives: [{ id: "o", mode: "event", count: 1 }] }),
    quest("read", "daily"),
    quest("hard", "one_off", { difficulty: "hard" }),
    quest("hello", "one_off"),
    quest("weekly", "weekly", { mine: { state: "in_progress", completed_at: null, objectives: [] } }),
  ];
  expect(pickToday([], board, 0).map((one) => one.id)).toEqual(["weekly", "hello", "read", "merge"]);
});
