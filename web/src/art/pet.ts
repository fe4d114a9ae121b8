/** Animals, drawn from their genome: an egg, in the shell, young, grown. Ember is a dragon. */
import { emberGenome, express, type Genome } from "./genome";
import { prefix, whole } from "./paint";
import { brushOf, type Mood, type Species, sparkles, type Stage } from "./pets/brush";
import { dragon } from "./pets/dragon";
import { cup, egg } from "./pets/egg";

export type { Mood, Species, Stage } from "./pets/brush";

export interface PetLook {
  stage: Stage;
  mood: Mood;
  genome: Genome;
  /** How far the egg is open: 0 to 2. */
  cracks?: number;
}

const GROUND = '<ellipse class="pet-ground" cx="100" cy="190" rx="66" ry="8" fill="#2b1a45" opacity=".2"/>';

/** The drawing as the inside of an SVG of 200 by 200. */
export function pet(id: string, species: Species, { stage, mood, genome, cracks = 0 }: PetLook): string {
  const brush = brushOf(prefix(id), mood, express(genome));
  if (stage === "egg") return `${GROUND}<g class="pet-body">${egg(brush, whole(cracks, 0, 2))}</g>`;
  const drawing = stage === "shell" ? `<g transform="translate(10 28) scale(.9)">${species.head(brush)}</g>${cup(brush)}` : species.body(brush, stage === "grown");
  return `${GROUND}<g class="pet-body">${drawing}${sparkles(brush)}</g>`;
}

/** Ember, in the coat that her player chose. */
export const ember = (id: string, hue: number, look: Omit<PetLook, "genome">): string => pet(id, dragon, { ...look, genome: emberGenome(hue) });
