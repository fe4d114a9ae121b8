/** Badges: a frame by rarity, in shape and colour, with an emblem. */
import { emblemBody } from "./icons";
import { INK, prefix, two, whole } from "./paint";

export type BadgeRarity = "common" | "rare" | "epic" | "legendary";

const COLOURS = {
  common: { rim: "#a99cc0", face: "#75688a", shade: "#5c506f", gleam: "#c6bbd8" },
  rare: { rim: "#5eb2ff", face: "#1f74c0", shade: "#155793", gleam: "#a5d5ff" },
  epic: { rim: "#b388ff", face: "#6a35b8", shade: "#4d2490", gleam: "#d6bcff" },
  legendary: { rim: "#ffb83d", face: "#b0490f", shade: "#86330a", gleam: "#ffe08a" },
};
/** Not earned yet: grey, with a hint of what it will be. */
const LOCKED = {
  common: { rim: "#a8a3b2", face: "#7a7486", shade: "#645f70", gleam: "#d2ced9" },
  rare: { rim: "#9db0c4", face: "#6b8098", shade: "#566a81", gleam: "#cfdbe7" },
  epic: { rim: "#b3a6c6", face: "#80729a", shade: "#6a5d83", gleam: "#dbd2e8" },
  legendary: { rim: "#c2b09a", face: "#93806a", shade: "#7b6a56", gleam: "#e8dccb" },
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

interface Colours {
  rim: string;
  face: string;
  shade: string;
  gleam: string;
}

function medal(id: string, icon: string, rarity: BadgeRarity, colour: Colours, ink: string): string {
  const [outer, inner] = SHAPES[rarity];
  const scale = 0.17;
  const emblem = (x: number, y: number, fill: string) => `<g transform="translate(${two(x - 256 * scale)} ${two(y - 256 * scale)}) scale(${scale})" color="${fill}">${emblemBody(icon)}</g>`;
  return `<clipPath id="${id}o">${outer}</clipPath><clipPath id="${id}i">${inner}</clipPath><g fill="${colour.rim}" stroke="${INK}" stroke-width="6" stroke-linejoin="round">${outer}</g><g clip-path="url(#${id}o)"><path d="M0 200V110Q90 70 200 20V200z" fill="${colour.shade}" opacity=".28"/></g><g fill="${colour.face}" stroke="${colour.shade}" stroke-width="3" stroke-linejoin="round">${inner}</g><g clip-path="url(#${id}i)"><path d="M0 0H200V70Q100 120 0 92z" fill="${colour.gleam}" opacity=".3"/></g>${emblem(103, 106, colour.shade)}${emblem(100, 102, ink)}<path d="M48 62Q60 40 82 34" clip-path="url(#${id}o)" fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round" opacity=".65"/>`;
}

/** The drawing as the inside of an SVG of 200 by 200. One that is locked fills up with its colour, from below: `fraction` is how far, 0 to 1. */
export function badge(prefixed: string, icon: string, rarity: BadgeRarity, locked: boolean, fraction = 0): string {
  const id = prefix(prefixed);
  if (!locked) return medal(id, icon, rarity, COLOURS[rarity], "#fff1d2");
  const grey = medal(id, icon, rarity, LOCKED[rarity], "#e9e6ee");
  const level = whole(fraction * 100, 0, 100);
  if (level === 0) return grey;
  const top = two(190 - level * 1.8);
  return `${grey}<clipPath id="${id}f"><path d="M0 ${top}q25-7 50 0t50 0t50 0t50 0V200H0z"/></clipPath><g clip-path="url(#${id}f)">${medal(`${id}c`, icon, rarity, COLOURS[rarity], "#fff1d2")}</g>`;
}
