/** What a species paints with, and the parts that all of them share. */
import type { Traits } from "../genome";
import { two, type Tones, tones, turn } from "../paint";

export type Stage = "egg" | "shell" | "young" | "grown";
export type Mood = "calm" | "happy" | "curious" | "asleep";

export interface Brush {
  id: string;
  mood: Mood;
  traits: Traits;
  coat: Tones;
  accent: Tones;
  cream: { base: string; shade: string };
  line: string;
  iris: string;
}

export interface Species {
  id: string;
  name: string;
  /** What the young one looks out of the shell with; around (100, 80). */
  head: (brush: Brush) => string;
  /** The whole animal, standing at y = 190. */
  body: (brush: Brush, grown: boolean) => string;
}

export function brushOf(id: string, mood: Mood, traits: Traits): Brush {
  const coat = tones(traits.hue, 80, traits.glow ? 72 : 66);
  return {
    id,
    mood,
    traits,
    coat,
    accent: tones(traits.accent, 90, 58),
    cream: { base: `hsl(${turn(traits.hue + 24)} 100% 92%)`, shade: `hsl(${turn(traits.hue + 24)} 62% 81%)` },
    line: coat.line,
    iris: `hsl(${traits.eyes} 64% 42%)`,
  };
}

const STAR = "l2.4 5.6l6 .6l-4.5 4l1.4 6l-5.3-3.2l-5.3 3.2l1.4-6l-4.5-4l6-.6z";

/** The pattern of the coat: each place is x, y, and how large. Painted within the clip of the part it is on. */
export function marks(brush: Brush, clip: string, places: readonly (readonly [number, number, number])[]): string {
  const { pattern } = brush.traits;
  if (pattern === "plain") return "";
  const colour = brush.coat.shade;
  const one = ([x, y, size]: readonly [number, number, number]): string => {
    if (pattern === "spots") return `<circle cx="${x}" cy="${y}" r="${two(size * 0.42)}"/>`;
    if (pattern === "stars") return `<path d="M${x} ${two(y - 6)}${STAR}" stroke="none"/>`;
    const lean = two((100 - x) * 0.06);
    return `<path d="M${x} ${two(y - size / 2)}l${lean} ${size}" stroke="${colour}" stroke-width="${two(size * 0.42)}" stroke-linecap="round"/>`;
  };
  return `<g clip-path="url(#${brush.id}${clip})" fill="${colour}">${places.map(one).join("")}</g>`;
}

/** Bright specks around one that glows. */
export function sparkles(brush: Brush): string {
  if (!brush.traits.glow) return "";
  const at = [
    [28, 40, 1],
    [172, 34, 1.2],
    [184, 104, 0.8],
    [14, 112, 0.9],
  ] as const;
  return `<g class="pet-glow" fill="#fff3b8" stroke="${brush.line}" stroke-width="1.6" stroke-linejoin="round">${at.map(([x, y, size]) => `<path transform="translate(${x} ${y}) scale(${size})" d="M0 -10l2.6 7.4l7.4 2.6l-7.4 2.6l-2.6 7.4l-2.6-7.4l-7.4-2.6l7.4-2.6z"/>`).join("")}</g>`;
}
