/** What authors edit: the head, of which players see a published version. */
import { useRef, useState } from "react";
import { unkeep } from "./kept";

export interface Head<T> {
  data: T;
  version: number;
}

interface Editing<T> {
  /** What the form starts from; `round` is another for each start. */
  opened: T;
  round: number;
  /** What a save has to name: asked for when it is sent, since a conflict changes it under a form that stays. */
  version: () => number;
  /** After a conflict: lets go of what was typed and takes what is there now. */
  take: () => void;
  /** After a conflict: learns what is there now, so that the next save goes over it. */
  over: () => Promise<void>;
}

/**
 * Holds a head still while it is edited: what others save meanwhile must not replace what is being typed,
 * it is looked at on a conflict only. `name` is what the form keeps its values under.
 */
export function useEditing<T>(loaded: Head<T>, again: () => Promise<Head<T> | undefined>, name: string): Editing<T> {
  const [opened, setOpened] = useState({ data: loaded.data, round: 0 });
  const version = useRef(loaded.version);
  const over = async () => {
    const now = await again();
    if (now) version.current = now.version;
  };
  const take = async () => {
    const now = await again();
    if (!now) return;
    unkeep(name);
    version.current = now.version;
    setOpened({ data: now.data, round: opened.round + 1 });
  };
  return { opened: opened.data, round: opened.round, version: () => version.current, take: () => void take(), over };
}

/** Whether the head holds changes that players don't see yet. */
export function differs(shown: object, head: object): boolean {
  const seen = shown as Record<string, unknown>;
  return Object.entries(head).some(([name, value]) => name in seen && JSON.stringify(seen[name]) !== JSON.stringify(value));
}

/** A short name that is not taken yet: this one, or this one with a number. */
export function freeSlug(slug: string, taken: string[]): string {
  let free = slug;
  for (let n = 2; taken.includes(free); n++) free = `${slug.slice(0, 60)}-${n}`;
  return free;
}

/** A short name made of a title: small letters, digits, single dashes. */
export const slugOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
