import type { Mapping } from "@/lib/types";

/** A mapping as it is edited: texts, empty where a part is left out. */
export interface MappingDraft {
  items: string;
  kind: string;
  account: string;
  external_id: string;
  occurred_at: string;
  attributes: { id: number; name: string; source: string }[];
}

export const SAMPLE = `{
  "id": "a-17",
  "action": "completed",
  "user": { "email": "wren@school" },
  "at": "2026-03-02T08:00:00Z",
  "lesson": { "title": "Loops", "minutes": 25 }
}`;

/** What reads the sample. */
export const BEGINNING: MappingDraft = {
  items: "",
  kind: "join('.', ['lesson', action])",
  account: "user.email",
  external_id: "id",
  occurred_at: "at",
  attributes: [
    { id: 1, name: "title", source: "lesson.title" },
    { id: 2, name: "minutes", source: "lesson.minutes" },
  ],
};

export function draftOf(mapping: Mapping): MappingDraft {
  const { items, kind, account, external_id, occurred_at, attributes } = mapping;
  const rows = Object.entries(attributes ?? {}).map(([name, source], n) => ({ id: n + 1, name, source }));
  return { items: items ?? "", kind, account, external_id, occurred_at: occurred_at ?? "", attributes: rows };
}

/** What is sent: rows without a name are not there yet. */
export function mappingOf(draft: MappingDraft): Mapping {
  const named = draft.attributes.filter((row) => row.name.trim());
  return {
    items: draft.items.trim() || null,
    kind: draft.kind.trim(),
    account: draft.account.trim(),
    external_id: draft.external_id.trim(),
    occurred_at: draft.occurred_at.trim() || null,
    attributes: Object.fromEntries(named.map((row) => [row.name.trim(), row.source.trim()])),
  };
}

/** Whether what every mapping needs is there. */
export const isWhole = ({ kind, account, external_id }: Mapping): boolean => Boolean(kind && account && external_id);

/** Names that stand for two attributes at once. */
export function namedTwice(draft: MappingDraft): Set<string> {
  const names = draft.attributes.map((row) => row.name.trim()).filter(Boolean);
  return new Set(names.filter((name, n) => names.indexOf(name) !== n));
}
