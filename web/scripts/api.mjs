// Makes the client's types from the OpenAPI document on standard input; with --check it says whether they are up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import openapiTS, { astToString } from "openapi-typescript";

const file = new URL("../src/lib/generated/api.ts", import.meta.url);
const document = JSON.parse(await text(process.stdin));
const schemas = document.components.schemas;

/** Names of the schemas that a part of the document leads to. */
function reached(part, found = new Set()) {
  for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    if (found.has(name)) continue;
    found.add(name);
    reached(schemas[name], found);
  }
  return found;
}

// What is answered has every field. What is only sent may leave out a field that has a default.
const answered = reached(Object.values(document.paths).flatMap((item) => Object.values(item).map((operation) => operation.responses ?? {})));
for (const [name, schema] of Object.entries(schemas)) if (!answered.has(name)) for (const property of Object.values(schema.properties ?? {})) delete property.default;

const types = `/** Made by "npm run api" from the OpenAPI document; not edited by hand. */\n${astToString(await openapiTS(document, { defaultNonNullable: true }))}`;
if (!process.argv.includes("--check")) {
  writeFileSync(file, types);
} else if (readFileSync(file, "utf8") !== types) {
  console.error("src/lib/generated/api.ts is not what the API says now: run `npm run api` in web/ and look at what changed.");
  process.exit(1);
}
