/** Eyes, cheeks and mouths in each mood. */
import { two } from "../paint";
import type { Brush } from "./brush";

interface Place {
  /** Middle between the eyes. */
  x?: number;
  y: number;
  /** From the middle to an eye. */
  gap?: number;
  size?: number;
}

function open(brush: Brush, x: number, y: number, size: number): string {
  const { line, iris } = brush;
  const up = brush.mood === "curious" ? -1.6 : 0;
  return `<g transform="translate(${two(x)} ${two(y)}) scale(${size})"><g class="pet-eye"><ellipse rx="9.5" ry="11" fill="${line}"/><ellipse cy="${two(2 + up)}" rx="6.8" ry="7.4" fill="${iris}"/><circle cy="${two(1 + up)}" r="4.2" fill="${line}"/><circle cx="-3" cy="${two(-4.6 + up)}" r="3.5" fill="#fff"/><circle cx="3.6" cy="${two(4.4 + up)}" r="1.7" fill="#fff"/></g></g>`;
}

/** Two eyes. */
export function eyes(brush: Brush, { x = 100, y, gap = 22, size = 1 }: Place): string {
  const { mood, line } = brush;
  if (mood === "happy" || mood === "asleep") {
    const [drop, bend] = mood === "happy" ? [4, -15] : [-1, 12];
    const lid = (at: number) => `<path d="M${two(at - 10)} ${two(y + drop)}q10 ${bend} 20 0" fill="none" stroke="${line}" stroke-width="4.8" stroke-linecap="round"/>`;
    return lid(x - gap) + lid(x + gap);
  }
  const larger = mood === "curious" ? size * 1.12 : size;
  const brows = mood === "curious" ? `<path d="M${two(x - gap - 9)} ${two(y - 15)}q9-7 17-3M${two(x + gap + 10)} ${two(y - 19)}q-9-7-17-1" fill="none" stroke="${line}" stroke-width="3.6" stroke-linecap="round"/>` : "";
  return open(brush, x - gap, y, two(larger)) + open(brush, x + gap, y, two(larger)) + brows;
}

export const cheeks = (x: number, y: number, apart: number): string => `<g fill="#ff5f7a" opacity=".4"><ellipse cx="${two(x - apart)}" cy="${y}" rx="8" ry="5"/><ellipse cx="${two(x + apart)}" cy="${y}" rx="8" ry="5"/></g>`;

/** A mouth with its upper edge at y. */
export function mouth({ mood, line }: Brush, x: number, y: number): string {
  if (mood === "happy") return `<path d="M${two(x - 13)} ${y}q13 5 26 0q-1 17-13 17t-13-17z" fill="${line}"/><path d="M${two(x - 7)} ${two(y + 12)}q7-6 14 0q-2 5-7 5t-7-5z" fill="#ff7d8e"/>`;
  if (mood === "curious") return `<ellipse cx="${x}" cy="${two(y + 6)}" rx="5" ry="6" fill="${line}"/><ellipse cx="${x}" cy="${two(y + 8)}" rx="2.8" ry="2.8" fill="#ff7d8e"/>`;
  return `<path d="M${two(x - 11)} ${y}q5.5 7 11 0q5.5 7 11 0" fill="none" stroke="${line}" stroke-width="3.8" stroke-linecap="round" stroke-linejoin="round"/>`;
}

/** Said by one who sleeps; `x` and `y` are where the first letter hangs. */
export function snore({ mood, line }: Brush, x: number, y: number): string {
  if (mood !== "asleep") return "";
  const letter = (at: number, height: number, size: number) => `<path transform="translate(${two(at)} ${two(height)}) scale(${size})" d="M0 0H12L0 13H12"/>`;
  return `<g class="pet-snore" fill="none" stroke="${line}" stroke-width="4" stroke-linecap="round" stroke-linejoin="round">${letter(x, y, 1)}${letter(x + 16, y - 17, 0.75)}</g>`;
}
