/** What is worn on the head. */
import { flat, INK, LINE, lit, mirror, tube } from "../paint";
import { inked, type Paint } from "./ink";

export const HEADGEAR_PAINT: Record<string, Paint> = {
  hat: (id, hue) => `${lit(`${id}hg`, '<path d="M62 62C76 44 78 14 108 -14C118 -20 132 -10 134 2C124 0 122 6 126 20C130 38 134 52 140 62z"/>', inked(hue, 70, 66), -4, -3)}${lit(`${id}hr`, '<path d="M28 66C52 50 148 50 172 66C164 84 36 84 28 66z"/>', inked(hue, 70, 66), -4, -4)}<path d="M62 58q38-12 78 0" fill="none" stroke="#ffcb47" stroke-width="7"/><path d="M100 18l3 7l7 3l-7 3l-3 7l-3-7l-7-3l7-3z" fill="#fff3c4"/>`,
  crown: (id) => `${lit(`${id}hg`, '<path d="M58 54L50 10L78 30L100 0L122 30L150 10L142 54Q100 66 58 54z"/>', { base: "#ffd75e", shade: "#eba827", line: INK })}<circle cx="100" cy="42" r="8" fill="#ef5a6f" stroke="${INK}" stroke-width="3"/><circle cx="74" cy="40" r="5.6" fill="#7cc0ff" stroke="${INK}" stroke-width="3"/><circle cx="126" cy="40" r="5.6" fill="#7cc0ff" stroke="${INK}" stroke-width="3"/>`,
  cap: (id, hue) => `${lit(`${id}hg`, '<path d="M46 66C44 30 72 16 100 16S156 30 154 66Q100 50 46 66z"/>', inked(hue, 66, 52))}<path d="M96 58C130 52 164 60 178 76C160 78 128 78 96 72z" fill="${inked(hue, 66, 46).base}" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/><circle cx="100" cy="16" r="5" fill="${inked(hue, 66, 60).base}" stroke="${INK}" stroke-width="3"/>`,
  ears: (_, hue) => {
    const ear = `<path d="M56 54L48 4L88 32z" fill="${inked(hue, 62, 62).base}" stroke="${INK}" stroke-width="${LINE}" stroke-linejoin="round"/><path d="M60 40L56 18L74 32z" fill="#ffb3c4"/>`;
    return `${ear}${mirror(ear)}<path d="M50 60Q100 10 150 60" fill="none" stroke="${INK}" stroke-width="10"/><path d="M50 60Q100 10 150 60" fill="none" stroke="${inked(hue, 62, 58).base}" stroke-width="5"/>`;
  },
  wreath: (_, hue) => {
    const petal = (x: number, y: number, fill: string) => `<g transform="translate(${x} ${y})"><path d="M0-9a5 5 0 0 1 6 6a5 5 0 0 1 0 8a5 5 0 0 1-8 3a5 5 0 0 1-7-5a5 5 0 0 1 2-8a5 5 0 0 1 7-4z" fill="${fill}" stroke="${INK}" stroke-width="2.6"/><circle r="3" fill="#ffcb47"/></g>`;
    return `${tube("M50 62Q100 22 150 62", 7, { base: "#6fb56a", shade: "#4c8f4c", line: INK })}${petal(58, 54, "#fff")}${petal(78, 42, inked(hue, 66, 70).base)}${petal(100, 37, "#fff6c8")}${petal(122, 42, inked(hue, 66, 70).base)}${petal(142, 54, "#fff")}`;
  },
  beret: (id, hue) => `${lit(`${id}hg`, '<path d="M44 60C34 40 58 14 104 12C150 10 176 34 162 54C150 64 118 48 92 52C72 54 54 70 44 60z"/>', inked(hue, 60, 52))}<path d="M106 13q2-9 9-10" fill="none" stroke="${INK}" stroke-width="5" stroke-linecap="round"/>`,
  goggles: (_, hue) => {
    const glass = `<circle cx="80" cy="50" r="15" fill="#8a5a3c" stroke="${INK}" stroke-width="${LINE}"/><circle cx="80" cy="50" r="9.5" fill="${inked(hue, 60, 66).base}" stroke="${INK}" stroke-width="3"/><path d="M75 47q3-4 7-3" stroke="#fff" stroke-width="3" fill="none" stroke-linecap="round"/>`;
    return `${tube("M48 66Q100 30 152 66", 8, { base: "#b07a44", shade: "#8a5a3c", line: INK })}${glass}${mirror(glass)}`;
  },
  horns: () => {
    const horn = flat('<path d="M66 46C50 40 42 26 46 8C58 14 70 22 84 38z"/>', "#fff0d0", INK) + `<path d="M52 20q6 6 14 8" stroke="#dcc39a" stroke-width="3" fill="none" stroke-linecap="round"/>`;
    return horn + mirror(horn);
  },
};

/** What has a brim or a rim: hair lies flat under it. */
export const BRIMMED = new Set(["hat", "cap", "beret", "crown"]);
