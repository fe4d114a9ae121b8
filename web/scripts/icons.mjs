// Picks the third-party drawings that the page shows into generated files: `core` comes with the page,
// `more` is loaded when somebody chooses a picture or a quest shows one of them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const words = (text) => text.trim().split(/\s+/);
const EMOJI_CORE = words(`
  camping check-mark-button coin counterclockwise-arrows-button crown egg fire footprints gem-stone
  glowing-star hourglass-not-done key link locked military-medal
  party-popper scroll seedling snowflake sparkles sports-medal star warning white-circle wrapped-gift rocket sun
  waving-hand open-book`);
const EMOJI_MORE = words(`
  cloud leaf-fluttering-in-wind hammer-and-wrench speech-balloon magnifying-glass-tilted-left package bust-in-silhouette incoming-envelope memo maple-leaf handshake castle books octopus artist-palette axe backpack balance-scale banana bar-chart bear beer-mug bell bicycle blue-book bookmark brain brick
  broom bug bullseye butterfly candle cat chart-increasing chess-pawn cherry-blossom chequered-flag clipboard clapping-hands
  cookie compass crystal-ball deer desktop-computer dog dragon eagle ear-of-corn electric-plug feather flexed-biceps fox
  four-leaf-clover garlic ghost globe-showing-europe-africa glasses green-apple guitar hatching-chick herb high-voltage
  honeybee hot-beverage house jigsaw keyboard ladder lady-beetle laptop light-bulb lotus mage man-running map
  microscope mountain muscle mushroom musical-notes nerd-face newspaper notebook olive owl paintbrush parrot penguin
  people-hugging person-climbing person-running person-in-lotus-position pencil pizza potted-plant puzzle-piece rainbow
  red-apple red-heart running-shoe sailboat school shield shooting-star shuffle-tracks-button sleeping-face snail
  soccer-ball sparkling-heart spider-web spouting-whale sunflower sunrise swan teacup-without-handle teddy-bear telescope
  test-tube thread ticket toolbox tornado trophy turtle umbrella unicorn unlocked volcano watch water-wave windmill wolf
  world-map writing-hand yarn zebra`);
const EMBLEM_CORE = words(`
  star flame dragon-head owl compass scroll-unfurled locked-chest`);
const EMBLEM_MORE = words(`
  anvil book-cover sun crossed-swords crown achievement acorn angel-wings ant apple-seeds archer arrow-cluster award axe-swing balloons bat bear-head bee beehive bell-shield
  bird-twitter boomerang brain bridge broom bullseye butterfly campfire candle-flame castle cat chess-knight clover cog
  coins conversation cool-spices crossed-axes crystal-ball cube cupcake diamond-trophy dodging dove drum eagle-emblem
  eagle-head earth-spit egg-clutch elephant evil-bat eye-target falling-star feather fire-shield fish fist flower-emblem
  flying-flag fox-head frog gears gem-pendant gift-of-knowledge globe graduate-cap grapes hammer-drop heart-shield
  hearts hiking horn-call horse-head hourglass hummingbird ice-cube jigsaw-piece jumping-dog key keyboard king lantern
  laurel-crown laurels light-bulb lightning-storm lion lotus-flower love-mystery magic-swirl magnet maze medal
  microscope moon mountains mouse muscle-up mushroom night-sky notebook oak-leaf octopus open-book palm-tree
  paw-print pencil phoenix-feather pine-tree plant-seed polar-bear progression puzzle quill-ink rabbit ribbon-medal
  rocket rose round-shield run sailboat scales seahorse sea-turtle shaking-hands shield shooting-star snail snowflake-1
  spider-web sprout stairs-goal star-medal sunrise swan sword-in-stone talk target-arrows team-idea telescope thumb-up
  tied-scroll torch trail tree-growth trophy trophy-cup unicorn upgrade vine-flower vintage-robot water-drop wax-seal
  whale-tail wisdom wolf-head wool world wyvern`);

const starter = ["quests", "achievements"].map((name) => readFileSync(new URL(`../../src/questhall/starter/pack/${name}.yaml`, import.meta.url), "utf8"));
const named = (text) => [...text.matchAll(/^\s*-?\s*icon:\s*["']?([a-z0-9-]+)/gm)].map((match) => match[1]);

const set = (name) => JSON.parse(readFileSync(new URL(`../node_modules/@iconify-json/${name}/icons.json`, import.meta.url))).icons;
const emoji = set("fluent-emoji-flat");
const game = set("game-icons");
const pick = (icons, names) => Object.fromEntries([...new Set(names)].filter((name) => icons[name]).sort().map((name) => [name, icons[name].body]));
const folder = new URL("../src/art/generated/", import.meta.url);
mkdirSync(folder, { recursive: true });
const missing = named(starter[0]).filter((name) => !emoji[name]).concat(named(starter[1]).filter((name) => !game[name]));
if (missing.length > 0) throw new Error(`no drawing named: ${missing.join(", ")}`);
const core = { emoji: pick(emoji, [...EMOJI_CORE, ...named(starter[0])]), emblems: pick(game, [...EMBLEM_CORE, ...named(starter[1])]) };
const without = (icons, known) => Object.fromEntries(Object.entries(icons).filter(([name]) => !known[name]));
const more = { emoji: without(pick(emoji, EMOJI_MORE), core.emoji), emblems: without(pick(game, EMBLEM_MORE), core.emblems) };
writeFileSync(new URL("core.json", folder), `${JSON.stringify(core)}\n`);
writeFileSync(new URL("more.json", folder), `${JSON.stringify(more)}\n`);
for (const [name, icons] of Object.entries({ core, more })) console.log(`${name}: ${Object.keys(icons.emoji).length} emoji, ${Object.keys(icons.emblems).length} emblems`);
