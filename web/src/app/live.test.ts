import { InfiniteQueryObserver, QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { badgeQuery, closestQuery, wallQuery } from "@/features/achievements/queries";
import { historyQuery } from "@/features/audit/queries";
import { balancesQuery, ledgerQuery } from "@/features/currency/queries";
import { meQuery } from "@/features/identity/queries";
import { myLinksQuery } from "@/features/integrations/queries";
import { boardQuery, mineQuery, questQuery, streaksQuery } from "@/features/quests/queries";
import { LiveCache, type Message } from "@/lib/live";
import pushed from "@/lib/pushed.json";
import type { Balances, Quest } from "@/lib/types";
import { LIVE_RULES } from "./live-rules";

let number = 0;
const message = (event: string, data: Record<string, unknown>): Message => ({ type: "message", channel: "me", cursor: `e.${++number}`, id: `id-${number}`, event, time: new Date().toISOString(), data });

const purse = (coins: number, no: number, xp = 40): Balances => ({
  items: [
    { currency: "coins", name: "Coins", icon: "coin", amount: coins, held: 5, available: coins - 5, debt: 0, debt_why: null, number: no },
    { currency: "xp", name: "XP", icon: "sparkles", amount: xp, held: 0, available: xp, debt: 0, debt_why: null, number: 3 },
  ],
  level: { level: 1, xp, floor_xp: 0, next_xp: 100 },
});

const quest = (have: number, state: "accepted" | "in_progress" | "completed" = "accepted") =>
  ({ id: "q1", title: "Merge", objectives: [{ id: "o1", count: 3 }], mine: { state, completion_id: "c1", objectives: [{ id: "o1", have, need: 3, done: have >= 3 }], allowed: [], times_completed: 0 } }) as unknown as Quest;

let queries: QueryClient;
let live: LiveCache;
let server: Record<string, unknown>;
let marker = "";
let asked = 0;

beforeEach(() => {
  vi.useFakeTimers();
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  live = new LiveCache(queries, LIVE_RULES);
  server = {};
  vi.stubGlobal("fetch", (address: string) => {
    const path = address.replace("/api/v1", "").split("?")[0] ?? "";
    asked += 1;
    return Promise.resolve(new Response(JSON.stringify(server[path] ?? { items: [], next: null, level: {}, marker })));
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("stale cache + event = refetched state", () => {
  it("writes a balance without asking", async () => {
    server["/me/balances"] = purse(10, 1);
    await queries.fetchQuery(balancesQuery);
    live.apply(message("currency.credited", { currency: "coins", balance: 50, number: 2 }));
    server["/me/balances"] = purse(50, 2);
    expect(queries.getQueryData(balancesQuery.queryKey)).toEqual(await new QueryClient().fetchQuery(balancesQuery));
  });

  it("drops a balance that is older than the one shown", async () => {
    server["/me/balances"] = purse(50, 9);
    await queries.fetchQuery(balancesQuery);
    live.apply(message("currency.credited", { currency: "coins", balance: 20, number: 8 }));
    expect(queries.getQueryData(balancesQuery.queryKey)?.items[0]?.amount).toBe(50);
  });

  it("asks again when the XP passes the level", async () => {
    server["/me/balances"] = purse(0, 1, 90);
    await queries.fetchQuery(balancesQuery);
    live.apply(message("currency.credited", { currency: "xp", balance: 110, number: 4 }));
    await vi.advanceTimersByTimeAsync(300);
    expect(queries.getQueryState(balancesQuery.queryKey)?.isInvalidated).toBe(true);
  });

  it("writes a quest's progress into page and list", async () => {
    server["/quests/q1"] = quest(1);
    server["/me/quests"] = { items: [quest(1)], next: null };
    await Promise.all([queries.fetchQuery(questQuery("q1")), queries.fetchQuery(mineQuery)]);
    live.apply(message("quest.progressed", { quest_id: "q1", completion_id: "c1", objective: "o1", have: 2, need: 3 }));
    expect(queries.getQueryData(questQuery("q1").queryKey)).toEqual(quest(2, "in_progress"));
    expect(queries.getQueryData(mineQuery.queryKey)?.items).toEqual([quest(2, "in_progress")]);
  });

  it("never lets progress go back", async () => {
    server["/quests/q1"] = quest(2, "in_progress");
    await queries.fetchQuery(questQuery("q1"));
    live.apply(message("quest.progressed", { quest_id: "q1", completion_id: "c1", objective: "o1", have: 1, need: 3 }));
    expect(queries.getQueryData(questQuery("q1").queryKey)?.mine?.objectives[0]?.have).toBe(2);
  });

  it("counts a message once", () => {
    const once = message("quest.completed", { quest_id: "q1" });
    expect(live.apply(once)).toBe(true);
    expect(live.apply(once)).toBe(false);
  });

  const stale: [string, Record<string, unknown>, { queryKey: readonly unknown[] }[]][] = [
    ["quest.accepted", { quest_id: "q1" }, [questQuery("q1"), mineQuery, boardQuery({})]],
    ["quest.completed", { quest_id: "q1" }, [questQuery("q1"), mineQuery, boardQuery({}), historyQuery]],
    ["quest.expired", { quest_id: "q1" }, [questQuery("q1")]],
    ["quest.abandoned", { quest_id: "q1" }, [questQuery("q1")]],
    ["quest.published", { quest_id: "q1" }, [boardQuery({})]],
    ["quest.archived", { quest_id: "q1" }, [boardQuery({})]],
    ["streak.extended", {}, [streaksQuery]],
    ["streak.frozen", {}, [streaksQuery]],
    ["streak.broken", {}, [streaksQuery]],
    ["badge.earned", { achievement_id: "b1" }, [badgeQuery("b1"), wallQuery({}), closestQuery, historyQuery]],
    ["badge.revoked", { achievement_id: "b1" }, [badgeQuery("b1"), wallQuery({})]],
    ["achievement.published", { achievement_id: "b1" }, [wallQuery({})]],
    ["level.reached", { level: 2 }, [balancesQuery, boardQuery({})]],
    ["level.lost", { level: 1 }, [balancesQuery]],
    ["currency.credited", { currency: "coins", balance: 1, number: 1 }, [balancesQuery, ledgerQuery("")]],
    ["currency.debited", { currency: "coins", balance: 1, number: 1 }, [balancesQuery, ledgerQuery("")]],
    ["currency.owed", { currency: "coins", amount: 5, debt: 5 }, [balancesQuery, historyQuery]],
    ["account.linked", { link_id: "l1", kind: "github" }, [myLinksQuery, historyQuery]],
    ["account.unlinked", { link_id: "l1", kind: "github" }, [myLinksQuery, historyQuery]],
    ["user.updated", {}, [meQuery]],
    ["user.role_changed", {}, [meQuery]],
  ];
  it.each(stale)("%s has its queries read again", async (event, data, known) => {
    marker = "old";
    const watched = known.map((options) => {
      const observer = "initialPageParam" in options ? new InfiniteQueryObserver(queries, options as never) : new QueryObserver(queries, options as never);
      return { key: JSON.stringify(options.queryKey), observer, end: observer.subscribe(() => undefined) };
    });
    await vi.advanceTimersByTimeAsync(10);
    for (const { key, observer } of watched) expect(JSON.stringify(observer.getCurrentResult().data), key).toContain("old");
    marker = "new";
    live.apply(message(event, data));
    await vi.advanceTimersByTimeAsync(300);
    for (const { key, observer, end } of watched) {
      expect(JSON.stringify(observer.getCurrentResult().data), key).toContain("new");
      end();
    }
  });

  it("asks once for many events of a moment", async () => {
    const observer = new QueryObserver(queries, streaksQuery as never);
    const end = observer.subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(10);
    const before = asked;
    for (let n = 0; n < 50; n++) live.apply(message("streak.extended", {}));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked - before).toBe(1);
    end();
  });
});

describe("what the server pushes", () => {
  const has = (event: string) => LIVE_RULES.some((rules) => rules[event] !== undefined);
  // An activity moves what it leads to, which is pushed as well; by itself it is a line in the history.
  const onlyHistory = ["activity.recorded"];

  it.each(pushed.filter((event) => !onlyHistory.includes(event)))("%s has a rule", (event) => expect(has(event)).toBe(true));

  it.each(onlyHistory)("%s is a line in the history", async (event) => {
    queries.setQueryData(historyQuery.queryKey, { pages: [{ items: [], next: null }], pageParams: [null] });
    live.apply(message(event, {}));
    await vi.advanceTimersByTimeAsync(300);
    expect(queries.getQueryState(historyQuery.queryKey)?.isInvalidated).toBe(true);
  });

  it("and no rule waits for what is never pushed", () => {
    const known = LIVE_RULES.flatMap((rules) => Object.keys(rules)).filter((event) => event !== "*");
    expect(known.filter((event) => !pushed.includes(event))).toEqual([]);
  });
});
