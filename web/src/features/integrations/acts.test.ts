import { expect, test } from "vitest";
import { actsSaid } from "./acts";

test("one act is said by its name", () => {
  expect(actsSaid(["club.lesson.finished"])).toBe("Club lesson finished");
});

test("many acts are said once a kind, the most frequent first, and no more than fit", () => {
  const kinds = ["a.one", ...Array<string>(1200).fill("b.two"), "c.three", "c.three", "d.four", "e.five"];
  expect(actsSaid(kinds)).toBe("B two × 1,200, C three × 2, A one and 2 more");
});
