/** Clothes, from the neck down to the shoes. */
import { flat, INK, LINE, lit, mirror, tube } from "../paint";
import { inked, type Paint } from "./ink";

interface Cloth {
  base: string;
  shade: string;
}

/** A sleeve that ends in a cuff, so that the hand comes out of cloth. */
const sleeve = (tone: Cloth): string =>
  `<path d="M74 142C58 146 48 166 46 186L66 192C70 178 76 170 80 164z" fill="${tone.base}" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M43 183L69 191L66 200L40 192z" fill="${tone.shade}" stroke="${INK}" stroke-width="3.6" stroke-linejoin="round"/>`;
const sleeves = (tone: Cloth): string => sleeve(tone) + mirror(sleeve(tone));
const legs = (fill: string, shoe = "#fff"): string => flat('<path d="M76 200H96V222H74zM104 200H124L126 222H104z"/>', fill, INK) + flat('<path d="M70 218H97V228H66q0-8 4-10zM103 218H130q4 2 4 10H103z"/>', shoe, INK);
const star = (y: number): string => `<path d="M100 ${y}l5 9l10 2l-7 8l1 10l-9-4l-9 4l1-10l-7-8l10-2z" fill="#ffcb47" stroke="${INK}" stroke-width="2.6" stroke-linejoin="round"/>`;
const CHEST = '<path d="M72 138C64 150 62 176 62 202H138C138 176 136 150 128 138z"/>';

export const OUTFITS_PAINT: Record<string, Paint> = {
  robe: (id, hue) => {
    const tone = inked(hue, 70, 70);
    return `${lit(`${id}of`, '<path d="M74 134C56 150 48 190 44 218C80 230 120 230 156 218C152 190 144 150 126 134z"/>', tone)}<path d="M88 134H112L116 226H84z" fill="#ffe8a6" stroke="${INK}" stroke-width="3"/>${sleeves(tone)}<path d="M64 184q36 12 72 0" fill="none" stroke="${INK}" stroke-width="10" stroke-linecap="round"/><path d="M64 184q36 12 72 0" fill="none" stroke="#ffcb47" stroke-width="5.4" stroke-linecap="round"/>`;
  },
  hoodie: (id, hue) => {
    const tone = inked(hue, 66, 60);
    return `${legs("#4a4a78")}${lit(`${id}of`, '<path d="M72 138C62 150 60 176 60 200H140C140 176 138 150 128 138z"/>', tone)}<path d="M78 174H122L116 196H84z" fill="${tone.shade}" stroke="${INK}" stroke-width="3" stroke-linejoin="round"/><path d="M74 136C84 152 116 152 126 136" fill="none" stroke="${tone.shade}" stroke-width="9" stroke-linecap="round"/><path d="M92 148v14M108 148v14" stroke="#fff" stroke-width="3.6" stroke-linecap="round"/>${sleeves(tone)}`;
  },
  armour: (id, hue) => {
    const steel = { base: "#d5dcea", shade: "#a8b2c9", line: INK };
    const cloth = inked(hue, 66, 56);
    return `<path d="M60 142L42 218Q100 230 158 218L140 142z" fill="${cloth.base}" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/>${legs("#5b6180")}${lit(`${id}of`, '<path d="M72 138C64 152 62 178 64 202H136C138 178 136 152 128 138z"/>', steel)}<path d="M64 180H136V190H64z" fill="${cloth.base}" stroke="${INK}" stroke-width="3"/>${star(148)}${sleeves(steel)}`;
  },
  overalls: (id, hue) => {
    const tone = inked(hue, 64, 62);
    const shirt = { base: "#fff4dd", shade: "#e8d5ae", line: INK };
    return `${legs("#7a4a30")}${lit(`${id}sh`, '<path d="M72 138C64 150 64 170 64 180H136C136 170 136 150 128 138z"/>', shirt)}${sleeves(shirt)}${lit(`${id}of`, '<path d="M76 160H124L138 204H62z"/>', tone)}<path d="M80 162L76 140M120 162L124 140" stroke="${INK}" stroke-width="10" stroke-linecap="round"/><path d="M80 162L76 140M120 162L124 140" stroke="${tone.base}" stroke-width="5" stroke-linecap="round"/><circle cx="81" cy="164" r="3.6" fill="#ffcb47"/><circle cx="119" cy="164" r="3.6" fill="#ffcb47"/>`;
  },
  tunic: (id, hue) => {
    const tone = inked(hue, 56, 56);
    const belt = tube("M66 182q34 10 68 0", 6, { base: "#b07a44", shade: "#8a5a3c", line: INK });
    return `${legs("#6b5a4a", "#8a5a3c")}${sleeves({ base: "#fff4dd", shade: "#e8d5ae" })}${lit(`${id}of`, '<path d="M70 138C62 152 60 184 54 206L72 202L84 210L100 203L116 210L128 202L146 206C140 184 138 152 130 138z"/>', tone)}<path d="M88 136L100 160L112 136z" fill="#fff4dd" stroke="${INK}" stroke-width="3" stroke-linejoin="round"/>${belt}<rect x="92" y="180" width="16" height="13" rx="3" fill="#ffcb47" stroke="${INK}" stroke-width="3"/>`;
  },
  gown: (id, hue) => {
    const tone = inked(hue, 66, 66);
    return `${sleeves(tone)}${lit(`${id}of`, '<path d="M78 136C74 150 76 164 72 174C58 190 48 206 42 220C60 230 80 224 100 228C120 224 140 230 158 220C152 206 142 190 128 174C124 164 126 150 122 136z"/>', tone)}<path d="M46 212q14 8 27 2t27 4t27-4t27-2" fill="none" stroke="${tone.light}" stroke-width="6" stroke-linecap="round"/>${tube("M74 174q26 9 52 0", 5, { base: tone.light, shade: tone.shade, line: INK })}<path d="M100 172l9-7v13zM100 172l-9-7v13z" fill="${tone.light}" stroke="${INK}" stroke-width="2.8" stroke-linejoin="round"/>`;
  },
  explorer: (id, hue) => {
    const jacket = inked(34, 46, 60);
    const scarf = inked(hue, 68, 58);
    return `${legs("#5d6b4f", "#7a4a30")}${lit(`${id}of`, CHEST, jacket)}<path d="M100 150V202" stroke="${INK}" stroke-width="3"/><path d="M72 178h18v14H72zM110 178h18v14h-18z" fill="${jacket.shade}" stroke="${INK}" stroke-width="3" stroke-linejoin="round"/>${sleeves(jacket)}${flat('<path d="M112 142L126 150L122 180L108 178z"/>', scarf.shade, INK)}${tube("M76 140q24 14 48 0", 11, scarf)}`;
  },
  apron: (id, hue) => {
    const shirt = inked(hue, 58, 62);
    return `${legs("#4a4a78")}${lit(`${id}of`, CHEST, shirt)}${sleeves(shirt)}${lit(`${id}ap`, '<path d="M82 148H118L122 170L132 208H68L78 170z"/>', { base: "#fff8ea", shade: "#e8d9bd", line: INK }, -4, -3)}<path d="M84 150L78 138M116 150L122 138" stroke="${INK}" stroke-width="4"/><path d="M88 182h24v10q-12 8-24 0z" fill="#f3e5cb" stroke="${INK}" stroke-width="2.8" stroke-linejoin="round"/><path d="M100 156c-5-4-8-6-8-9c0-3 2-4 4-4s3 1 4 3c1-2 2-3 4-3s4 1 4 4c0 3-3 5-8 9z" transform="translate(0 12)" fill="${shirt.shade}"/>`;
  },
  star: (id, hue) => {
    const tone = inked(hue, 60, 56);
    const white = { base: "#f4f6ff", shade: "#cfd6ea", line: INK };
    return `${legs("#cfd6ea", "#5b6180")}${lit(`${id}of`, CHEST, white)}${sleeves(white)}<path d="M72 140C80 156 120 156 128 140L132 158C116 170 84 170 68 158z" fill="${tone.base}" stroke="${INK}" stroke-width="3.4" stroke-linejoin="round"/>${star(164)}`;
  },
};
