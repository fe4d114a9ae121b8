/** Before and just after hatching. */
import { lit, turn } from "../paint";
import type { Brush } from "./brush";

const EGG = '<path d="M100 26C138 26 162 84 162 126C162 164 134 186 100 186S38 164 38 126C38 84 62 26 100 26z"/>';
const CUP = '<path d="M44 132L56 144L70 130L86 146L100 132L114 146L130 130L144 144L156 132C158 166 136 188 100 188S42 166 44 132z"/>';
const SHELL = { base: "#fff0d6", shade: "#f3d9ae" };
const SPOTS = [
  [72, 88, 11],
  [130, 108, 14],
  [88, 148, 13],
  [118, 60, 8],
  [56, 126, 7],
  [140, 150, 8],
] as const;

const spot = (brush: Brush, n: number): string => `hsl(${n % 2 === 0 ? brush.traits.hue : brush.traits.accent} 84% ${74 - (n % 3) * 4}%)`;

/** `cracks` is how far it is open: 0 to 2. */
export function egg(brush: Brush, cracks = 0): string {
  const spots = SPOTS.map(([x, y, r], n) => `<circle cx="${x}" cy="${y}" r="${r}" fill="${spot(brush, n)}"/>`).join("");
  const first = "M92 96L104 106L98 118L112 126";
  const second = "M38 112L56 100L72 116L90 102L104 116L122 102L140 116L162 104";
  const crack = cracks > 0 ? `<path clip-path="url(#${brush.id}e)" d="${cracks > 1 ? second : first}" fill="none" stroke="${brush.line}" stroke-width="4" stroke-linejoin="round" stroke-linecap="round"/>` : "";
  return `${lit(`${brush.id}e`, EGG, { ...SHELL, line: brush.line }, -9, -8)}<g clip-path="url(#${brush.id}e)">${spots}<ellipse cx="72" cy="62" rx="10" ry="20" transform="rotate(28 72 62)" fill="#fff" opacity=".75"/></g>${crack}`;
}

/** The lower half, with a young head looking out of it. */
export function cup(brush: Brush): string {
  const glow = turn(brush.traits.accent + 30);
  return `${lit(`${brush.id}s`, CUP, { ...SHELL, line: brush.line }, -7, -6)}<g clip-path="url(#${brush.id}s)"><circle cx="74" cy="168" r="9" fill="${spot(brush, 0)}"/><circle cx="124" cy="170" r="11" fill="${spot(brush, 1)}"/><circle cx="140" cy="150" r="6" fill="hsl(${glow} 84% 78%)"/></g>`;
}
