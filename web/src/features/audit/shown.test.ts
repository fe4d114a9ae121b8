import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { useSession } from "@/lib/session";
import type { HistoryItem } from "@/lib/types";
import { useShown } from "./shown";

const item = (kind: string): HistoryItem => ({ id: kind, kind, time: "2026-03-02T09:00:00Z", icon: "", text: kind, detail: null, link: null }) as unknown as HistoryItem;

describe("a history", () => {
  it("has no lines of streaks for who hides them, and they come back at once", () => {
    const { result } = renderHook(useShown);
    const items = ["quest.completed", "streak.extended", "streak.frozen", "streak.broken"].map(item);
    act(() => useSession.getState().setHideStreaks(true));
    expect(result.current(items).map((one) => one.kind)).toEqual(["quest.completed"]);
    act(() => useSession.getState().setHideStreaks(false));
    expect(result.current(items)).toEqual(items);
  });
});
