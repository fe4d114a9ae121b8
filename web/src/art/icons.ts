/** Third-party drawings: emoji for small things, emblems for badges. What is not in the core is asked for. */
import core from "./generated/core.json";

export interface Icons {
  emoji: Record<string, string>;
  emblems: Record<string, string>;
}

const known: Icons = { emoji: { ...core.emoji }, emblems: { ...core.emblems } };
const listeners = new Set<() => void>();
let version = 0;
let ask: () => void = () => undefined;

/** Who brings the rest; called each time that a drawing is missing. */
export function whenMissing(bring: () => void): void {
  ask = bring;
}

export function addIcons(more: Icons): void {
  Object.assign(known.emoji, more.emoji);
  Object.assign(known.emblems, more.emblems);
  version += 1;
  for (const listener of listeners) listener();
}

export function onIcons(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Goes up when more drawings have come. */
export const iconsVersion = (): number => version;

function find(icons: Record<string, string>, name: string, instead: string): string {
  if (Object.hasOwn(icons, name)) return icons[name] ?? "";
  ask();
  return icons[instead] ?? "";
}

export const emojiBody = (name: string): string => find(known.emoji, name, "sparkles");
export const emblemBody = (name: string): string => find(known.emblems, name, "compass");
export const emojiNames = (): string[] => Object.keys(known.emoji).sort();
export const emblemNames = (): string[] => Object.keys(known.emblems).sort();
