// Holds the budget of script: the first route and what any other route adds, in kB gzip.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const FIRST = 190;
const MORE = 60;
const folder = new URL("../../src/questhall/gateway/built/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", folder)));
const size = (file) => gzipSync(readFileSync(new URL(file, folder)), { level: 9 }).length / 1000;

function files(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) files(next, seen);
  return seen;
}
const sum = (keys) => [...keys].reduce((total, key) => total + size(manifest[key].file), 0);

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const shared = files(entry);
const camp = new Set([...shared, ...files("src/app/pages/camp.tsx")]);
const report = [["first route (camp)", sum(camp), FIRST]];
for (const key of Object.keys(manifest).filter((name) => manifest[name].isDynamicEntry && name.startsWith("src/"))) {
  const added = [...files(key)].filter((name) => !camp.has(name));
  report.push([key, sum(added), MORE]);
}
let over = false;
for (const [name, kilobytes, most] of report) {
  over ||= kilobytes > most;
  console.log(`${kilobytes.toFixed(1).padStart(7)} kB of ${most}  ${name}${kilobytes > most ? "  OVER" : ""}`);
}
process.exit(over ? 1 : 0);
