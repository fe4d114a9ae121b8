import { readdirSync } from "node:fs";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const features = readdirSync(new URL("./src/features", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const kebab = {
  rules: {
    "kebab-case": {
      create: (context) => ({
        Program(node) {
          const name = context.filename.split("/").pop() ?? "";
          if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.(d|test))?\.(ts|tsx|mjs)$/.test(name))
            context.report({ node, message: `file names are kebab-case: ${name}` });
        },
      }),
    },
  },
};
const forbid = (...patterns) => ({ "no-restricted-imports": ["error", { patterns: patterns.map(([group, message]) => ({ group, message })) }] });

export default tseslint.config(
  { ignores: ["src/paraglide/**", "src/lib/generated/**", "src/art/generated/**"] },
  ...tseslint.configs.recommended,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { house: kebab, "react-hooks": hooks },
    rules: {
      "house/kebab-case": "error",
      "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_", argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "max-lines": ["error", { max: 250 }],
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "no-restricted-syntax": [
        "error",
        { selector: "MemberExpression[property.name='innerHTML']", message: "markup goes through trustedHtml" },
        { selector: "ImportDeclaration[specifiers.length=0][source.value!=/\\.css$/]", message: "modules have no side effects (package.json says so, and the bundler drops them): main.tsx wires them" },
      ],
    },
  },
  // A rule may not be held for files made by a program.
  { files: ["src/art/**/*.generated.ts", "src/art/generated*.ts"], rules: { "max-lines": "off" } },
  ...features.map((name) => ({
    files: [`src/features/${name}/**`],
    rules: forbid(
      ...features.filter((other) => other !== name).map((other) => [[`@/features/${other}`, `@/features/${other}/**`, `../${other}/**`], "no feature imports another"]),
      [["@/app/**"], "features don't know the app"],
    ),
  })),
  { files: ["src/ui/**"], rules: forbid([["@/features/**", "@/app/**", "@tanstack/react-query"], "ui has no data"]) },
  {
    // The same drawings come from the page, a worker and the server: nothing of a browser, no clock, no chance.
    files: ["src/art/**"],
    ignores: ["src/art/**/*.test.ts"],
    rules: {
      ...forbid([["@/features/**", "@/app/**", "@/ui/**", "@/lib/**", "react", "react-dom", "*?url"], "art is pure functions"]),
      "no-restricted-globals": ["error", "window", "document", "navigator", "location", "fetch", "Intl", "Date", "performance", "localStorage", "crypto", "setTimeout"],
      "no-restricted-properties": ["error", { object: "Math", property: "random", message: "art is drawn from what it is given" }],
    },
  },
  { files: ["src/lib/**"], rules: forbid([["@/features/**", "@/app/**", "@/ui/**"], "lib is below everything"]) },
);
