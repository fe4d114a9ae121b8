/** Contact sheets: every drawing there is, for the eye and for the screenshot tests. */
import { BACKGROUNDS, BACKS, type Genome, HAIRS, HANDS, HEADGEAR, type Mood, OUTFITS, SKINS, type Stage, STARTER_LOOKS } from "@/art";
import { SPECIES } from "@/art/bestiary";
import type { Look, Rarity } from "@/lib/types";
import { Avatar, BadgeArt, Card } from "@/ui";
import { Creature } from "@/ui/creature";

const STAGES: Stage[] = ["egg", "shell", "young", "grown"];
const MOODS: Mood[] = ["calm", "happy", "curious", "asleep"];
const RARITIES: Rarity[] = ["common", "rare", "epic", "legendary"];
const EMBLEMS = ["flame", "shaking-hands", "campfire", "dragon-head", "owl", "compass"];
const COATS: [number, number, number][] = [
  [12, 44, 152],
  [24, 350, 160],
  [205, 45, 280],
  [165, 320, 40],
  [285, 340, 200],
];

const both = (allele: number) => [allele, allele] as const;
const genome = ([hue, accent, eyes]: [number, number, number], form = 0, glow = 0): Genome => ({ hue: both(hue), accent: both(accent), eyes: both(eyes), pattern: both((form + 1) % 4), crest: both(form % 3), tail: both((form + 2) % 3), glow: both(glow) });
const litter = (at: number, n: number): Genome => {
  const [hue, accent, eyes] = COATS[at] ?? [12, 44, 152];
  return genome([(hue + n * 47) % 360, (accent + n * 83) % 360, (eyes + n * 61) % 360], n, n === 7 ? 1 : 0);
};

export function PetSheet() {
  return (
    <Card title="Pets: stages and moods, then one litter each">
      {SPECIES.map((species, at) => (
        <section key={species.id} aria-label={species.name} className="border-b-2 border-sunk py-2">
          <h3 className="font-bold">{species.name}</h3>
          <div className="flex flex-wrap gap-1">
            {STAGES.flatMap((stage, s) => (stage === "egg" ? [MOODS[0]!] : MOODS).map((mood) => <Creature key={stage + mood} species={species} stage={stage} mood={mood} cracks={s} genome={genome(COATS[at]!)} size={118} label={`${species.name}, ${stage}, ${mood}`} />))}
            {[1, 2, 3, 4, 5, 6, 7].map((n) => (
              <Creature key={n} species={species} genome={litter(at, n)} mood={MOODS[n % 4]} size={118} label={`${species.name} ${n}`} />
            ))}
          </div>
        </section>
      ))}
    </Card>
  );
}

const BASE: Look = { skin: 2, hair: "short", hair_hue: 28, outfit: "tunic", outfit_hue: 205, headgear: null, hand: null, back: null, background: "meadow", ember_hue: 12 };

export function AvatarSheet() {
  const looks: [string, Look[]][] = [
    ["Ready looks", STARTER_LOOKS.map((look) => ({ ...BASE, ...look }))],
    ["Skin", SKINS.map((_, skin) => ({ ...BASE, skin, background: "peaks" }))],
    ["Hair", HAIRS.map(({ id }, n) => ({ ...BASE, hair: id, hair_hue: n * 37, skin: n % 6 }))],
    ["Outfit", OUTFITS.map(({ id }, n) => ({ ...BASE, outfit: id, outfit_hue: n * 41, skin: (n + 1) % 6, background: "grove" }))],
    ["On the head, over each hair", HEADGEAR.flatMap(({ id }, n) => [0, 3].map((more) => ({ ...BASE, headgear: id, hair: HAIRS[(n + more) % HAIRS.length]!.id, hair_hue: n * 50, background: "night" })))],
    ["In hand, on the back, before what", HANDS.map(({ id }, n) => ({ ...BASE, hand: id, back: BACKS[n % BACKS.length]!.id, background: BACKGROUNDS[n % BACKGROUNDS.length]!.id, skin: n % 6 }))],
  ];
  return (
    <Card title="Avatars">
      {looks.map(([name, row]) => (
        <section key={name} aria-label={name} className="py-2">
          <h3 className="mb-1 font-bold">{name}</h3>
          <div className="flex flex-wrap gap-2">
            {row.map((look, n) => (
              <Avatar key={n} size={92} look={look} label={`${name} ${n + 1}`} />
            ))}
          </div>
        </section>
      ))}
    </Card>
  );
}

export function BadgeSheet() {
  return (
    <Card title="Badges">
      <div className="flex flex-wrap gap-3">
        {RARITIES.flatMap((rarity, r) => [0, 1].map((more) => <BadgeArt key={rarity + more} rarity={rarity} icon={EMBLEMS[(r + more * 2) % EMBLEMS.length]!} size={112} label={rarity} />))}
        {RARITIES.map((rarity) => (
          <BadgeArt key={rarity} rarity={rarity} icon="owl" locked size={112} label={`${rarity}, locked`} />
        ))}
      </div>
    </Card>
  );
}
