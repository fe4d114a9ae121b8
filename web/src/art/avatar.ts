/** People, painted in named layers: back, hairBack, outfit, head, hairFront, headgear, hand. */
import { INK, LINE, lit, mirror, tones } from "./paint";

export interface AvatarLook {
  skin: number;
  hair: string;
  hair_hue: number;
  outfit: string;
  outfit_hue: number;
  headgear: string | null;
  hand: string | null;
  background: string;
}

export const SKIN_TONES = [
  { id: "porcelain", name: "Porcelain", base: "#ffdcc4", shade: "#f0bb9c" },
  { id: "sand", name: "Sand", base: "#f5c196", shade: "#de9f70" },
  { id: "honey", name: "Honey", base: "#d99c66", shade: "#bd7f4b" },
  { id: "umber", name: "Umber", base: "#a8693f", shade: "#8b522e" },
  { id: "cocoa", name: "Cocoa", base: "#7a4a30", shade: "#613720" },
  { id: "ebony", name: "Ebony", base: "#573322", shade: "#432416" },
];

type Paint = (id: string, hue: number) => string;
const line = (markup: string, fill: string): string => `<g fill="${fill}" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round" stroke-linecap="round">${markup}</g>`;
const inked = (hue: number, s = 70, l = 60) => ({ ...tones(hue, s, l), line: INK });

const SCENES: Record<string, string> = {
  meadow: '<rect width="200" height="240" fill="#bfe8ff"/><circle cx="156" cy="46" r="24" fill="#fff0a8"/><path d="M22 66a14 14 0 0 1 26-6a12 12 0 0 1 20 8z" fill="#fff"/><path d="M0 158Q60 118 120 152T200 132V240H0z" fill="#a2dc86"/><path d="M0 188Q90 152 200 192V240H0z" fill="#6cc267"/>',
  night: '<rect width="200" height="240" fill="#2f2268"/><path d="M160 26a22 22 0 1 0 16 34a25 25 0 0 1-16-34z" fill="#ffeaa8"/><path d="M34 40l3 8l8 3l-8 3l-3 8l-3-8l-8-3l8-3zM72 22l2 5l5 2l-5 2l-2 5l-2-5l-5-2l5-2zM178 96l2 5l5 2l-5 2l-2 5l-2-5l-5-2l5-2z" fill="#ffeaa8"/><path d="M0 176L50 132L96 172L150 122L200 170V240H0z" fill="#1f1548"/><path d="M0 204Q100 176 200 206V240H0z" fill="#160e36"/>',
  hall: '<rect width="200" height="240" fill="#1d5a4a"/><path d="M14 40H40V240H14zM160 40H186V240H160z" fill="#164638"/><path d="M8 32H46V46H8zM154 32H192V46H154z" fill="#2c7560"/><path d="M50 56H70V124L60 112L50 124zM130 56H150V124L140 112L130 124z" fill="#e0a63a"/><path d="M62 240L84 176H116L138 240z" fill="#c8412b"/><rect y="206" width="200" height="34" fill="#0f3329" opacity=".5"/>',
  shore: '<rect width="200" height="240" fill="#ffd9a0"/><rect width="200" height="70" fill="#ff9e7a"/><rect y="70" width="200" height="44" fill="#ffbb87"/><circle cx="142" cy="134" r="32" fill="#fff0a8"/><rect y="136" width="200" height="104" fill="#5a70d8"/><path d="M0 152q16-9 32 0t32 0t32 0t32 0t32 0t40 0M0 178q20-9 40 0t40 0t40 0t40 0t40 0" stroke="#8fa0f0" stroke-width="4" fill="none"/>',
};

const HAIR_BACK: Record<string, Paint> = {
  long: (id, hue) => lit(`${id}hb`, '<path d="M100 28C146 28 158 66 160 104C162 142 168 176 164 204C144 214 56 214 36 204C32 176 38 142 40 104C42 66 54 28 100 28z"/>', inked(hue, 62, 58)),
  bob: (id, hue) => lit(`${id}hb`, '<path d="M100 30C146 30 160 66 158 104C157 126 150 138 138 140H62C50 138 43 126 42 104C40 66 54 30 100 30z"/>', inked(hue, 62, 58)),
  buns: (id, hue) => lit(`${id}hb`, '<circle cx="46" cy="46" r="23"/><circle cx="154" cy="46" r="23"/>', inked(hue, 62, 58)),
  curls: (id, hue) => lit(`${id}hb`, '<path d="M58 48a22 22 0 0 1 30-22a22 22 0 0 1 36 2a22 22 0 0 1 28 26a20 20 0 0 1 8 34a20 20 0 0 1-10 32H50a20 20 0 0 1-10-32a20 20 0 0 1 18-40z"/>', inked(hue, 62, 58)),
};
const FRINGE: Record<string, string> = {
  long: '<path d="M46 92C42 48 68 28 100 28S158 48 154 92C150 84 146 74 138 66C122 74 96 72 82 58C74 70 54 76 46 92z"/>',
  bob: '<path d="M44 96C40 50 66 28 100 28S160 50 156 96C152 88 150 78 148 72H52C50 78 48 88 44 96z"/>',
  buns: '<path d="M48 88C44 50 70 30 100 30S156 50 152 88C146 72 124 64 100 58C76 64 54 72 48 88z"/>',
  curls: '<path d="M46 92a14 14 0 0 1 8-26a16 16 0 0 1 22-18a16 16 0 0 1 26-6a16 16 0 0 1 26 6a16 16 0 0 1 20 20a14 14 0 0 1 6 24a16 16 0 0 1-20-14a18 18 0 0 1-28-2a18 18 0 0 1-28 2a16 16 0 0 1-32 14z"/>',
  short: '<path d="M46 88C44 46 70 28 102 28S156 50 154 86C150 78 148 72 144 66C128 70 104 68 96 56C88 66 60 68 52 72z"/>',
  spiky: '<path d="M46 90L36 66L50 64L46 40L66 48L72 24L90 40L104 16L116 38L136 26L138 48L158 44L152 66L166 72L154 90C150 80 144 72 138 68L124 76L112 64L98 76L84 64L70 76L58 70z"/>',
};

const OUTFITS_PAINT: Record<string, Paint> = {
  robe: (id, hue) => {
    const tone = inked(hue, 70, 70);
    return `${lit(`${id}of`, '<path d="M74 134C56 150 48 190 44 218C80 230 120 230 156 218C152 190 144 150 126 134z"/>', tone)}<path d="M88 134H112L116 226H84z" fill="#ffe8a6" stroke="${INK}" stroke-width="3"/>${sleeve(tone)}${mirror(sleeve(tone))}<path d="M64 184q36 12 72 0" fill="none" stroke="${INK}" stroke-width="10" stroke-linecap="round"/><path d="M64 184q36 12 72 0" fill="none" stroke="#ffcb47" stroke-width="5.4" stroke-linecap="round"/>`;
  },
  hoodie: (id, hue) => {
    const tone = inked(hue, 66, 60);
    return `${legs("#4a4a78")}${lit(`${id}of`, '<path d="M72 138C62 150 60 176 60 200H140C140 176 138 150 128 138z"/>', tone)}<path d="M78 174H122L116 196H84z" fill="${tone.shade}" stroke="${INK}" stroke-width="3" stroke-linejoin="round"/><path d="M74 136C84 152 116 152 126 136" fill="none" stroke="${tone.shade}" stroke-width="9" stroke-linecap="round"/><path d="M92 148v14M108 148v14" stroke="#fff" stroke-width="3.6" stroke-linecap="round"/>${sleeve(tone)}${mirror(sleeve(tone))}`;
  },
  armour: (id, hue) => {
    const steel = { base: "#d5dcea", shade: "#a8b2c9", line: INK };
    const cloth = inked(hue, 66, 56);
    return `<path d="M60 142L42 218Q100 230 158 218L140 142z" fill="${cloth.base}" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/>${legs("#5b6180")}${lit(`${id}of`, '<path d="M72 138C64 152 62 178 64 202H136C138 178 136 152 128 138z"/>', steel)}<path d="M64 180H136V190H64z" fill="${cloth.base}" stroke="${INK}" stroke-width="3"/><path d="M100 148l5 9l10 2l-7 8l1 10l-9-4l-9 4l1-10l-7-8l10-2z" fill="#ffcb47" stroke="${INK}" stroke-width="2.6" stroke-linejoin="round"/>${sleeve(steel)}${mirror(sleeve(steel))}`;
  },
  overalls: (id, hue) => {
    const tone = inked(hue, 64, 62);
    const shirt = { base: "#fff4dd", shade: "#e8d5ae", line: INK };
    return `${legs("#7a4a30")}${lit(`${id}sh`, '<path d="M72 138C64 150 64 170 64 180H136C136 170 136 150 128 138z"/>', shirt)}${sleeve(shirt)}${mirror(sleeve(shirt))}${lit(`${id}of`, '<path d="M76 160H124L138 204H62z"/>', tone)}<path d="M80 162L76 140M120 162L124 140" stroke="${INK}" stroke-width="10" stroke-linecap="round"/><path d="M80 162L76 140M120 162L124 140" stroke="${tone.base}" stroke-width="5" stroke-linecap="round"/><circle cx="81" cy="164" r="3.6" fill="#ffcb47"/><circle cx="119" cy="164" r="3.6" fill="#ffcb47"/>`;
  },
};

/** A sleeve that ends in a cuff, so that the hand comes out of cloth. */
const sleeve = (tone: { base: string; shade: string }): string =>
  `<path d="M74 142C58 146 48 166 46 186L66 192C70 178 76 170 80 164z" fill="${tone.base}" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M43 183L69 191L66 200L40 192z" fill="${tone.shade}" stroke="${INK}" stroke-width="3.6" stroke-linejoin="round"/>`;
const legs = (fill: string): string => `${line('<path d="M76 200H96V222H74zM104 200H124L126 222H104z"/>', fill)}${line('<path d="M70 218H97V228H66q0-8 4-10zM103 218H130q4 2 4 10H103z"/>', "#fff")}`;
const hands = (skin: string): string => line('<circle cx="51" cy="200" r="9.5"/><circle cx="149" cy="200" r="9.5"/>', skin);

const HEADGEAR_PAINT: Record<string, Paint> = {
  hat: (id, hue) => `${lit(`${id}hg`, '<path d="M62 62C76 44 78 14 108 -14C118 -20 132 -10 134 2C124 0 122 6 126 20C130 38 134 52 140 62z"/>', inked(hue, 70, 66), -4, -3)}${lit(`${id}hr`, '<path d="M28 66C52 50 148 50 172 66C164 84 36 84 28 66z"/>', inked(hue, 70, 66), -4, -4)}<path d="M62 58q38-12 78 0" fill="none" stroke="#ffcb47" stroke-width="7"/><path d="M100 18l3 7l7 3l-7 3l-3 7l-3-7l-7-3l7-3z" fill="#fff3c4"/>`,
  crown: (id) => `${lit(`${id}hg`, '<path d="M58 54L50 10L78 30L100 0L122 30L150 10L142 54Q100 66 58 54z"/>', { base: "#ffd75e", shade: "#eba827", line: INK })}<circle cx="100" cy="42" r="8" fill="#ef5a6f" stroke="${INK}" stroke-width="3"/><circle cx="74" cy="40" r="5.6" fill="#7cc0ff" stroke="${INK}" stroke-width="3"/><circle cx="126" cy="40" r="5.6" fill="#7cc0ff" stroke="${INK}" stroke-width="3"/>`,
  cap: (id, hue) => `${lit(`${id}hg`, '<path d="M46 66C44 30 72 16 100 16S156 30 154 66Q100 50 46 66z"/>', inked(hue, 66, 52))}<path d="M96 58C130 52 164 60 178 76C160 78 128 78 96 72z" fill="${inked(hue, 66, 46).base}" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/><circle cx="100" cy="16" r="5" fill="${inked(hue, 66, 60).base}" stroke="${INK}" stroke-width="3"/>`,
  ears: (_, hue) => {
    const ear = `<path d="M56 54L48 4L88 32z" fill="${inked(hue, 62, 62).base}" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M60 40L56 18L74 32z" fill="#ffb3c4"/>`;
    return `${ear}${mirror(ear)}<path d="M50 60Q100 10 150 60" fill="none" stroke="${INK}" stroke-width="10"/><path d="M50 60Q100 10 150 60" fill="none" stroke="${inked(hue, 62, 58).base}" stroke-width="5"/>`;
  },
};

const HAND_PAINT: Record<string, Paint> = {
  staff: () => `<path d="M152 226L158 96" stroke="${INK}" stroke-width="12" stroke-linecap="round"/><path d="M152 226L158 96" stroke="#8a5a3c" stroke-width="6" stroke-linecap="round"/><path d="M140 92q18 18 36 0" fill="none" stroke="${INK}" stroke-width="9" stroke-linecap="round"/><path d="M140 92q18 18 36 0" fill="none" stroke="#ffcb47" stroke-width="4.4" stroke-linecap="round"/><circle cx="158" cy="78" r="17" fill="#16a89a" stroke="${INK}" stroke-width="${LINE}"/><ellipse cx="152" cy="71" rx="5" ry="3.6" fill="#fff" opacity=".85"/>`,
  sword: () => `<path d="M146 198L170 118L182 104L182 122L156 202z" fill="#eef2fb" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M156 190L178 116" stroke="#b9c3d8" stroke-width="3"/><path d="M134 188L166 200" stroke="${INK}" stroke-width="13" stroke-linecap="round"/><path d="M134 188L166 200" stroke="#ffcb47" stroke-width="6.6" stroke-linecap="round"/>`,
  book: () => `<g transform="rotate(-10 148 188)"><path d="M124 164H168V212H124z" fill="#4f86f0" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M128 208H166" stroke="#fff" stroke-width="4"/><path d="M146 174l3.4 8l8 3.4l-8 3.4l-3.4 8l-3.4-8l-8-3.4l8-3.4z" fill="#ffe8a6"/></g>`,
  balloon: () => `<path d="M150 198Q162 160 158 112" fill="none" stroke="${INK}" stroke-width="3"/><path d="M158 40C184 40 190 66 184 84C178 102 166 110 158 112C150 110 138 102 132 84C126 66 132 40 158 40z" fill="#ef5a6f" stroke="${INK}" stroke-width="${LINE}"/><ellipse cx="146" cy="62" rx="6" ry="10" transform="rotate(24 146 62)" fill="#fff" opacity=".7"/>`,
};

const FACE = `<g class="pet-eye"><ellipse cx="80" cy="92" rx="7.6" ry="9.4" fill="${INK}"/><circle cx="77.4" cy="88" r="3" fill="#fff"/><ellipse cx="120" cy="92" rx="7.6" ry="9.4" fill="${INK}"/><circle cx="117.4" cy="88" r="3" fill="#fff"/></g><path d="M70 76q9-6 17-1M130 76q-9-6-17-1" fill="none" stroke="${INK}" stroke-width="3.6" stroke-linecap="round"/><ellipse cx="66" cy="106" rx="8" ry="5" fill="#ff5f6f" opacity=".38"/><ellipse cx="134" cy="106" rx="8" ry="5" fill="#ff5f6f" opacity=".38"/><path d="M89 109q11 10 22 0" fill="none" stroke="${INK}" stroke-width="4" stroke-linecap="round"/>`;

/** The drawing as the inside of an SVG of 200 by 240. Unknown ids fall back to the first of their kind. */
export function avatar(id: string, look: AvatarLook): string {
  const skin = SKIN_TONES[look.skin % SKIN_TONES.length] ?? SKIN_TONES[0]!;
  const outfit = OUTFITS_PAINT[look.outfit] ?? OUTFITS_PAINT.robe!;
  const covered = look.headgear === "cap" || look.headgear === "hat";
  // Spikes don't go through a cap: under one, hair lies flat.
  const front = FRINGE[covered && (look.hair === "spiky" || look.hair === "curls") ? "short" : look.hair] ?? FRINGE.short!;
  const layers = [
    '<ellipse cx="100" cy="228" rx="58" ry="8" fill="#1a1030" opacity=".22"/>',
    HAIR_BACK[look.hair]?.(id, look.hair_hue) ?? "",
    outfit(id, look.outfit_hue),
    hands(skin.base),
    line('<path d="M90 120h20v18q-10 8-20 0z"/>', skin.shade),
    line('<circle cx="46" cy="94" r="10"/><circle cx="154" cy="94" r="10"/>', skin.base),
    lit(`${id}sk`, '<path d="M100 34C136 34 152 60 152 88C152 118 130 134 100 134S48 118 48 88C48 60 64 34 100 34z"/>', { ...skin, line: INK }),
    FACE,
    lit(`${id}hf`, front, inked(look.hair_hue, 62, 62), -4, -4),
    look.headgear ? (HEADGEAR_PAINT[look.headgear]?.(id, look.outfit_hue) ?? "") : "",
    look.hand ? (HAND_PAINT[look.hand]?.(id, 0) ?? "") : "",
    look.hand ? line('<circle cx="149" cy="200" r="9.5"/>', skin.base) : "",
  ];
  return `${SCENES[look.background] ?? SCENES.meadow!}<g transform="translate(10 24) scale(.9)">${layers.join("")}</g>`;
}
