import { BACKGROUNDS, BACKS, HAIRS, HANDS, HEADGEAR, OUTFITS, SKINS, STARTER_LOOKS } from "@/art";
import type { Look } from "@/lib/types";
import { Avatar, Button, Pet } from "@/ui";

export const STARTER: Look = { ...STARTER_LOOKS[0]!, ember_hue: 12 };

const HUES = [12, 35, 55, 120, 170, 205, 250, 290, 325];
const HUE_NAMES = ["Coral", "Amber", "Lemon", "Leaf", "Teal", "Sky", "Indigo", "Violet", "Rose"];

interface Choice {
  id: string | null;
  name: string;
}

interface RowProps {
  label: string;
  choices: Choice[];
  value: string | null;
  onChange: (id: string | null) => void;
  draw?: (id: string | null) => Look;
  /** What of the figure shows the choice. */
  crop?: "full" | "face" | "body";
}

function Row({ label, choices, value, onChange, draw, crop = "full" }: RowProps) {
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 font-bold">{label}</legend>
      <div className="look-row relative">
        {choices.map((choice) => (
          <label key={choice.id ?? "none"} className={draw ? "look-choice" : "look-word"}>
            <input type="radio" name={label} className="sr-only" checked={value === choice.id} onChange={() => onChange(choice.id)} />
            {draw && choice.id !== null ? <Avatar look={draw(choice.id)} size={72} crop={crop} label="" later /> : null}
            <span className={draw && choice.id !== null ? "sr-only" : ""}>{choice.name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Hues({ label, value, onChange }: { label: string; value: number; onChange: (hue: number) => void }) {
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 font-bold">{label}</legend>
      <div className="look-row relative">
        {HUES.map((hue, n) => (
          <label key={hue} className="look-hue">
            <input type="radio" name={label} className="sr-only" checked={value === hue} onChange={() => onChange(hue)} />
            <span className="sr-only">{HUE_NAMES[n]}</span>
            <svg viewBox="0 0 20 20" className="size-7" aria-hidden>
              <circle cx="10" cy="10" r="9" fill={`hsl(${hue} 68% 58%)`} />
            </svg>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

const none: Choice = { id: null, name: "None" };

function pick<T>(choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)]!;
}

/** Any look at all; Ember keeps her coat. */
function surprise(look: Look): Look {
  return {
    ...look,
    skin: Math.floor(Math.random() * SKINS.length),
    hair: pick(HAIRS).id,
    hair_hue: pick(HUES),
    outfit: pick(OUTFITS).id,
    outfit_hue: pick(HUES),
    headgear: pick([none, ...HEADGEAR]).id,
    hand: pick([none, ...HANDS]).id,
    back: pick([none, none, ...BACKS]).id,
    background: pick(BACKGROUNDS).id,
  };
}

/** A light editor of the starter look: each choice is drawn on the player's own figure. */
export function LookEditor({ look, onChange, pet = true }: { look: Look; onChange: (look: Look) => void; pet?: boolean }) {
  const set = (change: Partial<Look>) => onChange({ ...look, ...change });
  return (
    <div className="look-editor">
      <div className="look-picture">
        <Avatar look={look} size={300} label="How you look" />
        <Button variant="gold" onClick={() => onChange(surprise(look))}>
          Surprise me
        </Button>
        {pet && <Pet stage="young" mood="happy" hue={look.ember_hue} size={110} label="Ember" />}
      </div>
      <div className="grid min-w-0 content-start gap-4">
        <div role="group" aria-labelledby="ready-looks">
          <p id="ready-looks" className="mb-1.5 font-bold">
            Begin with one of these
          </p>
          <div className="look-row relative">
            {STARTER_LOOKS.map((ready, n) => (
              <button key={ready.outfit} type="button" className="look-choice" aria-label={`Look ${n + 1}: ${ready.outfit}, ${ready.headgear ?? "bare head"}, ${ready.hand ?? "empty hands"}`} onClick={() => set(ready)}>
                <Avatar look={{ ...look, ...ready }} size={84} label="" later />
              </button>
            ))}
          </div>
        </div>
        <fieldset className="min-w-0">
          <legend className="mb-1.5 font-bold">Skin</legend>
          <div className="look-row relative">
            {SKINS.map((skin, n) => (
              <label key={skin.id} className="look-choice">
                <input type="radio" name="skin" className="sr-only" checked={look.skin === n} onChange={() => set({ skin: n })} />
                <span className="sr-only">{skin.name}</span>
                <Avatar look={{ ...look, skin: n, headgear: null, hand: null }} size={72} crop="face" label="" later />
              </label>
            ))}
          </div>
        </fieldset>
        <Row label="Hair" crop="face" choices={HAIRS} value={look.hair} onChange={(hair) => set({ hair: hair ?? look.hair })} draw={(hair) => ({ ...look, hair: hair ?? look.hair, headgear: null })} />
        <Hues label="Hair colour" value={look.hair_hue} onChange={(hair_hue) => set({ hair_hue })} />
        <Row label="Outfit" crop="body" choices={OUTFITS} value={look.outfit} onChange={(outfit) => set({ outfit: outfit ?? look.outfit })} draw={(outfit) => ({ ...look, outfit: outfit ?? look.outfit, hand: null, headgear: null })} />
        <Hues label="Outfit colour" value={look.outfit_hue} onChange={(outfit_hue) => set({ outfit_hue })} />
        <Row label="On the head" crop="face" choices={[none, ...HEADGEAR]} value={look.headgear ?? null} onChange={(headgear) => set({ headgear })} draw={(headgear) => ({ ...look, headgear })} />
        <Row label="In hand" choices={[none, ...HANDS]} value={look.hand ?? null} onChange={(hand) => set({ hand })} draw={(hand) => ({ ...look, hand })} />
        <Row label="On the back" choices={[none, ...BACKS]} value={look.back ?? null} onChange={(back) => set({ back })} draw={(back) => ({ ...look, back })} />
        <Row label="Background" choices={BACKGROUNDS} value={look.background} onChange={(background) => set({ background: background ?? look.background })} draw={(background) => ({ ...look, background: background ?? look.background })} />
        {pet && <Hues label="Ember's coat" value={look.ember_hue} onChange={(ember_hue) => set({ ember_hue })} />}
      </div>
    </div>
  );
}
