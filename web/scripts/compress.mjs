// Writes .br and .gz beside every text file of the built page.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = new URL("../../src/questhall/gateway/built/", import.meta.url);
for (const name of readdirSync(folder, { recursive: true })) {
  if (!/\.(js|css|html|svg|json|webmanifest)$/.test(name)) continue;
  // A badge's picture is asked for one by one, if ever.
  if (name.startsWith("badges/")) continue;
  const file = new URL(name, folder);
  const body = readFileSync(file);
  if (body.length < 600) continue;
  writeFileSync(new URL(`${name}.br`, folder), brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  writeFileSync(new URL(`${name}.gz`, folder), gzipSync(body, { level: 9 }));
}
