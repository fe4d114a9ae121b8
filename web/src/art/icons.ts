/** Third-party drawings: emoji for small things, emblems for badges. What is not in the core comes when it is asked for. */
import core from "./generated/core.json";
import moreUrl from "./generated/more.json?url";

interface Icons {
  emoji: Record<string, string>;
  emblems: Record<string, string>;
}

const known: Icons = { emoji: { ...core.emoji }, emblems: { ...core.emblems } };
const listeners = new Set<() => void>();
let version = 0;
let asked = false;

/** Loads the rest, once. */
export function loadMore(): void {
  if (asked) return;
  asked = true;
  void fetch(moreUrl)
    .then((answer) => answer.json() as Promise<Icons>)
    .then((more) => {
      Object.assign(known.emoji, more.emoji);
      Object.assign(known.emblems, more.emblems);
      version += 1;
      for (const listener of listeners) listener();
    })
    .catch(() => {
      asked = false;
    });
}

export function onIcons(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Goes up when more drawings have come. */
export const iconsVersion = (): number => version;

function find(icons: Record<string, string>, name: string, instead: string): string {
  const found = icons[name];
  if (found !== undefined) return found;
  loadMore();
  return icons[instead] ?? "";
}

export const emojiBody = (name: string): string => find(known.emoji, name, "sparkles");
export const emblemBody = (name: string): string => find(known.emblems, name, "compass");
export const emojiNames = (): string[] => Object.keys(known.emoji).sort();
export const emblemNames = (): string[] => Object.keys(known.emblems).sort();
