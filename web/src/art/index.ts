import { type AvatarLook, SKIN_TONES } from "./avatar";

export { avatar, type AvatarLook } from "./avatar";
export { badge, type BadgeRarity } from "./badge";
export { EMBLEM_AUTHORS } from "./credits";
export { addIcons, emblemNames, emojiBody, emojiNames, type Icons, iconsVersion, onIcons, whenMissing } from "./icons";
export { emberGenome, type Genome } from "./genome";
export { ember, pet, type Mood, type Species, type Stage } from "./pet";

export interface Choice {
  id: string;
  name: string;
}

const named = (...names: string[]): Choice[] => names.map((name) => ({ id: name.toLowerCase(), name }));

export const SKINS: Choice[] = SKIN_TONES.map(({ id, name }) => ({ id, name }));
export const HAIRS = named("Long", "Bob", "Short", "Spiky", "Buns", "Curls", "Ponytail", "Braids", "Afro", "Swoop", "Shaved");
export const OUTFITS = named("Robe", "Hoodie", "Armour", "Overalls", "Tunic", "Gown", "Explorer", "Apron", "Star");
export const HEADGEAR = named("Hat", "Crown", "Cap", "Ears", "Wreath", "Beret", "Goggles", "Horns");
export const HANDS = named("Staff", "Sword", "Book", "Balloon", "Lantern", "Flowers", "Brush", "Mug");
export const BACKS = named("Cape", "Wings", "Pack", "Shield");
export const BACKGROUNDS = named("Meadow", "Night", "Hall", "Shore", "Grove", "Peaks");

/** Ready looks to begin with; each is only a start. */
export const STARTER_LOOKS: AvatarLook[] = [
  { skin: 3, hair: "long", hair_hue: 320, outfit: "robe", outfit_hue: 250, headgear: "hat", hand: "staff", back: null, background: "meadow" },
  { skin: 4, hair: "afro", hair_hue: 24, outfit: "explorer", outfit_hue: 12, headgear: "goggles", hand: "lantern", back: "pack", background: "grove" },
  { skin: 0, hair: "spiky", hair_hue: 28, outfit: "armour", outfit_hue: 205, headgear: null, hand: "sword", back: "cape", background: "peaks" },
  { skin: 2, hair: "braids", hair_hue: 12, outfit: "overalls", outfit_hue: 170, headgear: "wreath", hand: "flowers", back: null, background: "meadow" },
  { skin: 5, hair: "buns", hair_hue: 290, outfit: "gown", outfit_hue: 325, headgear: "crown", hand: "balloon", back: "wings", background: "night" },
  { skin: 1, hair: "ponytail", hair_hue: 35, outfit: "hoodie", outfit_hue: 205, headgear: "cap", hand: "mug", back: null, background: "shore" },
  { skin: 3, hair: "shaved", hair_hue: 250, outfit: "star", outfit_hue: 170, headgear: null, hand: "book", back: "shield", background: "hall" },
  { skin: 1, hair: "bob", hair_hue: 355, outfit: "apron", outfit_hue: 35, headgear: "beret", hand: "brush", back: null, background: "grove" },
];
