import { describe, expect, it } from "vitest";
import { add, closeScene, dismiss, emptyLadder, show, type Toast } from "./ladder";

const toast = (n: number, kind: Toast["kind"] = "quest"): Toast => ({ id: `t${n}`, kind, title: `Quest ${n}` });

describe("the celebration ladder", () => {
  it("shows at most three toasts for 200 events in two seconds", () => {
    let ladder = emptyLadder;
    const everShown = new Set<string>();
    for (let n = 0; n < 200; n++) {
      ladder = add(ladder, [toast(n, n % 10 ? "quest" : "badge")], [], n * 10, false);
      for (const shown of ladder.toasts) everShown.add(shown.id);
      expect(ladder.toasts.length).toBeLessThanOrEqual(3);
    }
    expect(everShown.size).toBe(3);
    expect(ladder.toasts.at(-1)?.count).toBe(198);
  });

  it("waits while the player types", () => {
    const busy = add(emptyLadder, [toast(1)], [{ id: "s", kind: "level", level: 3 }], 0, true);
    expect(busy.toasts).toEqual([]);
    expect(busy.scene).toBeNull();
    const after = show(busy, 10);
    expect(after.toasts).toHaveLength(1);
    expect(after.scene?.level).toBe(3);
  });

  it("never shows two celebrations at once", () => {
    const one = add(emptyLadder, [toast(1, "badge")], [{ id: "a", kind: "level", level: 2 }], 0, false);
    expect(one.bursts).toBe(0);
    const two = add(one, [], [{ id: "b", kind: "level", level: 3 }], 5, false);
    expect(two.scene?.level).toBe(2);
    expect(closeScene(two, 9).scene?.level).toBe(3);
  });

  it("shows single toasts again once there is room", () => {
    let ladder = add(emptyLadder, [toast(1), toast(2), toast(3)], [], 0, false);
    expect(ladder.toasts.map((shown) => shown.id)).toEqual(["t1", "t2", "summary"]);
    ladder = dismiss(dismiss(dismiss(ladder, "t1"), "t2"), "summary");
    expect(add(ladder, [toast(4)], [], 5_000, false).toasts.map((shown) => shown.id)).toEqual(["t4"]);
  });
});
