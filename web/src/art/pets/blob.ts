/** The blob: no bones at all, and in the best of spirits. */
import { flat, lit, mirror } from "../paint";
import { type Brush, marks, type Species } from "./brush";
import { cheeks, eyes, mouth, snore } from "./face";

const DOME = '<path d="M100 34C136 34 156 62 156 92C156 116 132 126 100 126S44 116 44 92C44 62 64 34 100 34z"/>';
const DROP = '<path d="M100 62C140 62 166 98 172 142C176 166 176 178 168 184C158 192 150 184 140 186C130 190 124 192 112 188C104 186 98 192 86 190C76 188 70 184 60 186C48 190 38 190 30 184C24 178 24 164 28 142C34 98 60 62 100 62z"/>';

function crest({ traits, accent, coat, line }: Brush, y: number, grown: boolean): string {
  const tall = grown ? 34 : 22;
  if (traits.crest === 1) return `<path d="M100 ${y + 6}C100 ${y - 6} 100 ${y - 10} 102 ${y - tall + 8}" fill="none" stroke="${line}" stroke-width="5" stroke-linecap="round"/>${flat(`<path d="M102 ${y - tall + 10}C88 ${y - tall + 12} 76 ${y - tall + 2} 74 ${y - tall - 10}C90 ${y - tall - 12} 102 ${y - tall - 4} 102 ${y - tall + 10}zM102 ${y - tall + 10}C114 ${y - tall + 12} 126 ${y - tall + 4} 130 ${y - tall - 6}C116 ${y - tall - 10} 104 ${y - tall - 2} 102 ${y - tall + 10}z"/>`, accent.base, line)}`;
  if (traits.crest === 2) return `<path d="M100 ${y + 6}C92 ${y - 8} 96 ${y - 14} 102 ${y - tall + 8}" fill="none" stroke="${line}" stroke-width="5" stroke-linecap="round"/>${flat(`<path transform="translate(102 ${y - tall})" d="M0 -14l4.2 9l9.8 1.2l-7.2 6.8l1.8 9.8l-8.6-4.8l-8.6 4.8l1.8-9.8l-7.2-6.8l9.8-1.2z"/>`, accent.light, line, 3.6)}`;
  return flat(`<path d="M84 ${y + 8}C90 ${y - 6} 88 ${y - tall + 4} 108 ${y - tall}C104 ${y - tall + 10} 108 ${y - 4} 118 ${y + 8}z"/>`, coat.base, line);
}

const bubbles = (brush: Brush, clip: string, y: number): string =>
  `<g clip-path="url(#${brush.id}${clip})"><path d="M0 ${y + 40}Q50 ${y + 24} 100 ${y + 42}T200 ${y + 34}V200H0z" fill="${brush.coat.shade}" opacity=".45"/><g fill="#fff" opacity=".38"><circle cx="136" cy="${y + 4}" r="7"/><circle cx="148" cy="${y + 22}" r="4.4"/><circle cx="64" cy="${y + 36}" r="5"/></g><ellipse cx="70" cy="${y - 18}" rx="17" ry="8" transform="rotate(-36 70 ${y - 18})" fill="#fff" opacity=".75"/><circle cx="56" cy="${y + 4}" r="4.4" fill="#fff" opacity=".7"/></g>`;

function head(brush: Brush): string {
  return `${crest(brush, 38, false)}${lit(`${brush.id}h`, DOME, brush.coat)}${bubbles(brush, "h", 74)}${marks(brush, "h", [[84, 52, 11], [100, 48, 11], [116, 52, 11], [140, 76, 11]])}${cheeks(100, 102, 40)}${eyes(brush, { y: 86, gap: 24 })}${mouth(brush, 100, 104)}${snore(brush, 152, 44)}`;
}

function tail({ traits, accent, coat, line }: Brush): string {
  if (traits.tail === 1) return flat('<path d="M160 168C178 172 190 164 192 150C184 146 176 150 174 156z"/>', coat.base, line);
  if (traits.tail === 2) return flat('<path d="M160 160C176 158 184 148 182 136C196 144 198 168 180 178C172 182 164 180 160 176z"/>', accent.base, line);
  return flat('<circle cx="182" cy="176" r="9"/>', coat.base, line);
}

function body(brush: Brush, grown: boolean): string {
  const { id, coat, accent, line, mood } = brush;
  const up = mood === "happy";
  const arm = flat(up ? '<path d="M44 122C26 116 16 100 16 84C30 84 44 92 56 108z"/>' : '<path d="M36 138C20 138 10 148 8 162C18 168 32 166 40 158z"/>', coat.base, line);
  const heart = grown ? `<g clip-path="url(#${id}b)"><path d="M100 178c-12-8-20-14-20-22c0-7 5-11 10-11c4 0 8 3 10 7c2-4 6-7 10-7c5 0 10 4 10 11c0 8-8 14-20 22z" fill="${accent.base}" opacity=".85"/><path d="M87 152q3-3 6-1" stroke="#fff" stroke-width="3" fill="none" stroke-linecap="round"/></g>` : "";
  const drops = grown ? `<g class="pet-glow">${flat('<path d="M36 62C42 70 44 74 44 79a8 8 0 0 1-16 0C28 74 30 70 36 62z"/><path d="M170 70C174 76 176 79 176 83a6 6 0 0 1-12 0C164 79 166 76 170 70z"/>', coat.light, line, 3.4)}</g>` : "";
  const whole = `<g class="pet-tail">${tail(brush)}</g>${drops}${grown ? arm + mirror(arm) : ""}<g class="pet-head">${crest(brush, 66, grown)}</g>${lit(`${id}b`, DROP, coat, -8, -8)}${bubbles(brush, "b", 108)}${marks(brush, "b", [[82, 80, 12], [100, 76, 12], [118, 80, 12], [150, 116, 12], [48, 132, 12], [154, 150, 12]])}${heart}${cheeks(100, 132, 42)}${eyes(brush, { y: 114, gap: 25, size: 1.1 })}${mouth(brush, 100, 130)}${snore(brush, 158, 62)}`;
  return grown ? whole : `<g transform="translate(24 46) scale(.76)">${whole}</g>`;
}

export const blob: Species = { id: "blob", name: "Blob", head, body };
