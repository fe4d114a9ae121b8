/** Ember and all pets like her, drawn from numbers: an egg, in the shell, young, grown. */
import { LINE, lit, mirror, tones } from "./paint";

export type Stage = "egg" | "shell" | "young" | "grown";
export type Mood = "calm" | "happy" | "asleep";

export interface PetLook {
  stage: Stage;
  mood: Mood;
  hue: number;
}

const CREAM = { base: "#fff0d6", shade: "#f3d9ae" };

function face(mood: Mood, line: string, y: number, iris: string): string {
  const eye = (x: number): string =>
    mood === "calm"
      ? `<g class="pet-eye"><ellipse cx="${x}" cy="${y}" rx="9.5" ry="11" fill="${line}"/><ellipse cx="${x}" cy="${y + 2}" rx="6.5" ry="7" fill="${iris}"/><circle cx="${x}" cy="${y + 1}" r="4" fill="${line}"/><circle cx="${x - 3}" cy="${y - 5}" r="3.4" fill="#fff"/><circle cx="${x + 3.4}" cy="${y + 4}" r="1.6" fill="#fff"/></g>`
      : `<path d="M${x - 10} ${y + (mood === "happy" ? 4 : -2)}q10 ${mood === "happy" ? -14 : 12} 20 0" fill="none" stroke="${line}" stroke-width="4.6" stroke-linecap="round"/>`;
  const mouth =
    mood === "happy"
      ? `<path d="M88 ${y + 22}q12 4 24 0q-1 15-12 15t-12-15z" fill="${line}"/><path d="M94 ${y + 32}q6-5 12 0q-2 4-6 4t-6-4z" fill="#ff7d8e"/>`
      : `<path d="M89 ${y + 22}q5.5 7 11 0q5.5 7 11 0" fill="none" stroke="${line}" stroke-width="3.8" stroke-linecap="round" stroke-linejoin="round"/>`;
  const cheeks = `<ellipse cx="63" cy="${y + 17}" rx="8" ry="5" fill="#ff5f7a" opacity=".38"/><ellipse cx="137" cy="${y + 17}" rx="8" ry="5" fill="#ff5f7a" opacity=".38"/>`;
  const nose = `<circle cx="95" cy="${y + 14}" r="1.9" fill="${line}"/><circle cx="105" cy="${y + 14}" r="1.9" fill="${line}"/>`;
  return cheeks + eye(78) + eye(122) + nose + mouth;
}

const EGG = '<path d="M100 26C138 26 162 84 162 126C162 164 134 186 100 186S38 164 38 126C38 84 62 26 100 26z"/>';

function egg(id: string, hue: number): string {
  const line = tones(hue).line;
  const spots = [[72, 84, 11], [130, 108, 14], [88, 148, 12], [118, 60, 8], [58, 128, 7], [138, 152, 8]]
    .map(([x, y, r], n) => `<circle cx="${x}" cy="${y}" r="${r}" fill="hsl(${(hue + n * 26) % 360} 82% 74%)"/>`)
    .join("");
  return `${lit(`${id}e`, EGG, { ...CREAM, line }, -9, -8)}<g clip-path="url(#${id}e)">${spots}<ellipse cx="72" cy="62" rx="10" ry="20" transform="rotate(28 72 62)" fill="#fff" opacity=".7"/></g>`;
}

function shell(id: string, line: string, hue: number): string {
  const cup = '<path d="M44 132L56 144L70 130L86 146L100 132L114 146L130 130L144 144L156 132C158 166 136 188 100 188S42 166 44 132z"/>';
  return `${lit(`${id}s`, cup, { ...CREAM, line }, -7, -6)}<g clip-path="url(#${id}s)"><circle cx="74" cy="166" r="9" fill="hsl(${hue} 82% 78%)"/><circle cx="124" cy="170" r="11" fill="hsl(${(hue + 34) % 360} 90% 70%)"/><circle cx="138" cy="148" r="6" fill="hsl(${(hue + 60) % 360} 82% 78%)"/></g>`;
}

/** Head, horns and ears around (100, 76). */
function head(id: string, hue: number, mood: Mood, horn: number): string {
  const coat = tones(hue);
  const gold = tones((hue + 32) % 360, 92, 58);
  const horns = horn > 0 ? `<path d="M84 40C66 ${38 - horn * 0.3} 56 ${30 - horn * 0.6} 58 ${34 - horn}C74 ${36 - horn * 0.8} 92 ${34 - horn * 0.2} 96 36z" fill="#ffe9bd" stroke="${coat.line}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M66 ${37 - horn * 0.8}q10 4 16 12" fill="none" stroke="#e6c184" stroke-width="3" stroke-linecap="round"/>` : "";
  const ear = `<path d="M58 66C36 56 24 66 26 80C28 94 46 98 58 90z" fill="${gold.base}" stroke="${coat.line}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M52 72C42 68 34 74 36 81" fill="none" stroke="${gold.shade}" stroke-width="4" stroke-linecap="round"/>`;
  const skull = '<path d="M100 30C136 30 154 54 154 82C154 108 130 122 100 122S46 108 46 82C46 54 64 30 100 30z"/>';
  return `${horns}${mirror(horns)}${ear}${mirror(ear)}${lit(`${id}h`, skull, coat)}<g clip-path="url(#${id}h)"><path d="M100 26v22M80 29l4 17M120 29l-4 17" stroke="${coat.shade}" stroke-width="9" stroke-linecap="round"/><path d="M42 86l14 3M42 98l12-1M158 86l-14 3M158 98l-12-1" stroke="${coat.shade}" stroke-width="6" stroke-linecap="round"/><ellipse cx="100" cy="108" rx="35" ry="21" fill="${CREAM.base}"/><ellipse cx="68" cy="52" rx="13" ry="7" transform="rotate(-34 68 52)" fill="#fff" opacity=".55"/></g>${face(mood, coat.line, 80, `hsl(${(hue + 140) % 360} 60% 42%)`)}`;
}

function body(id: string, hue: number, grown: boolean): string {
  const coat = tones(hue);
  const gold = tones((hue + 32) % 360, 92, 58);
  const line = coat.line;
  const wing = grown
    ? `<path d="M66 124L22 60C18 54 10 56 10 64C8 84 10 104 20 126C28 118 36 120 40 132C48 124 56 126 62 138z" fill="${gold.base}" stroke="${line}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M22 66L40 128M20 64L60 134M16 66L22 120" stroke="${gold.shade}" stroke-width="3.4" stroke-linecap="round"/>`
    : `<path d="M68 130L40 104C34 100 30 106 31 112C32 124 38 134 46 140C50 134 56 136 60 144z" fill="${gold.base}" stroke="${line}" stroke-width="${LINE}" stroke-linejoin="round"/>`;
  const tail = `<path d="M128 176C164 178 182 158 180 130C180 118 168 116 166 126C166 146 152 154 132 152z"/>`;
  const tip = `<path d="M180 134C188 116 184 102 174 96C160 106 158 120 166 128z" fill="${gold.base}" stroke="${line}" stroke-width="${LINE}" stroke-linejoin="round"/>`;
  const trunk = '<path d="M100 108C132 108 146 138 144 162C142 182 124 188 100 188S58 182 56 162C54 138 68 108 100 108z"/>';
  const arm = `<path d="M66 132C52 134 46 150 52 162C56 170 68 168 70 158z" fill="${coat.base}" stroke="${line}" stroke-width="${LINE}" stroke-linejoin="round"/>`;
  const foot = `<path d="M62 190C60 178 72 174 82 176C94 178 96 186 94 192z" fill="${coat.base}" stroke="${line}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M72 190v-5M82 190v-5" stroke="${line}" stroke-width="2.6" stroke-linecap="round"/>`;
  const belly = `<g clip-path="url(#${id}b)"><ellipse cx="100" cy="162" rx="29" ry="38" fill="${CREAM.base}"/><path d="M76 148q24 9 48 0M73 162q27 9 54 0M77 176q23 8 46 0" fill="none" stroke="${CREAM.shade}" stroke-width="4" stroke-linecap="round"/></g>`;
  return `<g class="pet-tail">${lit(`${id}t`, tail, coat, -4, -4)}${tip}</g><g class="pet-wings">${wing}${mirror(wing)}</g>${lit(`${id}b`, trunk, coat)}${belly}${arm}${mirror(arm)}${foot}${mirror(foot)}`;
}

/** The drawing as the inside of an SVG of 200 by 200. */
export function pet(id: string, { stage, mood, hue }: PetLook): string {
  const ground = '<ellipse class="pet-ground" cx="100" cy="190" rx="66" ry="8" fill="#2b1a45" opacity=".2"/>';
  if (stage === "egg") return ground + egg(id, hue);
  const line = tones(hue).line;
  if (stage === "shell") return `${ground}<g class="pet-body"><g transform="translate(10 28) scale(.9)">${head(id, hue, mood, 16)}</g>${shell(id, line, hue)}</g>`;
  const size = stage === "young" ? "translate(14 30) scale(.86)" : "translate(0 4)";
  return `${ground}<g class="pet-body"><g transform="${size}">${body(id, hue, stage === "grown")}<g class="pet-head">${head(id, hue, mood, stage === "grown" ? 34 : 20)}</g></g></g>`;
}
