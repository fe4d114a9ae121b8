// Draws the picture of each badge of the starter pack, and of one that is still secret, into the built page:
// their `icon_url` is for those who show a badge elsewhere; the page itself draws it with the player's progress.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const pack = readFileSync(new URL("../../src/questhall/starter/pack/achievements.yaml", import.meta.url), "utf8");
const folder = new URL("../../src/questhall/gateway/built/badges/", import.meta.url);
const { module: art } = await runnerImport(fileURLToPath(new URL("../src/art/index.ts", import.meta.url)), { configFile: false, logLevel: "warn" });

const field = (text, name) => {
  const found = new RegExp(`^  ${name}: *["']?([a-z0-9-]+)`, "m").exec(text);
  if (!found) throw new Error(`a badge of the starter pack has no ${name}: ${text.slice(0, 60)}`);
  return found[1];
};
const badges = pack
  .split(/^- /m)
  .slice(1)
  .map((text) => ({ slug: field(`  ${text}`, "slug"), icon: field(text, "icon"), rarity: field(text, "rarity") }));

mkdirSync(folder, { recursive: true });
const draw = (slug, icon, rarity, locked) => {
  const body = art.badge(slug, icon, rarity, locked);
  writeFileSync(new URL(`${slug}.svg`, folder), `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="200" height="200">${body}</svg>\n`);
};
for (const { slug, icon, rarity } of badges) draw(slug, icon, rarity, false);
draw("secret", "locked-chest", "common", true);
console.log(`${badges.length + 1} badges drawn`);
