/** Tones: one light from the top left, two tones and a gleam, the outline in the dark tone. */

export const LINE = 4.2;
export const INK = "#2b1a45";

export interface Tones {
  light: string;
  base: string;
  shade: string;
  line: string;
}

/** A number as a drawing takes it: two places at most, so that every engine writes the same. */
export const two = (value: number): number => Math.round(value * 100) / 100;

/** A whole number within bounds; what is no number is the lowest. */
export const whole = (value: unknown, low: number, high: number): number => (typeof value === "number" && Number.isFinite(value) ? Math.min(high, Math.max(low, Math.round(value))) : low);

/** A place on the circle of colours; what is no number is red. */
export const turn = (hue: unknown): number => (typeof hue === "number" && Number.isFinite(hue) ? ((Math.round(hue) % 360) + 360) % 360 : 0);

/** A prefix for ids: letters, digits, dashes. */
export const prefix = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, "");

/** A drawing by its id; an id that is none of them is the first. */
export function known<T>(all: Record<string, T>, id: string | null, first: string): T {
  return (id !== null && Object.hasOwn(all, id) ? all[id] : all[first]) as T;
}

/** The tones of a hue. Greens and teals shout at the saturation that suits a red: they get less of it. */
export function tones(hue: number, saturation = 80, lightness = 66): Tones {
  const loud = hue > 45 && hue < 205 ? Math.round(28 * Math.sin(((hue - 45) / 160) * Math.PI)) : 0;
  const calm = saturation - loud;
  return { light: `hsl(${hue} ${calm}% ${lightness + 14}%)`, base: `hsl(${hue} ${calm}% ${lightness}%)`, shade: `hsl(${hue} ${calm - 8}% ${lightness - 13}%)`, line: `hsl(${hue} 55% 20%)` };
}

/** A shape in two tones: the shade, and the base moved towards the light, kept within the shape. */
export function lit(id: string, shape: string, tone: { base: string; shade: string; line: string }, dx = -6, dy = -6): string {
  return `<clipPath id="${id}">${shape}</clipPath><g fill="${tone.shade}">${shape}</g><g clip-path="url(#${id})"><g transform="translate(${dx} ${dy})" fill="${tone.base}" stroke="none">${shape}</g></g><g fill="none" stroke="${tone.line}" stroke-width="${LINE}" stroke-linejoin="round">${shape}</g>`;
}

/** A shape in one tone with its outline. */
export const flat = (shape: string, fill: string, line: string, width = LINE): string => `<g fill="${fill}" stroke="${line}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="round">${shape}</g>`;

/** A thick line with an outline and a lit side: a neck, a strap, a stick. */
export const tube = (path: string, width: number, tone: { base: string; shade: string; line: string }): string =>
  `<g fill="none" stroke-linecap="round" stroke-linejoin="round"><path d="${path}" stroke="${tone.line}" stroke-width="${two(width + 2 * LINE)}"/><path d="${path}" stroke="${tone.shade}" stroke-width="${width}"/><path d="${path}" stroke="${tone.base}" stroke-width="${two(width * 0.68)}" transform="translate(${two(-width * 0.1)} ${two(-width * 0.12)})"/></g>`;

export const mirror = (markup: string): string => `<g transform="matrix(-1 0 0 1 200 0)">${markup}</g>`;
