/** Tones: one light from the top left, two tones and a gleam, the outline in the dark tone. */

export const LINE = 4.2;
export const INK = "#2b1a45";

export interface Tones {
  light: string;
  base: string;
  shade: string;
  line: string;
}

export const tones = (hue: number, saturation = 80, lightness = 66): Tones => ({
  light: `hsl(${hue} ${saturation}% ${lightness + 14}%)`,
  base: `hsl(${hue} ${saturation}% ${lightness}%)`,
  shade: `hsl(${hue} ${saturation - 8}% ${lightness - 13}%)`,
  line: `hsl(${hue} 55% 20%)`,
});

/** A shape in two tones: the shade, and the base moved towards the light, kept within the shape. */
export function lit(id: string, shape: string, tone: { base: string; shade: string; line: string }, dx = -6, dy = -6): string {
  return `<clipPath id="${id}">${shape}</clipPath><g fill="${tone.shade}">${shape}</g><g clip-path="url(#${id})"><g transform="translate(${dx} ${dy})" fill="${tone.base}" stroke="none">${shape}</g></g><g fill="none" stroke="${tone.line}" stroke-width="${LINE}" stroke-linejoin="round">${shape}</g>`;
}

export const mirror = (markup: string): string => `<g transform="matrix(-1 0 0 1 200 0)">${markup}</g>`;
