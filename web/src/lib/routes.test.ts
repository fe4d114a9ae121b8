import { describe, expectTypeOf, it } from "vitest";
import type { Answer, Body, Options, Path } from "./routes";

/** Held by `tsc` in `make check`: what is wrong here does not compile. */
describe("the API's routes, as types", () => {
  it("are those of the document", () => {
    expectTypeOf<"/quests/{quest_id}">().toExtend<Path<"get">>();
    expectTypeOf<"/no-such-route">().not.toExtend<Path<"get">>();
    expectTypeOf<"/quests/{quest_id}/publish">().not.toExtend<Path<"get">>();
  });

  it("name what is asked and answered", () => {
    expectTypeOf<Answer<"get", "/quests/{quest_id}">>().toHaveProperty("title");
    expectTypeOf<Answer<"delete", "/me/tokens/{token_id}">>().toEqualTypeOf<undefined>();
    expectTypeOf<Body<"post", "/quests/{quest_id}/publish">>().toEqualTypeOf<undefined>();
    expectTypeOf<{ reason: string }>().not.toExtend<Body<"post", "/admin/transactions">>();
  });

  it("can't be asked without their names, version and key", () => {
    expectTypeOf<{ path: { slug: string } }>().not.toExtend<Options<"patch", "/sources/{slug}">>();
    expectTypeOf<{ path: { slug: string }; version: number }>().toExtend<Options<"patch", "/sources/{slug}">>();
    expectTypeOf<{ signal: AbortSignal }>().not.toExtend<Options<"post", "/admin/transactions">>();
    expectTypeOf<{ path: { id: string } }>().not.toExtend<Options<"get", "/quests/{quest_id}">>();
  });
});
