/** The dragon: upright, winged; Ember is one. */
import { flat, lit, mirror, two } from "../paint";
import { type Brush, marks, type Species } from "./brush";
import { cheeks, eyes, mouth, snore } from "./face";

const SKULL = '<path d="M100 30C136 30 154 54 154 82C154 108 130 122 100 122S46 108 46 82C46 54 64 30 100 30z"/>';

function horns({ traits, line }: Brush, long: number): string {
  const lean = traits.crest === 1 ? 12 : 0;
  const horn = `<path d="M84 40C66 ${two(38 - long * 0.3)} ${two(56 - lean)} ${two(30 - long * 0.6)} ${two(58 - lean)} ${two(34 - long)}C74 ${two(36 - long * 0.8)} 92 ${two(34 - long * 0.2)} 96 36z" fill="#ffe9bd" stroke="${line}" stroke-width="4.2" stroke-linejoin="round"/><path d="M${two(66 - lean * 0.6)} ${two(37 - long * 0.8)}q10 4 16 12" fill="none" stroke="#e6c184" stroke-width="3" stroke-linecap="round"/>`;
  const third = traits.crest === 2 ? flat(`<path d="M91 36L100 ${two(36 - long * 0.9)}L109 36z"/>`, "#ffe9bd", line) : "";
  return horn + mirror(horn) + third;
}

function head(brush: Brush, long: number): string {
  const { id, coat, accent, cream, line } = brush;
  const ear = `${flat('<path d="M58 64C46 54 32 50 18 54C20 64 24 70 30 74C26 78 26 84 30 90C40 98 50 96 58 92z"/>', accent.base, line)}<path d="M53 72L30 62M52 84L38 84" fill="none" stroke="${accent.shade}" stroke-width="4" stroke-linecap="round"/>`;
  const pattern = marks(brush, "h", [[100, 38, 22], [80, 40, 17], [120, 40, 17], [48, 88, 14], [152, 88, 14], [52, 102, 12], [148, 102, 12]]);
  const nose = `<circle cx="95" cy="94" r="1.9" fill="${line}"/><circle cx="105" cy="94" r="1.9" fill="${line}"/>`;
  return `${horns(brush, long)}${ear}${mirror(ear)}${lit(`${id}h`, SKULL, coat)}${pattern}<g clip-path="url(#${id}h)"><ellipse cx="100" cy="108" rx="35" ry="21" fill="${cream.base}"/><ellipse cx="68" cy="52" rx="13" ry="7" transform="rotate(-34 68 52)" fill="#fff" opacity=".55"/></g>${cheeks(100, 97, 37)}${eyes(brush, { y: 80 })}${nose}${mouth(brush, 100, 102)}${snore(brush, 152, 40)}`;
}

const TIPS = [
  '<path d="M180 134C188 116 184 102 174 96C160 106 158 120 166 128z"/>',
  '<path d="M174 92L196 112L178 116L186 134L172 128L160 136L164 118L152 106z"/>',
  '<path d="M173 134C152 128 154 104 166 88C168 98 172 98 176 86C190 100 198 124 180 134z"/>',
];

function body(brush: Brush, grown: boolean): string {
  const { id, coat, accent, cream, line } = brush;
  const wing = grown
    ? `${flat('<path d="M66 122C50 100 30 80 4 66C-2 90 0 114 10 138C18 128 28 130 32 142C42 132 54 136 60 150z"/>', accent.base, line)}<path d="M12 76L54 140M10 78L30 132M8 80L11 128" stroke="${accent.shade}" stroke-width="3.4" stroke-linecap="round"/>`
    : flat('<path d="M68 130L40 104C34 100 30 106 31 112C32 124 38 134 46 140C50 134 56 136 60 144z"/>', accent.base, line);
  const tail = '<path d="M128 176C164 178 182 158 180 130C180 118 168 116 166 126C166 146 152 154 132 152z"/>';
  const trunk = '<path d="M100 108C132 108 146 138 144 162C142 182 124 188 100 188S58 182 56 162C54 138 68 108 100 108z"/>';
  const arm = flat('<path d="M66 132C52 134 46 150 52 162C56 170 68 168 70 158z"/>', coat.base, line);
  const foot = `${flat('<path d="M62 190C60 178 72 174 82 176C94 178 96 186 94 192z"/>', coat.base, line)}<path d="M72 190v-5M82 190v-5" stroke="${line}" stroke-width="2.6" stroke-linecap="round"/>`;
  const belly = `<g clip-path="url(#${id}b)"><ellipse cx="100" cy="162" rx="29" ry="38" fill="${cream.base}"/><path d="M76 148q24 9 48 0M73 162q27 9 54 0M77 176q23 8 46 0" fill="none" stroke="${cream.shade}" stroke-width="4" stroke-linecap="round"/></g>`;
  const whole = `<g class="pet-tail">${lit(`${id}t`, tail, coat, -4, -4)}${flat(TIPS[brush.traits.tail] ?? "", accent.base, line)}</g><g class="pet-wings">${wing}${mirror(wing)}</g>${lit(`${id}b`, trunk, coat)}${belly}${arm}${mirror(arm)}${foot}${mirror(foot)}<g class="pet-head">${head(brush, grown ? 34 : 20)}</g>`;
  return grown ? `<g transform="translate(0 4)">${whole}</g>` : `<g transform="translate(14 30) scale(.86)">${whole}</g>`;
}

export const dragon: Species = { id: "dragon", name: "Dragon", head: (brush) => head(brush, 16), body };
