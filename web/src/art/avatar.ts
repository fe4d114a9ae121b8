/** People, painted in named layers: back, hairBack, outfit, head, hairFront, headgear, hand. */
import { flat, INK, known, lit, prefix, turn, whole } from "./paint";
import { BACK_PAINT } from "./people/backs";
import { FRINGE, HAIR_BACK, UNDER_BRIM } from "./people/hair";
import { HAND_PAINT } from "./people/hands";
import { BRIMMED, HEADGEAR_PAINT } from "./people/headgear";
import { inked } from "./people/ink";
import { OUTFITS_PAINT } from "./people/outfits";
import { SCENES } from "./people/scenes";

export interface AvatarLook {
  skin: number;
  hair: string;
  hair_hue: number;
  outfit: string;
  outfit_hue: number;
  headgear?: string | null;
  hand?: string | null;
  back?: string | null;
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

const FACE = `<g class="pet-eye"><ellipse cx="80" cy="92" rx="7.6" ry="9.4" fill="${INK}"/><circle cx="77.4" cy="88" r="3" fill="#fff"/><ellipse cx="120" cy="92" rx="7.6" ry="9.4" fill="${INK}"/><circle cx="117.4" cy="88" r="3" fill="#fff"/></g><path d="M70 76q9-6 17-1M130 76q-9-6-17-1" fill="none" stroke="${INK}" stroke-width="3.6" stroke-linecap="round"/><ellipse cx="66" cy="106" rx="8" ry="5" fill="#ff5f6f" opacity=".38"/><ellipse cx="134" cy="106" rx="8" ry="5" fill="#ff5f6f" opacity=".38"/><path d="M89 109q11 10 22 0" fill="none" stroke="${INK}" stroke-width="4" stroke-linecap="round"/>`;
const fist = (skin: string, x: number): string => flat(`<circle cx="${x}" cy="200" r="9.5"/>`, skin, INK);

/** The drawing as the inside of an SVG of 200 by 240. Unknown ids fall back to the first of their kind, or to nothing where nothing may be worn. */
export function avatar(prefixed: string, look: AvatarLook): string {
  const id = prefix(prefixed);
  const skin = SKIN_TONES[whole(look.skin, 0, SKIN_TONES.length - 1)]!;
  const [hair, dye] = [turn(look.hair_hue), turn(look.outfit_hue)];
  const worn = (parts: Record<string, (id: string, hue: number) => string>, item: string | null | undefined): string => (item && Object.hasOwn(parts, item) ? parts[item]!(id, dye) : "");
  const brim = typeof look.headgear === "string" && BRIMMED.has(look.headgear);
  // Spikes don't go through a cap: under one, hair lies flat.
  const front = known(FRINGE, brim && Object.hasOwn(UNDER_BRIM, look.hair) ? UNDER_BRIM[look.hair]! : look.hair, "short");
  const held = worn(HAND_PAINT, look.hand);
  const layers = [
    '<ellipse cx="100" cy="228" rx="58" ry="8" fill="#1a1030" opacity=".22"/>',
    worn(BACK_PAINT, look.back),
    Object.hasOwn(HAIR_BACK, look.hair) ? HAIR_BACK[look.hair]!(id, hair) : "",
    known(OUTFITS_PAINT, look.outfit, "tunic")(id, dye),
    fist(skin.base, 51) + fist(skin.base, 149),
    flat('<path d="M90 120h20v18q-10 8-20 0z"/>', skin.shade, INK),
    flat('<circle cx="46" cy="94" r="10"/><circle cx="154" cy="94" r="10"/>', skin.base, INK),
    lit(`${id}sk`, '<path d="M100 34C136 34 152 60 152 88C152 118 130 134 100 134S48 118 48 88C48 60 64 34 100 34z"/>', { ...skin, line: INK }),
    FACE,
    lit(`${id}hf`, front, inked(hair, 62, 62), -4, -4),
    worn(HEADGEAR_PAINT, look.headgear),
    held && held + fist(skin.base, 149),
  ];
  return `${known(SCENES, look.background, "meadow")}<g transform="translate(10 24) scale(.9)">${layers.join("")}</g>`;
}
