import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useSession } from "./session";
import { openSocket } from "./socket";

class Line extends EventTarget {
  static last: Line;
  OPEN = 1;
  readyState = 1;
  sent: { channel: string; cursor: string | null }[] = [];
  constructor() {
    super();
    Line.last = this;
  }
  send(text: string) {
    this.sent.push(JSON.parse(text) as Line["sent"][number]);
  }
  close() {
    this.readyState = 3;
  }
  opens = () => this.dispatchEvent(new Event("open"));
  drops = () => this.dispatchEvent(new CloseEvent("close", { code: 1006 }));
  says = (said: object) => this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(said) }));
}
vi.mock("partysocket/ws", () => ({
  get default() {
    return Line;
  },
}));

const subscribed = (cursor: string, recovered: boolean) => ({ type: "subscribed", channel: "me", cursor, recovered, reload: false });
const message = (cursor: string) => ({ type: "message", channel: "me", cursor, id: cursor, event: "level.reached", time: new Date().toISOString(), data: {} });

let reloads = 0;
let heard: string[] = [];
let missed: string[] = [];

/** The page is loaded: its reads have begun. */
function load(userId = "wren"): () => void {
  reloads = 0;
  heard = [];
  missed = [];
  const hear = (batch: { cursor: string }[], late: boolean) => (late ? missed : heard).push(...batch.map((one) => one.cursor));
  const close = openSocket(userId, ["me"], { messages: hear, reload: () => reloads++, ended: () => undefined });
  return close;
}

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
});
afterEach(() => vi.useRealTimers());

describe("the socket", () => {
  it("is live again when the network is back before the socket was lost", () => {
    const close = load();
    Line.last.opens();
    Line.last.says(subscribed("e.4", true));
    window.dispatchEvent(new Event("offline"));
    expect(useSession.getState().connection).toBe("away");
    window.dispatchEvent(new Event("online"));
    expect(useSession.getState().connection).toBe("live");
    Line.last.readyState = 3;
    window.dispatchEvent(new Event("online"));
    expect(useSession.getState().connection).toBe("connecting");
    close();
  });

  it("has everything read again when it can't say what happened meanwhile", () => {
    load();
    Line.last.opens();
    expect(Line.last.sent[0]?.cursor).toBeNull();
    Line.last.says(subscribed("e.4", false));
    expect(reloads).toBe(1);
  });

  it("reads nothing twice in a tab that knows where it was, and hears what it missed", () => {
    const close = load();
    Line.last.opens();
    Line.last.says(subscribed("e.4", false));
    Line.last.says(message("e.5"));
    vi.advanceTimersByTime(500);
    close();
    load();
    Line.last.opens();
    expect(Line.last.sent[0]?.cursor).toBe("e.5");
    Line.last.says(subscribed("e.6", true));
    Line.last.says(message("e.6"));
    vi.advanceTimersByTime(500);
    Line.last.says(message("e.7"));
    vi.advanceTimersByTime(500);
    expect([reloads, missed, heard]).toEqual([0, ["e.6"], ["e.7"]]);
  });

  it("tells a short gap as it comes and a long one as missed, whatever the server's clock says", () => {
    load();
    Line.last.opens();
    Line.last.says(subscribed("e.4", false));
    const back = (cursor: string, after: number) => {
      Line.last.drops();
      vi.advanceTimersByTime(after);
      Line.last.opens();
      Line.last.says(subscribed(cursor, true));
      Line.last.says(message(cursor));
      vi.advanceTimersByTime(500);
    };
    back("e.5", 10_000);
    expect([missed, heard]).toEqual([[], ["e.5"]]);
    back("e.6", 60_000);
    expect([missed, heard]).toEqual([["e.6"], ["e.5"]]);
    Line.last.says({ ...message("e.7"), time: "2001-01-01T00:00:00Z" });
    vi.advanceTimersByTime(500);
    expect(heard).toEqual(["e.5", "e.7"]);
  });

  it("takes nothing for missed once all of it came, or should have come", () => {
    load();
    Line.last.opens();
    Line.last.says(subscribed("e.4", false));
    Line.last.drops();
    vi.advanceTimersByTime(60_000);
    Line.last.opens();
    Line.last.says(subscribed("e.5", true));
    vi.advanceTimersByTime(6_000);
    Line.last.says(message("e.9"));
    Line.last.says(message("e.10"));
    vi.advanceTimersByTime(500);
    expect([missed, heard]).toEqual([[], ["e.9", "e.10"]]);
  });

  it("asks again for what was announced and did not come", () => {
    load();
    Line.last.opens();
    Line.last.says(subscribed("e.4", false));
    Line.last.drops();
    Line.last.opens();
    Line.last.says(subscribed("e.6", true));
    Line.last.drops();
    Line.last.opens();
    expect(Line.last.sent.map((one) => one.cursor)).toEqual([null, "e.4", "e.4"]);
  });

  it("trusts no read that was made while no connection was to be had, and no other player's place", () => {
    const close = load();
    Line.last.opens();
    Line.last.says(subscribed("e.4", false));
    close();
    const again = load();
    Line.last.drops();
    Line.last.opens();
    Line.last.says(subscribed("e.4", true));
    expect(reloads).toBe(1);
    again();
    load("ben");
    Line.last.opens();
    expect(Line.last.sent[0]?.cursor).toBeNull();
  });
});
