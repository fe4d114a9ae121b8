/** The bird: round, on thin legs, with a tail to be proud of. */
import { flat, lit, two } from "../paint";
import { type Brush, marks, type Species } from "./brush";
import { cheeks, eyes, snore } from "./face";

const HEAD = '<path d="M100 32C138 32 156 58 154 86C152 112 132 126 100 126S48 112 46 86C44 58 62 32 100 32z"/>';
const BALL = '<path d="M88 36C126 34 148 60 152 92C166 100 178 98 190 90C192 116 178 142 156 154C144 168 120 178 94 178C54 178 32 148 32 108C32 66 54 38 88 36z"/>';

function beak({ mood, line }: Brush, x: number, y: number): string {
  const gold = "#ffb53d";
  if (mood === "happy") return `${flat(`<path d="M${x - 12} ${y + 3}q12-10 24 0q-5 17-12 17t-12-17z"/>`, line, line, 3.4)}${flat(`<path d="M${x - 12} ${y + 3}q12-12 24 0q-12 6-24 0z"/>`, gold, line, 3.4)}<path d="M${x - 5} ${y + 14}q5-5 10 0q-2 4-5 4t-5-4z" fill="#ff7d8e"/>`;
  return `${flat(`<path d="M${x - 12} ${y + 4}q12-13 24 0q-6 13-12 13t-12-13z"/>`, gold, line, 3.4)}<path d="M${x - 10} ${y + 5}q10 5 20 0" fill="none" stroke="${line}" stroke-width="2.6" stroke-linecap="round"/>`;
}

function crest({ traits, accent, coat, line }: Brush, x: number, y: number, tall: number): string {
  const plume = (lean: number, height: number, fill: string): string => {
    const top = two(y - height);
    const middle = two(y - height / 2);
    return flat(`<path d="M${x - 5} ${y}C${x + lean - 10} ${middle} ${x + lean - 6} ${top} ${x + lean} ${top}C${x + lean + 8} ${top} ${x + lean + 6} ${middle} ${x + 5} ${y}z"/>`, fill, line);
  };
  if (traits.crest === 1) return plume(0, tall, accent.base);
  if (traits.crest === 2) return `${plume(-22, tall * 0.7, accent.base)}${plume(22, tall * 0.7, accent.base)}${plume(0, tall, accent.light)}`;
  return `${plume(-9, tall * 0.6, coat.base)}${plume(10, tall * 0.55, coat.base)}`;
}

/** A mask of light feathers, eyes and beak around (x, y). */
function face(brush: Brush, clip: string, x: number, y: number): string {
  const { id, cream } = brush;
  return `<g clip-path="url(#${id}${clip})"><path d="M${x} ${y - 12}C${x + 14} ${y - 34} ${x + 52} ${y - 28} ${x + 50} ${y + 6}C${x + 48} ${y + 34} ${x + 20} ${y + 38} ${x} ${y + 38}S${x - 48} ${y + 34} ${x - 50} ${y + 6}C${x - 52} ${y - 28} ${x - 14} ${y - 34} ${x} ${y - 12}z" fill="${cream.base}"/></g>${cheeks(x, y + 20, 35)}${eyes(brush, { x, y, gap: 23 })}${beak(brush, x, y + 8)}`;
}

function head(brush: Brush): string {
  const gleam = `<ellipse cx="68" cy="52" rx="13" ry="6" transform="rotate(-32 68 52)" fill="#fff" opacity=".55"/>`;
  return `${crest(brush, 100, 38, 24)}${lit(`${brush.id}h`, HEAD, brush.coat)}${marks(brush, "h", [[84, 44, 12], [100, 40, 12], [116, 44, 12]])}${face(brush, "h", 100, 84)}${gleam}${snore(brush, 152, 40)}`;
}

const PLUMES = ["M140 118C160 112 180 92 188 66C200 92 190 128 158 146z", "M138 110C156 96 164 70 160 44C180 62 186 98 164 132z", "M142 132C168 132 190 120 200 102C204 130 184 152 152 156z"];

function tail(brush: Brush, grown: boolean): string {
  const { traits, accent, line } = brush;
  if (!grown) return "";
  const eye = traits.tail === 1 ? [[183, 92], [166, 70], [190, 128]].map(([x, y]) => `<circle cx="${x}" cy="${y}" r="7" fill="${accent.light}" stroke="${line}" stroke-width="3"/><circle cx="${x}" cy="${y}" r="2.6" fill="${line}"/>`).join("") : "";
  const flame = traits.tail === 2 ? `<path d="M176 84C178 96 172 112 160 124M160 66C164 82 162 100 154 112M190 120C184 132 172 140 160 142" fill="none" stroke="${accent.light}" stroke-width="6" stroke-linecap="round"/>` : "";
  const quill = traits.tail === 0 ? `<path d="M184 84L152 134M161 60L152 116M194 116L154 146" fill="none" stroke="${accent.shade}" stroke-width="3.4" stroke-linecap="round"/>` : "";
  return `<g class="pet-tail">${flat(PLUMES.map((d) => `<path d="${d}"/>`).join(""), accent.base, line)}${quill}${flame}${eye}</g>`;
}

function body(brush: Brush, grown: boolean): string {
  const { id, coat, accent, cream, line } = brush;
  const foot = (x: number) => `<path d="M${x} 170V188M${x - 11} 191L${x} 184L${x + 11} 191M${x} 184V191" fill="none" stroke="${line}" stroke-width="8.6" stroke-linecap="round" stroke-linejoin="round"/><path d="M${x} 170V188M${x - 11} 191L${x} 184L${x + 11} 191M${x} 184V191" fill="none" stroke="#ffb53d" stroke-width="3.8" stroke-linecap="round" stroke-linejoin="round"/>`;
  const belly = `<g clip-path="url(#${id}b)"><ellipse cx="80" cy="156" rx="42" ry="30" fill="${cream.base}"/><path d="M58 150q6 7 12 0M76 158q6 7 12 0M94 150q6 7 12 0M64 168q6 6 12 0" fill="none" stroke="${cream.shade}" stroke-width="3.6" stroke-linecap="round"/></g>`;
  const wing = grown
    ? `${flat('<path d="M112 112C132 98 160 102 174 118C168 126 164 126 166 134C156 134 154 138 154 146C144 144 140 148 138 154C122 158 104 146 106 128C106 122 108 116 112 112z"/>', accent.base, line)}<path d="M128 120C140 116 150 118 158 122M124 132C134 130 142 132 148 136" fill="none" stroke="${accent.shade}" stroke-width="3.8" stroke-linecap="round"/>`
    : flat('<path d="M118 116C134 108 150 116 154 128C146 134 144 138 136 144C122 146 110 134 118 116z"/>', accent.base, line);
  const gleam = `<ellipse cx="58" cy="60" rx="14" ry="7" transform="rotate(-38 58 60)" fill="#fff" opacity=".55"/>`;
  const whole = `${tail(brush, grown)}${foot(78)}${foot(110)}<g class="pet-head">${crest(brush, 88, 42, grown ? 34 : 22)}</g>${lit(`${id}b`, BALL, coat)}${marks(brush, "b", [[120, 62, 13], [134, 82, 13], [140, 104, 12], [66, 50, 10], [106, 48, 12]])}${belly}${face(brush, "b", 84, 96)}${gleam}<g class="pet-wings">${wing}</g>${snore(brush, 140, 40)}`;
  return grown ? whole : `<g transform="translate(26 38) scale(.8)">${whole}</g>`;
}

export const bird: Species = { id: "bird", name: "Bird", head, body };
