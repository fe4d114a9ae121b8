import { expect, it } from "vitest";
import { freeSlug } from "./head";

it("leaves a short name that is free, and counts on where it is taken", () => {
  expect(freeSlug("say-hello", ["other"])).toBe("say-hello");
  expect(freeSlug("say-hello", ["say-hello"])).toBe("say-hello-2");
  expect(freeSlug("say-hello", ["say-hello", "say-hello-2"])).toBe("say-hello-3");
  expect(freeSlug("a".repeat(63), ["a".repeat(63)])).toHaveLength(62);
});
