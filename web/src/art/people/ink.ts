/** How people are painted: an ink outline, cloth in the tones of its dye. */
import { INK, tones, type Tones } from "../paint";

/** A part, with a prefix for its ids and a hue to dye it. */
export type Paint = (id: string, hue: number) => string;

export const inked = (hue: number, saturation = 70, lightness = 60): Tones => ({ ...tones(hue, saturation, lightness), line: INK });
