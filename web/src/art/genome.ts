/** What an animal has from its parents, two alleles a gene, and what of it is seen. */
import { turn, whole } from "./paint";

export type Pair = readonly [number, number];

export interface Genome {
  /** Hues of the coat, of horns, wings and fins, and of the eyes: 0 to 359. */
  hue: Pair;
  accent: Pair;
  eyes: Pair;
  /** Forms: 0 to 2 (pattern 0 to 3). */
  pattern: Pair;
  crest: Pair;
  tail: Pair;
  /** Glows only with both. */
  glow: Pair;
}

export interface Traits {
  hue: number;
  accent: number;
  eyes: number;
  pattern: Pattern;
  crest: number;
  tail: number;
  glow: boolean;
}

export const PATTERNS = ["plain", "stripes", "spots", "stars"] as const;
export type Pattern = (typeof PATTERNS)[number];

/** Colours blend, over the shorter way round the circle. */
function blend([one, other]: Pair): number {
  const from = turn(one);
  const way = ((turn(other) - from + 540) % 360) - 180;
  return turn(from + way / 2);
}

/** Of two forms the higher is seen. */
const dominant = ([one, other]: Pair, most: number): number => Math.max(whole(one, 0, most), whole(other, 0, most));

export function express(genome: Genome): Traits {
  return {
    hue: blend(genome.hue),
    accent: blend(genome.accent),
    eyes: blend(genome.eyes),
    pattern: PATTERNS[dominant(genome.pattern, PATTERNS.length - 1)] ?? "plain",
    crest: dominant(genome.crest, 2),
    tail: dominant(genome.tail, 2),
    glow: genome.glow[0] === 1 && genome.glow[1] === 1,
  };
}

/** Ember's genome in the coat that her player chose. */
export function emberGenome(hue: number): Genome {
  const coat = turn(hue);
  const gold = turn(coat + 32);
  const eyes = turn(coat + 140);
  return { hue: [coat, coat], accent: [gold, gold], eyes: [eyes, eyes], pattern: [1, 1], crest: [0, 0], tail: [0, 0], glow: [0, 0] };
}
