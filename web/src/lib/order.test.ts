import { describe, expect, it } from "vitest";
import { moved, placeAt } from "./order";

describe("an order", () => {
  it("moves one and keeps the others as they are", () => {
    expect(moved(["a", "b", "c", "d"], 0, 2)).toEqual(["b", "c", "a", "d"]);
    expect(moved(["a", "b", "c", "d"], 3, 0)).toEqual(["d", "a", "b", "c"]);
    expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
  });

  it("finds the place of what is dragged by the middles that it has passed", () => {
    const rows = [0, 60, 120].map((top) => ({ top, bottom: top + 60 }));
    expect([-5, 29, 31, 100, 400].map((y) => placeAt(y, rows))).toEqual([0, 0, 1, 2, 3]);
  });
});
