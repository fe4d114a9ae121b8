// Makes the client's types from the OpenAPI document on standard input; with --check it says whether they are up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import openapiTS, { astToString } from "openapi-typescript";

const file = new URL("../src/lib/generated/api.ts", import.meta.url);
const document = JSON.parse(await text(process.stdin));
const types = `/** Made by "npm run api" from the OpenAPI document; not edited by hand. */\n${astToString(await openapiTS(document, { defaultNonNullable: true }))}`;

if (!process.argv.includes("--check")) {
  writeFileSync(file, types);
} else if (readFileSync(file, "utf8") !== types) {
  console.error("src/lib/generated/api.ts is not what the API says now: run `npm run api` in web/ and look at what changed.");
  process.exit(1);
}
