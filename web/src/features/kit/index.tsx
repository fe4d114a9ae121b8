import { BACKGROUNDS, HAIRS, HANDS, HEADGEAR, OUTFITS, type Mood, type Stage } from "@/art";
import type { Rarity } from "@/lib/types";
import { Avatar, BadgeArt, Bar, Button, Card, Field, Input, Pet, Pill, Switch } from "@/ui";

const STAGES: Stage[] = ["egg", "shell", "young", "grown"];
const MOODS: Mood[] = ["calm", "happy", "asleep"];
const RARITIES: Rarity[] = ["common", "rare", "epic", "legendary"];
const EMBLEMS = ["flame", "shaking-hands", "crossed-swords", "dragon-head"];

/** Each part and drawing at a glance; in development only. */
export function Kit() {
  return (
    <div className="grid gap-5">
      <h1 className="page-title">Kit</h1>
      <Card title="Pets">
        <div className="flex flex-wrap gap-3">
          {STAGES.flatMap((stage, s) => MOODS.map((mood, m) => <Pet key={stage + mood} stage={stage} mood={mood} hue={12 + s * 90 + m * 30} size={150} label={`${stage}, ${mood}`} />))}
        </div>
      </Card>
      <Card title="Avatars">
        <div className="flex flex-wrap gap-3">
          {Array.from({ length: 24 }, (_, n) => (
            <Avatar
              key={n}
              size={120}
              label={`Avatar ${n + 1}`}
              look={{ skin: n % 6, hair: HAIRS[n % 6]!.id, hair_hue: (n * 47) % 360, outfit: OUTFITS[n % 4]!.id, outfit_hue: (n * 83) % 360, headgear: n % 5 === 4 ? null : HEADGEAR[n % 5]!.id, hand: n % 3 === 2 ? null : HANDS[n % 4]!.id, background: BACKGROUNDS[(n >> 1) % 4]!.id, ember_hue: 12 }}
            />
          ))}
        </div>
      </Card>
      <Card title="Badges">
        <div className="flex flex-wrap gap-3">
          {RARITIES.map((rarity, n) => (
            <BadgeArt key={rarity} rarity={rarity} icon={EMBLEMS[n]!} size={130} label={rarity} />
          ))}
          <BadgeArt rarity="rare" icon="owl" locked size={130} label="locked" />
        </div>
      </Card>
      <Card title="Parts">
        <div className="grid gap-4">
          <div className="flex flex-wrap gap-3">
            {(["primary", "plain", "gold", "danger", "quiet"] as const).map((variant) => (
              <Button key={variant} variant={variant}>
                {variant}
              </Button>
            ))}
          </div>
          <div className="flex flex-wrap gap-3">
            {(["plain", "ok", "bad", "gold", "xp"] as const).map((tone) => (
              <Pill key={tone} tone={tone}>
                {tone}
              </Pill>
            ))}
          </div>
          <Bar value={0.6} label="60 of 100" />
          <Bar value={0.4} label="40 of 100" tone="xp" />
          <Field label="A field" hint="What it is about">
            {(ids) => <Input {...ids} />}
          </Field>
          <Switch checked onChange={() => undefined} label="A switch" hint="On" />
        </div>
      </Card>
    </div>
  );
}
