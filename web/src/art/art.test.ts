import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { avatar, BACKGROUNDS, BACKS, badge, ember, HAIRS, HANDS, HEADGEAR, type Mood, OUTFITS, pet, SKINS, type Stage, STARTER_LOOKS } from ".";
import { SPECIES } from "./bestiary";
import { express, type Genome } from "./genome";

const STAGES: Stage[] = ["egg", "shell", "young", "grown"];
const MOODS: Mood[] = ["calm", "happy", "curious", "asleep"];
const both = (allele: number): readonly [number, number] => [allele, allele];
const genome = (n: number): Genome => ({ hue: both(n * 47), accent: both(n * 83), eyes: both(n * 61), pattern: both(n % 4), crest: both(n % 3), tail: both((n + 1) % 3), glow: both(n % 2) });

const pets = (): string[] => SPECIES.flatMap((species) => STAGES.flatMap((stage) => MOODS.flatMap((mood) => [0, 1, 2, 3, 4, 5].map((n) => pet("p1", species, { stage, mood, genome: genome(n), cracks: n % 3 })))));
const people = (): string[] => [
  ...STARTER_LOOKS.map((look) => avatar("a1", look)),
  ...[HAIRS, OUTFITS, HEADGEAR, HANDS, BACKS, BACKGROUNDS].flatMap((slot, at) => slot.map(({ id }, n) => avatar("a1", { ...STARTER_LOOKS[n % 8]!, [["hair", "outfit", "headgear", "hand", "back", "background"][at]!]: id }))),
];
const badges = (): string[] => (["common", "rare", "epic", "legendary"] as const).flatMap((rarity) => [badge("b1", "flame", rarity, false), ...[0, 0.37, 1].map((fraction) => badge("b1", "flame", rarity, true, fraction))]);
const all = (): string[] => [...pets(), ...people(), ...badges()];

describe("every drawing", () => {
  it("is well-formed SVG", () => {
    for (const body of all().filter((_, n) => n % 5 === 0)) {
      const read = new DOMParser().parseFromString(`<svg xmlns="http://www.w3.org/2000/svg">${body}</svg>`, "image/svg+xml");
      expect(read.querySelector("parsererror")?.textContent).toBeUndefined();
    }
  });

  it("writes numbers with two places at most, and no number that is none", () => {
    // Emblems are others' drawings, as they came: of a badge it is the frame that is ours.
    const frames = badges().map((body) => body.replaceAll(/<g transform="([^"]*)"[^>]*>.*?<\/g>/g, "$1"));
    for (const body of [...pets(), ...people(), ...frames]) {
      expect(body).not.toMatch(/\d\.\d{3,}/);
      expect(body).not.toMatch(/NaN|undefined|Infinity|null/);
    }
  });

  it("has ids that begin with its prefix, each once, and refers to no other", () => {
    for (const body of [...pets(), ...people(), ...badges()]) {
      const ids = [...body.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^[pab]1/);
      for (const [, used] of body.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(used);
    }
  });

  it("takes in numbers and known ids alone", () => {
    const evil = '"><script>alert(1)</script>' as never;
    const look = { ...STARTER_LOOKS[0]!, skin: evil, hair: evil, hair_hue: evil, outfit: evil, outfit_hue: evil, headgear: evil, hand: evil, back: evil, background: evil };
    const wild = { hue: [evil, NaN], accent: [evil, evil], eyes: [Infinity, evil], pattern: [evil, 99], crest: [-5, evil], tail: [evil, 7], glow: [evil, evil] } as unknown as Genome;
    const drawn = [avatar(evil, look), avatar("a", { ...look, hair: "constructor", outfit: "__proto__", background: "toString" }), ...STAGES.map((stage) => pet(evil, SPECIES[1]!, { stage, mood: "calm", genome: wild, cracks: evil })), ember(evil, evil, { stage: "grown", mood: "calm" }), badge("b", evil, "rare", true, evil)];
    for (const body of drawn) {
      expect(body).not.toContain("<script");
      expect(body).not.toMatch(/NaN|undefined|Infinity|function/);
    }
  });
});

describe("what is there to choose", () => {
  it("is drawn: no choice looks like another", () => {
    const base = { ...STARTER_LOOKS[0]!, headgear: null, hand: null, back: null };
    const slots = { hair: HAIRS, outfit: OUTFITS, headgear: HEADGEAR, hand: HANDS, back: BACKS, background: BACKGROUNDS };
    for (const [slot, choices] of Object.entries(slots)) expect(new Set(choices.map(({ id }) => avatar("a", { ...base, [slot]: id }))).size, slot).toBe(choices.length);
    expect(new Set(SKINS.map((_, skin) => avatar("a", { ...base, skin }))).size).toBe(SKINS.length);
  });

  it("has no spikes through a cap", () => {
    const worn = (hair: string, headgear: string | null) => avatar("a", { ...STARTER_LOOKS[2]!, hair, headgear });
    expect(worn("spiky", "cap")).toBe(worn("short", "cap"));
    expect(worn("spiky", null)).not.toBe(worn("short", null));
  });

  it("has five species, each in its own body, stage and mood", () => {
    expect(SPECIES.map((species) => species.id)).toEqual(["dragon", "fox", "bird", "serpent", "blob"]);
    const drawn = SPECIES.flatMap((species) => STAGES.slice(1).flatMap((stage) => MOODS.map((mood) => pet("p", species, { stage, mood, genome: genome(0) }))));
    expect(new Set(drawn).size).toBe(SPECIES.length * 3 * MOODS.length);
  });
});

describe("a genome", () => {
  it("blends colours over the shorter way round", () => {
    expect(express({ ...genome(0), hue: [350, 30] }).hue).toBe(10);
    expect(express({ ...genome(0), hue: [30, 350] }).hue).toBe(10);
  });
  it("shows the higher form, and glows only with both", () => {
    expect(express({ ...genome(0), crest: [0, 2], tail: [1, 0] })).toMatchObject({ crest: 2, tail: 1 });
    expect([[0, 1], [1, 0], [1, 1]].map((glow) => express({ ...genome(0), glow: glow as unknown as Genome["glow"] }).glow)).toEqual([false, false, true]);
  });
});

/** Two engines have to draw the same bytes: a changed drawing is looked at, then its mark is renewed. */
describe("golden", () => {
  const mark = (bodies: string[]): string => createHash("sha256").update(bodies.join("\n")).digest("hex").slice(0, 16);
  it("pets, people and badges are drawn as they were", () => {
    expect({ pets: mark(pets()), people: mark(people()), badges: mark(badges()) }).toMatchInlineSnapshot(`
      {
        "badges": "a2214be14cf8092e",
        "people": "7adaffa2549e2315",
        "pets": "11f0ed2ef780005f",
      }
    `);
  });
});
