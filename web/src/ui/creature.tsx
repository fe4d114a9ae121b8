import { useMemo } from "react";
import { type Genome, type Mood, pet, type Species, type Stage } from "@/art";
import { Drawing, useArtId } from "./drawing";

interface Props {
  species: Species;
  genome: Genome;
  stage?: Stage;
  mood?: Mood;
  cracks?: number;
  size?: number;
  label?: string;
}

/** An animal of any species; Ember has a part of her own, so that most pages load the dragon alone. */
export function Creature({ species, genome, stage = "grown", mood = "calm", cracks = 0, size = 120, label }: Props) {
  const id = useArtId("c");
  const body = useMemo(() => pet(id, species, { stage, mood, genome, cracks }), [id, species, stage, mood, genome, cracks]);
  return <Drawing body={body} box="0 0 200 200" width={size} label={label} className="pet" />;
}
