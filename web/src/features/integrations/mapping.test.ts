import { expect, test } from "vitest";
import { BEGINNING, draftOf, isWhole, mappingOf, namedTwice } from "./mapping";

test("a mapping that is opened and saved is the same", () => {
  const mapping = { items: "events", kind: "'a.b'", account: "user", external_id: "id", occurred_at: null, attributes: { title: "t" } };
  expect(mappingOf(draftOf(mapping))).toEqual(mapping);
});

test("what is left empty is left out", () => {
  const sent = mappingOf({ ...BEGINNING, occurred_at: " ", attributes: [{ id: 1, name: " ", source: "x" }] });
  expect([sent.items, sent.occurred_at, sent.attributes]).toEqual([null, null, {}]);
});

test("only what has kind, account and id can be tried", () => {
  expect(isWhole(mappingOf(BEGINNING))).toBe(true);
  expect(isWhole(mappingOf({ ...BEGINNING, account: "  " }))).toBe(false);
});

test("a name that stands twice is found", () => {
  const twice = [1, 2, 3].map((id) => ({ id, name: id < 3 ? "title" : "", source: "t" }));
  expect([...namedTwice({ ...BEGINNING, attributes: twice })]).toEqual(["title"]);
});
