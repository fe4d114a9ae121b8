/** Badges: a frame by rarity, in shape and colour, with an emblem. */
import { emblemBody } from "./icons";
import { INK, prefix, two } from "./paint";

export type BadgeRarity = "common" | "rare" | "epic" | "legendary";

const COLOURS = {
  common: { rim: "#a99cc0", face: "#75688a", shade: "#5c506f", gleam: "#c6bbd8" },
  rare: { rim: "#5eb2ff", face: "#1f74c0", shade: "#155793", gleam: "#a5d5ff" },
  epic: { rim: "#b388ff", face: "#6a35b8", shade: "#4d2490", gleam: "#d6bcff" },
  legendary: { rim: "#ffb83d", face: "#b0490f", shade: "#86330a", gleam: "#ffe08a" },
  locked: { rim: "#9c97a6", face: "#6d6878", shade: "#565160", gleam: "#c9c5d0" },
};

const points = (count: number, outer: number, inner: number, turn = -90): string =>
  Array.from({ length: count * 2 }, (_, n) => {
    const radius = n % 2 === 0 ? outer : inner;
    const angle = ((turn + (n * 180) / count) * Math.PI) / 180;
    return `${(100 + radius * Math.cos(angle)).toFixed(1)},${(100 + radius * Math.sin(angle)).toFixed(1)}`;
  }).join(" ");

const hexagon = (radius: number): string => `<polygon points="${Array.from({ length: 6 }, (_, n) => `${(100 + radius * Math.cos(((n * 60 - 90) * Math.PI) / 180)).toFixed(1)},${(100 + radius * Math.sin(((n * 60 - 90) * Math.PI) / 180)).toFixed(1)}`).join(" ")}"/>`;

const SHAPES: Record<BadgeRarity, [string, string]> = {
  common: ['<circle cx="100" cy="100" r="82"/>', '<circle cx="100" cy="100" r="65"/>'],
  rare: ['<path d="M100 14L174 34V100C174 146 140 174 100 190C60 174 26 146 26 100V34z"/>', '<path d="M100 32L158 48V100C158 136 132 158 100 172C68 158 42 136 42 100V48z"/>'],
  epic: [hexagon(90), hexagon(71)],
  legendary: [`<polygon points="${points(14, 94, 76)}"/>`, '<circle cx="100" cy="100" r="62"/>'],
};

/** The drawing as the inside of an SVG of 200 by 200. */
export function badge(prefixed: string, icon: string, rarity: BadgeRarity, locked: boolean): string {
  const id = prefix(prefixed);
  const colour = locked ? COLOURS.locked : COLOURS[rarity];
  const [outer, inner] = SHAPES[rarity];
  const scale = 0.17;
  const emblem = `<g transform="translate(${two(100 - 256 * scale)} ${two(102 - 256 * scale)}) scale(${scale})" color="${locked ? "#d9d6de" : "#fff1d2"}">${emblemBody(icon)}</g>`;
  const shadow = `<g transform="translate(${two(103 - 256 * scale)} ${two(106 - 256 * scale)}) scale(${scale})" color="${colour.shade}">${emblemBody(icon)}</g>`;
  return `<clipPath id="${id}o">${outer}</clipPath><clipPath id="${id}i">${inner}</clipPath><g fill="${colour.rim}" stroke="${INK}" stroke-width="6" stroke-linejoin="round">${outer}</g><g clip-path="url(#${id}o)"><path d="M0 200V110Q90 70 200 20V200z" fill="${colour.shade}" opacity=".28"/></g><g fill="${colour.face}" stroke="${colour.shade}" stroke-width="3" stroke-linejoin="round">${inner}</g><g clip-path="url(#${id}i)"><path d="M0 0H200V70Q100 120 0 92z" fill="${colour.gleam}" opacity=".3"/></g>${shadow}${emblem}<path d="M48 62Q60 40 82 34" clip-path="url(#${id}o)" fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round" opacity=".65"/>`;
}
