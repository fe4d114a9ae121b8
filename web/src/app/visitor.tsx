import { type Genome } from "@/art";
import { SPECIES } from "@/art/bestiary";
import { Creature } from "@/ui/creature";

const both = (allele: number) => [allele, allele] as const;

/** Who else sits on the hill today: another animal each day, in another coat. Nobody's pet. */
export default function Visitor({ day }: { day: number }) {
  const guests = SPECIES.filter((species) => species.id !== "dragon");
  const guest = guests[day % guests.length]!;
  const hue = (day * 67) % 360;
  const genome: Genome = { hue: both(hue), accent: both((hue + 150) % 360), eyes: both((hue + 210) % 360), pattern: both(day % 4), crest: both(day % 3), tail: both((day + 1) % 3), glow: both(day % 9 === 0 ? 1 : 0) };
  return (
    <span className="visitor" data-visitor={guest.id}>
      <Creature species={guest} genome={genome} stage="young" mood={day % 2 ? "happy" : "calm"} size={104} label={`Today's visitor: a ${guest.name.toLowerCase()}`} />
    </span>
  );
}
