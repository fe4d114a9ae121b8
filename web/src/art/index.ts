import { SKIN_TONES } from "./avatar";

export { avatar, type AvatarLook } from "./avatar";
export { badge, type BadgeRarity } from "./badge";
export { EMBLEM_AUTHORS } from "./credits";
export { emblemNames, emojiBody, emojiNames, iconsVersion, loadMore, onIcons } from "./icons";
export { pet, type Mood, type Stage } from "./pet";

export interface Choice {
  id: string;
  name: string;
}

const named = (...names: string[]): Choice[] => names.map((name) => ({ id: name.toLowerCase(), name }));

export const SKINS: Choice[] = SKIN_TONES.map(({ id, name }) => ({ id, name }));
export const HAIRS = named("Long", "Bob", "Short", "Spiky", "Buns", "Curls");
export const OUTFITS = named("Robe", "Hoodie", "Armour", "Overalls");
export const HEADGEAR = named("Hat", "Crown", "Cap", "Ears");
export const HANDS = named("Staff", "Sword", "Book", "Balloon");
export const BACKGROUNDS = named("Meadow", "Night", "Hall", "Shore");
