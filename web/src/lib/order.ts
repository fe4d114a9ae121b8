/** Putting a short list in order. Pure. */

/** The list with the item at `from` at `to`; the others keep their order. */
export function moved<T>(items: T[], from: number, to: number): T[] {
  const rest = items.filter((_, at) => at !== from);
  rest.splice(to, 0, ...items.slice(from, from + 1));
  return rest;
}

/** Where what is dragged belongs among the other rows, by the height it is held at: below those whose middle it has passed. */
export const placeAt = (y: number, others: { top: number; bottom: number }[]): number => others.filter(({ top, bottom }) => (top + bottom) / 2 < y).length;
