/** The celebration ladder: what is shown, when, and what waits. Pure, so that a flood can be tested without a clock. */

export interface Toast {
  id: string;
  kind: "quest" | "badge" | "level" | "notice" | "summary" | "problem";
  title: string;
  detail?: string;
  /** Drawing that belongs to it: an emoji for quests, an emblem with its rarity for badges. */
  icon?: string;
  rarity?: string;
  /** Where "look" leads. */
  to?: string;
  count?: number;
}

export interface Scene {
  id: string;
  kind: "level";
  level: number;
}

export interface Ladder {
  toasts: Toast[];
  scene: Scene | null;
  waitingToasts: Toast[];
  waitingScenes: Scene[];
  /** Times at which single toasts were last shown. */
  shown: number[];
  /** Goes up with each happy moment: the pet hops. */
  hops: number;
  /** Goes up with each badge: confetti. */
  bursts: number;
}

export const SINGLES = 2;
export const WINDOW_MS = 2_000;
export const SUMMARY = "summary";

export const emptyLadder: Ladder = { toasts: [], scene: null, waitingToasts: [], waitingScenes: [], shown: [], hops: 0, bursts: 0 };

const bigger = (ladder: Ladder, more: Toast[]): Toast[] => {
  const before = ladder.toasts.find((toast) => toast.id === SUMMARY);
  const count = (before?.count ?? 0) + more.length;
  const badges = more.filter((toast) => toast.kind === "badge").length;
  const best = more.find((toast) => toast.kind === "badge") ?? more[0];
  const summary: Toast = {
    id: SUMMARY,
    kind: "summary",
    count,
    title: count === 1 ? "One more good thing happened" : `${count} more good things happened`,
    detail: badges > 0 ? "New badges are among them" : "They are all in your history",
    icon: before?.icon ?? (best?.kind === "badge" ? "glowing-star" : best?.icon),
    to: "/history",
  };
  return [...ladder.toasts.filter((toast) => toast.id !== SUMMARY), summary];
};

/** Adds what happened; `busy` while the player types: all of it waits. */
export function add(ladder: Ladder, toasts: Toast[], scenes: Scene[], now: number, busy: boolean): Ladder {
  const next: Ladder = { ...ladder, waitingToasts: [...ladder.waitingToasts, ...toasts], waitingScenes: [...ladder.waitingScenes, ...scenes] };
  return busy ? next : show(next, now);
}

/** Shows what may be shown now: two single toasts each two seconds, all others as one summary; one scene at a time. */
export function show(ladder: Ladder, now: number): Ladder {
  const shown = ladder.shown.filter((time) => now - time < WINDOW_MS);
  const room = Math.max(0, SINGLES - Math.max(shown.length, ladder.toasts.filter((toast) => toast.id !== SUMMARY).length));
  const singles = ladder.waitingToasts.slice(0, room);
  const rest = ladder.waitingToasts.slice(room);
  const withSingles = { ...ladder, toasts: [...ladder.toasts, ...singles] };
  const level = ladder.waitingScenes.at(-1);
  const scene = ladder.scene ?? level ?? null;
  return {
    ...ladder,
    toasts: rest.length > 0 ? bigger(withSingles, rest) : withSingles.toasts,
    waitingToasts: [],
    // Several levels at once are one scene: the highest.
    waitingScenes: ladder.scene ? ladder.waitingScenes : [],
    scene,
    shown: [...shown, ...singles.map(() => now)],
    // What goes into the summary has no show of its own: a flood stays cheap.
    hops: ladder.hops + (singles.length > 0 ? 1 : 0),
    // Never two celebrations at once: no confetti under a scene.
    bursts: ladder.bursts + (!scene && singles.some((toast) => toast.kind === "badge") ? 1 : 0),
  };
}

export const dismiss = (ladder: Ladder, id: string): Ladder => ({ ...ladder, toasts: ladder.toasts.filter((toast) => toast.id !== id) });

export const closeScene = (ladder: Ladder, now: number): Ladder => show({ ...ladder, scene: null }, now);
