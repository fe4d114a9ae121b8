/** The serpent: all neck and coils, with fins like a collar. */
import { flat, lit, mirror, tube, two } from "../paint";
import { type Brush, marks, type Species } from "./brush";
import { cheeks, eyes, mouth, snore } from "./face";

const SKULL = '<path d="M100 42C134 42 156 60 154 84C152 108 126 118 100 118S48 108 46 84C44 60 66 42 100 42z"/>';

function crest({ traits, accent, line }: Brush, grown: boolean): string {
  const tall = grown ? 34 : 22;
  const horn = flat(`<path d="M88 46C90 ${46 - tall} 100 ${42 - tall} 112 ${40 - tall}C106 ${50 - tall} 110 40 114 46z"/>`, accent.light, line);
  if (traits.crest === 1) return horn;
  if (traits.crest === 2) return flat(`<path d="M70 54L66 ${two(56 - tall * 0.7)}L84 44L100 ${44 - tall}L116 44L134 ${two(56 - tall * 0.7)}L130 54z"/>`, accent.base, line);
  return flat(`<path d="M78 48C82 ${two(50 - tall * 0.8)} 94 ${46 - tall} 104 ${48 - tall}C100 ${two(54 - tall * 0.6)} 110 ${two(52 - tall * 0.5)} 118 ${two(50 - tall * 0.4)}C114 44 120 44 122 50z"/>`, accent.base, line);
}

function head(brush: Brush, grown: boolean): string {
  const { id, coat, accent, cream, line, mood } = brush;
  const fin = grown
    ? `${flat('<path d="M56 62C40 50 26 46 10 34C8 56 10 70 16 80C10 88 12 100 18 108C32 112 48 110 58 102z"/>', accent.base, line)}<path d="M54 72L22 50M52 84L22 82M54 96L28 102" stroke="${accent.shade}" stroke-width="3.6" stroke-linecap="round"/>`
    : `${flat('<path d="M56 70C42 60 32 58 22 50C18 68 22 84 30 96C42 102 52 100 58 96z"/>', accent.base, line)}<path d="M54 78L34 66M52 88L36 88" stroke="${accent.shade}" stroke-width="3.4" stroke-linecap="round"/>`;
  const chin = `<g clip-path="url(#${id}h)"><ellipse cx="100" cy="110" rx="42" ry="19" fill="${cream.base}"/><ellipse cx="68" cy="60" rx="13" ry="6" transform="rotate(-30 68 60)" fill="#fff" opacity=".55"/></g>`;
  const nose = `<path d="M94 94l3 3M106 94l-3 3" stroke="${line}" stroke-width="3.2" stroke-linecap="round"/>`;
  const tongue = mood === "curious" ? `<path d="M100 112v13l-5 6M100 125l5 6" fill="none" stroke="#e8455f" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>` : "";
  return `${fin}${mirror(fin)}${crest(brush, grown)}${lit(`${id}h`, SKULL, coat)}${marks(brush, "h", [[100, 54, 14], [82, 57, 12], [118, 57, 12], [56, 88, 11], [144, 88, 11]])}${chin}${cheeks(100, 98, 40)}${eyes(brush, { y: 80, gap: 26 })}${nose}${tongue}${mouth(brush, 100, 102)}${snore(brush, 156, 44)}`;
}

const TIPS = ['<path d="M180 130C172 116 176 104 184 94C194 104 198 118 190 132z"/>', '<path d="M184 134C168 124 166 104 172 92L184 106L196 92C202 106 200 124 188 134z"/>', '<path d="M178 130a8 8 0 1 1 14 0zM180 114a7 7 0 1 1 10 0z"/>'];

function body(brush: Brush, grown: boolean): string {
  const { id, coat, accent, cream, line, traits } = brush;
  const wide = grown ? 34 : 30;
  const neck = grown ? "M120 158C152 146 148 112 116 108C100 104 98 92 100 78" : "M116 160C140 152 134 126 108 122C100 120 99 112 100 100";
  const scales = grown ? "M112 104C104 100 100 92 100 84" : "M106 118C101 114 100 108 100 102";
  const plates = `<g fill="none" stroke-linecap="round"><path d="${scales}" stroke="${cream.base}" stroke-width="${wide - 18}"/></g>`;
  const coil = "M42 164C42 190 158 190 158 164";
  const belt = traits.pattern === "plain" ? "" : `<path d="M60 176l3 8M82 182l1 8M104 183v8M126 181l-2 8M144 175l-4 7" stroke="${coat.shade}" stroke-width="7" stroke-linecap="round" transform="translate(0 -9)"/>`;
  const fins = grown ? flat('<path d="M150 128C162 122 168 112 168 102C156 104 148 110 144 116z"/>', accent.base, line) : "";
  const end = `<g class="pet-tail">${tube("M150 172C178 178 190 160 185 134", 15, coat)}${flat(TIPS[traits.tail] ?? "", accent.base, line)}</g>`;
  const whole = `${end}${tube("M42 164C42 140 158 140 158 164", wide, { ...coat, base: coat.shade })}${fins}${tube(neck, wide, coat)}${plates}${tube(coil, wide, coat)}${belt}<path d="M52 172C62 180 84 183 104 183" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" opacity=".5" transform="translate(0 -14)"/>`;
  const face = `<g class="pet-head" transform="${grown ? "translate(8 -6) scale(.92)" : "translate(12 22) scale(.88)"}">${head({ ...brush, id }, grown)}</g>`;
  return grown ? `<g transform="translate(0 -4)">${whole}${face}</g>` : `<g transform="translate(15 24) scale(.86)">${whole}${face}</g>`;
}

export const serpent: Species = { id: "serpent", name: "Serpent", head: (brush) => head(brush, false), body };
