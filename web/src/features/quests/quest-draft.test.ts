import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { QuestDefinition } from "@/lib/types";
import { OFFERED_KINDS } from "./progress";
import { definitionOf, emptyForm, fieldOf, formOf, formSchema, freeId } from "./quest-draft";

const full: QuestDefinition = {
  slug: "ship-it",
  title: "Ship it",
  description: "All of it.",
  icon: "rocket",
  category: "craft",
  difficulty: "hard",
  kind: "repeatable",
  combine: "in_order",
  objectives: [
    { id: "merge", label: "Merge", mode: "automatic", event: "activity.recorded", where: "data.kind == 'github.pull_request.merged' && data.attributes.repo == 'acme/site'", count: 3, distinct: "data.attributes.number" },
    { id: "own", label: "Large ones", mode: "automatic", event: "activity.recorded", where: "data.attributes.additions > 10", count: 1, distinct: null },
    { id: "tick", label: "Tell somebody", mode: "manual", event: null, where: null, count: 1, distinct: null },
  ],
  rewards: { currencies: { xp: 50, guild_tokens: 3 }, items: [], pets: [], achievements: ["first-flame"] },
  prerequisites: { quests: ["say-hello"], level: 4 },
  available_from: "2026-03-01T08:00:17Z",
  available_until: "2026-04-01T08:00:00Z",
  cooldown_s: 90,
  daily_cap: 2,
  expires_after_s: 5400,
  diminishing: 0.25,
  auto_accept: true,
  keeps_streak: false,
};
const through = (quest: QuestDefinition, change: Partial<ReturnType<typeof formOf>> = {}) => definitionOf(v.parse(formSchema, { ...formOf(quest), ...change }), quest);

describe("a quest through the form", () => {
  it("comes out as it went in, also what the form can't show", () => expect(through(full)).toEqual(full));

  it("is of a kind that the API takes", () => expect(OFFERED_KINDS.map(([kind]) => kind)).toEqual(["one_off", "daily", "weekly", "repeatable"]));

  it("changes what was changed alone", () => {
    expect(through(full, { xp: 60, cooldown_minutes: 5 })).toEqual({ ...full, rewards: { ...full.rewards, currencies: { xp: 60, guild_tokens: 3 } }, cooldown_s: 300 });
  });

  it("shows conditions of the list without CEL, and the author's own as they are", () => {
    expect(formOf(full).objectives.map(({ what, repo }) => [what, repo])).toEqual([
      ["merge", "acme/site"],
      ["own", ""],
      ["manual", ""],
    ]);
  });

  it("refuses a repository that would break out of its condition", () => {
    const stop = { ...emptyForm.objectives[0], id: "a", label: "Merge", repo: "x' || true || 'y" };
    expect(v.safeParse(formSchema, { ...emptyForm, title: "T", slug: "tt", description: "D", objectives: [stop] }).success).toBe(false);
  });

  it("refuses a window that ends before it begins", () => {
    expect(v.safeParse(formSchema, { ...formOf(full), from: "2026-05-01T08:00" }).success).toBe(false);
  });

  it("never gives two stops one id", () => expect(freeId([{ id: "stop-2" }])).toBe("stop-3"));

  it("finds the field of a pointer", () => {
    expect(["#/objectives/2/where", "/rewards/currencies/xp", "#/prerequisites/quests/0", "#/expires_after_s", "#/slug", "#/rewards/pets"].map(fieldOf)).toEqual(["objectives.2.where", "xp", "after", "expires_hours", "slug", null]);
  });
});
