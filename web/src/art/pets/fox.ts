/** The fox: on four legs, with a bushy tail. */
import { flat, lit, mirror } from "../paint";
import { type Brush, marks, type Species } from "./brush";
import { cheeks, eyes, mouth, snore } from "./face";

const SKULL = '<path d="M100 40C130 40 150 56 153 78C158 88 168 94 176 96C168 106 156 110 146 110C136 120 118 124 100 124S64 120 54 110C44 110 32 106 24 96C32 94 42 88 47 78C50 56 70 40 100 40z"/>';

function crest({ traits, accent, coat, line }: Brush, grown: boolean): string {
  if (traits.crest === 1) return `${flat('<path d="M100 46C92 34 94 22 100 12C106 22 108 34 100 46z"/><path d="M98 46C84 44 78 36 76 28C88 28 98 34 100 44zM102 46C116 44 122 36 124 28C112 28 102 34 100 44z"/>', accent.base, line)}`;
  if (traits.crest === 2 && grown) {
    const antler = `<path d="M82 46C76 30 66 22 56 18M72 28C74 18 72 10 68 4M62 21C56 22 50 20 46 14" fill="none" stroke="${line}" stroke-width="12" stroke-linecap="round"/><path d="M82 46C76 30 66 22 56 18M72 28C74 18 72 10 68 4M62 21C56 22 50 20 46 14" fill="none" stroke="#c08a54" stroke-width="5" stroke-linecap="round"/>`;
    return antler + mirror(antler);
  }
  return flat('<path d="M82 44C84 32 92 26 100 24C98 30 100 34 104 30C106 26 112 26 116 28C112 34 116 40 118 45z"/>', traits.crest === 2 ? accent.base : coat.base, line);
}

function head(brush: Brush, grown: boolean): string {
  const { id, coat, accent, cream, line } = brush;
  const ear = `${flat('<path d="M52 66C44 46 42 26 46 12C62 16 80 30 88 46z"/>', coat.base, line)}<path d="M58 54C53 42 52 32 53 26C62 30 70 38 75 46z" fill="${accent.base}"/>`;
  const face = `<g clip-path="url(#${id}h)"><path d="M20 94C52 88 82 94 100 106C118 94 148 88 180 94V130H20z" fill="${cream.base}"/><ellipse cx="70" cy="56" rx="13" ry="6" transform="rotate(-28 70 56)" fill="#fff" opacity=".55"/></g>`;
  const nose = `<path d="M92 99q8-5 16 0q-2 8-8 8t-8-8z" fill="${line}"/><ellipse cx="97" cy="100" rx="2.4" ry="1.4" fill="#fff" opacity=".8"/>`;
  return `${ear}${mirror(ear)}${lit(`${id}h`, SKULL, coat)}${marks(brush, "h", [[100, 60, 15], [84, 58, 12], [116, 58, 12], [62, 84, 12], [138, 84, 12]])}${face}${crest(brush, grown)}${cheeks(100, 102, 44)}${eyes(brush, { y: 83, gap: 27 })}${nose}${mouth(brush, 100, 107)}${snore(brush, 158, 44)}`;
}

const TAILS = [
  '<path d="M146 154C180 160 200 132 194 96C191 80 180 66 166 58C168 82 160 98 148 110C136 122 132 148 146 154z"/>',
  '<path d="M146 154C170 160 188 148 190 128C200 122 200 106 190 100C194 86 184 74 170 72C162 64 148 70 150 82C162 84 166 92 160 102C150 112 138 118 146 154z"/>',
  '<path d="M144 152C164 158 184 154 194 140C190 138 188 136 188 132C194 126 198 118 198 108C192 110 188 108 186 104C190 94 188 82 180 72C166 92 152 104 146 118C140 130 138 146 144 152z"/>',
];

function body(brush: Brush, grown: boolean): string {
  const { id, coat, accent, cream, line } = brush;
  const leg = (x: number, tone: string, sock: string) => `${flat(`<path d="M${x + 1} 150C${x} 164 ${x + 2} 172 ${x} 182C${x} 192 ${x + 25} 192 ${x + 25} 182C${x + 23} 172 ${x + 25} 164 ${x + 23} 150"/>`, tone, line)}<path d="M${x + 3.4} 174q4-4 9-1q5-3 9 1l1.4 8C${x + 21} 188 ${x + 4} 188 ${x + 2.4} 182z" fill="${sock}"/><path d="M${x + 9} 188v-5M${x + 16} 188v-5" stroke="${line}" stroke-width="2.4" stroke-linecap="round"/>`;
  const trunk = '<path d="M46 138C46 112 66 100 98 100C134 98 164 112 164 140C164 160 150 168 134 168H76C56 168 46 158 46 138z"/>';
  const tip = `<g clip-path="url(#${id}t)"><path d="M150 40H210V94C196 84 188 96 178 88C170 98 160 90 150 98z" fill="${accent.light}"/></g>`;
  const ruff = grown ? flat('<path d="M44 96C34 112 38 136 50 148C53 144 57 146 60 153C66 158 72 158 77 153C79 147 83 147 87 150C101 140 110 116 100 96z"/>', cream.base, line) : `<g clip-path="url(#${id}b)"><ellipse cx="66" cy="142" rx="26" ry="24" fill="${cream.base}"/></g>`;
  const haunch = `<g clip-path="url(#${id}b)"><ellipse cx="142" cy="146" rx="23" ry="25" fill="${coat.base}" stroke="${coat.shade}" stroke-width="4"/></g>`;
  const whole = `<g class="pet-tail">${lit(`${id}t`, TAILS[brush.traits.tail] ?? "", coat, -5, -4)}${tip}<g fill="none" stroke="${line}" stroke-width="4.2" stroke-linejoin="round">${TAILS[brush.traits.tail] ?? ""}</g></g>${leg(84, coat.shade, accent.shade)}${leg(112, coat.shade, accent.shade)}${lit(`${id}b`, trunk, coat)}${marks(brush, "b", [[112, 112, 16], [130, 118, 16], [148, 128, 14], [120, 134, 12]])}${haunch}${leg(56, coat.base, accent.base)}${leg(132, coat.base, accent.base)}${ruff}`;
  const face = `<g class="pet-head" transform="${grown ? "translate(-10 10) scale(.82)" : "translate(-16 6) scale(.92)"}">${head(brush, grown)}</g>`;
  return grown ? whole + face : `<g transform="translate(20 38) scale(.8)">${whole}${face}</g>`;
}

export const fox: Species = { id: "fox", name: "Fox", head: (brush) => head(brush, false), body };
