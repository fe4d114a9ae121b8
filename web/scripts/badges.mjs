// Draws each emblem in the frame of each rarity, and a badge that is still secret, into the built page: an `icon_url`
// is for those who show a badge elsewhere; the page itself draws it with the player's progress.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const folder = new URL("../../src/questhall/gateway/built/badges/", import.meta.url);
const more = new URL("../src/art/generated/more.json", import.meta.url);
const { module: art } = await runnerImport(fileURLToPath(new URL("../src/art/index.ts", import.meta.url)), { configFile: false, logLevel: "warn" });
art.addIcons(JSON.parse(readFileSync(more, "utf8")));

let drawn = 0;
const draw = (name, icon, rarity, locked) => {
  const body = art.badge(icon, icon, rarity, locked);
  writeFileSync(new URL(`${name}.svg`, folder), `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="200" height="200">${body}</svg>\n`);
  drawn += 1;
};
for (const rarity of ["common", "rare", "epic", "legendary"]) {
  mkdirSync(new URL(`${rarity}/`, folder), { recursive: true });
  for (const icon of art.emblemNames()) draw(`${rarity}/${icon}`, icon, rarity, false);
}
draw("secret", "locked-chest", "common", true);
console.log(`${drawn} badges drawn`);
