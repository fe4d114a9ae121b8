import { afterEach, describe, expect, it, vi } from "vitest";
import { onSignedOut, problemAt, read, readVersioned, wordsOf } from "./client";

const answers = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body), { status, headers })));
const refusal = async (status: number, body: unknown, headers: Record<string, string> = {}): Promise<unknown> => {
  answers(status, body, headers);
  return read("/quests").then(
    () => null,
    (error: unknown) => error,
  );
};
afterEach(() => vi.unstubAllGlobals());

describe("words of an error", () => {
  it("say when to come back", async () => {
    expect(wordsOf(await refusal(429, { title: "Too many", code: "rate_limited" }, { "retry-after": "12" }))).toBe("That was a lot at once. Try again in 12 seconds.");
    expect(wordsOf(await refusal(503, { title: "Overloaded", code: "overloaded" }))).toContain("Nothing was lost.");
  });

  it("tell a part that is not there from one that is tired", async () => {
    expect(wordsOf(await refusal(503, { title: "Absent", code: "service_absent" }))).toBe("This part of the hall is not open here.");
  });

  it("name fields as people do, and find them by pointer", async () => {
    const error = await refusal(422, { title: "Not valid", code: "bad_quest", errors: [{ pointer: "#/available_until", detail: "after available_from" }] });
    expect(wordsOf(error)).toBe("available until: after available_from");
    expect(problemAt(error, "/available_until")).toBe("after available_from");
    expect(problemAt(error, "/title")).toBe("");
  });

  it("are calm when the network is gone", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    await expect(read("/quests")).rejects.toThrow("You seem to be offline");
  });
});

describe("the end of a session", () => {
  it("is told once a request is refused for it", async () => {
    const told = vi.fn();
    onSignedOut(told);
    await refusal(401, { title: "Sign in", code: "unauthenticated" });
    expect(told).toHaveBeenCalledOnce();
  });
});

describe("requests", () => {
  it("fill and escape the template, leave out what is not set, and read the version", async () => {
    const asked = vi.fn((_: string) => Promise.resolve(new Response("{}", { headers: { etag: '"7"' } })));
    vi.stubGlobal("fetch", asked);
    await read("/users/{username}", { path: { username: "a/b" } });
    await read("/quests", { query: { q: "", after: null, limit: 5 } });
    expect(asked.mock.calls.map(([address]) => address)).toEqual(["/api/v1/users/a%2Fb", "/api/v1/quests?limit=5"]);
    expect((await readVersioned("/quests/{quest_id}/draft", { path: { quest_id: "q" } })).version).toBe(7);
  });
});
