import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Message } from "@/lib/live";
import { useSession } from "@/lib/session";
import { celebrate, dismissToast, endScene, missedAll, useCelebrations } from "./celebrate";
import { emptyLadder } from "./ladder";
import { Toaster } from "./toaster";

let count = 0;
const done = (title: string): Message => ({ type: "message", channel: "me", cursor: "e.1", id: `m${++count}`, event: "quest.completed", time: new Date().toISOString(), data: { title, quest_id: "q1", icon: "scroll" } });
const level = (): Message => ({ ...done(""), event: "level.reached", data: { level: 4 } });

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
  useCelebrations.setState({ ...emptyLadder, missed: [] });
  useSession.setState({ quiet: false, sound: false, hideStreaks: false });
});
afterEach(() => vi.unstubAllGlobals());

describe("toasts", () => {
  it("are announced politely and lead to what they are about", () => {
    const go = vi.fn();
    render(<Toaster go={go} />);
    act(() => celebrate([done("Read 20 pages")]));
    expect(screen.getByLabelText("News").getAttribute("aria-live")).toBe("polite");
    fireEvent.click(screen.getByRole("button", { name: /Look/ }));
    expect(go).toHaveBeenCalledWith("/quests/q1");
    expect(screen.queryByText(/Read 20 pages/)).toBeNull();
  });

  it("say nothing of streaks to who hides them", () => {
    const broken = (): Message => ({ ...done(""), event: "streak.broken", data: { length: 5 } });
    act(() => useSession.getState().setHideStreaks(true));
    celebrate([broken()]);
    missedAll([broken()]);
    expect(useCelebrations.getState()).toMatchObject({ toasts: [], missed: [] });
    act(() => useSession.getState().setHideStreaks(false));
    celebrate([broken()]);
    missedAll([broken()]);
    expect([useCelebrations.getState().toasts.length, useCelebrations.getState().missed.length]).toEqual([1, 1]);
  });

  it("carry their art", () => {
    const { container } = render(<Toaster go={() => undefined} />);
    act(() => celebrate([done("One")]));
    expect(container.querySelector("[data-toast] svg")).not.toBeNull();
  });

  it("never come for what was missed: one sheet does", () => {
    missedAll([done("Old"), level()]);
    expect(useCelebrations.getState().toasts).toEqual([]);
    expect(useCelebrations.getState().missed).toHaveLength(2);
  });
});

describe("a level", () => {
  it("is no scene in quiet mode", () => {
    useSession.setState({ quiet: true });
    celebrate([level()]);
    expect(useCelebrations.getState().scene).toBeNull();
  });

  it("waits while the player types", () => {
    const field = document.createElement("input");
    document.body.append(field);
    field.focus();
    celebrate([level(), done("Two")]);
    expect(useCelebrations.getState().scene).toBeNull();
    expect(useCelebrations.getState().toasts).toEqual([]);
    field.remove();
  });

  it("goes away when it is closed", () => {
    celebrate([level()]);
    expect(useCelebrations.getState().scene?.level).toBe(4);
    endScene();
    dismissToast("none");
    expect(useCelebrations.getState().scene).toBeNull();
  });
});
