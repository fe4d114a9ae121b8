/** All species. Apart from `index.ts`, so that a page with Ember alone loads Ember alone. */
import type { Species } from "./pet";
import { bird } from "./pets/bird";
import { blob } from "./pets/blob";
import { dragon } from "./pets/dragon";
import { fox } from "./pets/fox";
import { serpent } from "./pets/serpent";

export const SPECIES: readonly Species[] = [dragon, fox, bird, serpent, blob];
