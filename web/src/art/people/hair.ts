/** Hair: what hangs behind, and what falls over the forehead. */
import { lit } from "../paint";
import { inked, type Paint } from "./ink";

const behind = (id: string, hue: number, shape: string): string => lit(`${id}hb`, shape, inked(hue, 62, 58));

export const HAIR_BACK: Record<string, Paint> = {
  long: (id, hue) => behind(id, hue, '<path d="M100 28C146 28 158 66 160 104C162 142 168 176 164 204C144 214 56 214 36 204C32 176 38 142 40 104C42 66 54 28 100 28z"/>'),
  bob: (id, hue) => behind(id, hue, '<path d="M100 30C146 30 160 66 158 104C157 126 150 138 138 140H62C50 138 43 126 42 104C40 66 54 30 100 30z"/>'),
  buns: (id, hue) => behind(id, hue, '<circle cx="46" cy="46" r="23"/><circle cx="154" cy="46" r="23"/>'),
  curls: (id, hue) => behind(id, hue, '<path d="M58 48a22 22 0 0 1 30-22a22 22 0 0 1 36 2a22 22 0 0 1 28 26a20 20 0 0 1 8 34a20 20 0 0 1-10 32H50a20 20 0 0 1-10-32a20 20 0 0 1 18-40z"/>'),
  ponytail: (id, hue) => behind(id, hue, '<path d="M128 40C164 26 190 52 186 92C184 120 176 140 166 152C160 138 148 130 146 108C144 84 140 62 128 40z"/>'),
  braids: (id, hue) => behind(id, hue, '<path d="M44 104C30 112 30 126 38 132C28 140 30 154 38 158C30 166 32 178 40 182L36 198L52 196L54 182C62 176 62 164 56 158C62 152 62 140 56 132C62 126 62 116 58 108z"/><path d="M156 104C170 112 170 126 162 132C172 140 170 154 162 158C170 166 168 178 160 182L164 198L148 196L146 182C138 176 138 164 144 158C138 152 138 140 144 132C138 126 138 116 142 108z"/>'),
  afro: (id, hue) => behind(id, hue, '<path d="M100 2C120 2 134 10 142 18C160 24 172 40 172 58C182 74 180 96 168 108C160 122 144 126 130 124H70C56 126 40 122 32 108C20 96 18 74 28 58C28 40 40 24 58 18C66 10 80 2 100 2z"/>'),
};

export const FRINGE: Record<string, string> = {
  long: '<path d="M46 92C42 48 68 28 100 28S158 48 154 92C150 84 146 74 138 66C122 74 96 72 82 58C74 70 54 76 46 92z"/>',
  bob: '<path d="M44 96C40 50 66 28 100 28S160 50 156 96C152 88 150 78 148 72H52C50 78 48 88 44 96z"/>',
  buns: '<path d="M48 88C44 50 70 30 100 30S156 50 152 88C146 72 124 64 100 58C76 64 54 72 48 88z"/>',
  curls: '<path d="M46 92a14 14 0 0 1 8-26a16 16 0 0 1 22-18a16 16 0 0 1 26-6a16 16 0 0 1 26 6a16 16 0 0 1 20 20a14 14 0 0 1 6 24a16 16 0 0 1-20-14a18 18 0 0 1-28-2a18 18 0 0 1-28 2a16 16 0 0 1-32 14z"/>',
  short: '<path d="M46 88C44 46 70 28 102 28S156 50 154 86C150 78 148 72 144 66C128 70 104 68 96 56C88 66 60 68 52 72z"/>',
  spiky: '<path d="M46 90L36 66L50 64L46 40L66 48L72 24L90 40L104 16L116 38L136 26L138 48L158 44L152 66L166 72L154 90C150 80 144 72 138 68L124 76L112 64L98 76L84 64L70 76L58 70z"/>',
  ponytail: '<path d="M46 86C44 46 70 26 102 26S158 48 154 86C148 76 142 66 132 58C112 66 76 64 46 86z"/>',
  braids: '<path d="M46 96C40 52 66 28 100 28S160 52 154 96C148 78 128 60 100 46C72 60 52 78 46 96z"/>',
  afro: '<path d="M48 82C44 48 72 28 100 28S156 48 152 82C146 70 138 64 128 66C120 58 108 60 100 64C92 60 80 58 72 66C62 64 54 70 48 82z"/>',
  swoop: '<path d="M46 92C36 52 62 20 108 20C140 20 164 42 158 84C152 76 148 70 142 64C120 76 84 72 72 52C66 66 54 76 46 92z"/>',
  shaved: '<path d="M50 76C52 48 74 33 100 33S148 48 150 76C138 58 120 52 100 52S62 58 50 76z"/>',
};

/** What lies flat under something with a brim. */
export const UNDER_BRIM: Record<string, string> = { spiky: "short", curls: "short", afro: "short", swoop: "short", buns: "bob", shaved: "shaved" };
