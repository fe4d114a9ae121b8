import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";

// Read by the tests themselves: the test runner empties style sheets that are imported.
const css = readFileSync("src/app/tokens.css", "utf8");

const read = (block: string): Record<string, string> => Object.fromEntries([...block.matchAll(/--color-([a-z0-9-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1], match[2]]));
const light = read(/@theme \{([^}]*)\}/.exec(css)?.[1] ?? "");
const dark = { ...light, ...read(/data-theme="dark"\] \{([^}]*)\}/.exec(css)?.[1] ?? "") };

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const TEXT: [string, string][] = [
  ...["ink", "ink-2"].flatMap((text) => ["paper", "card", "sunk"].map((ground): [string, string] => [text, ground])),
  ...["primary", "ok", "bad", "xp", "coral", "common", "rare", "epic", "legendary"].map((text): [string, string] => [text, "card"]),
  ["on-primary", "primary"],
  ["on-gold", "gold"],
  ["on-coral", "coral"],
];

describe.each([
  ["light", light],
  ["dark", dark],
])("contrast in the %s theme", (_, tokens) => {
  it.each(TEXT)("%s on %s reads well", (text, ground) => {
    expect(contrast(tokens[text]!, tokens[ground]!)).toBeGreaterThanOrEqual(4.5);
  });
  it.each(["card", "paper"])("focus is seen on %s", (ground) => {
    expect(contrast(tokens.focus!, tokens[ground]!)).toBeGreaterThanOrEqual(3);
  });
});
