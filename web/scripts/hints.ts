import type { Plugin } from "vite";

/** Pages whose address begins with their name; the camp's is the root. */
const PAGE = /\/src\/app\/pages\/(camp|quests|badges|wallet|history|settings|welcome)\.tsx$/;
/** Fonts of the letters that every page shows. */
const FONT = /-latin-wght-normal-[\w-]+\.woff2$/;

/**
 * Tells the shell what a browser would otherwise hear of late: the fonts, which the style names, and for `start.js` the
 * chunks of the most visited pages, which the router asks for after the page's script has run.
 */
export function hints(): Plugin {
  return {
    name: "hints",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {}, chunk: entry }) {
        const withImports = (file: string, found: Set<string>): Set<string> => {
          const chunk = bundle[file];
          if (chunk?.type !== "chunk" || found.has(file)) return found;
          found.add(file);
          for (const next of chunk.imports) withImports(next, found);
          return found;
        };
        const always = entry ? withImports(entry.fileName, new Set()) : new Set<string>();
        const chunks: Record<string, string[]> = {};
        for (const chunk of Object.values(bundle)) {
          const name = chunk.type === "chunk" ? PAGE.exec(chunk.facadeModuleId ?? "")?.[1] : undefined;
          if (name) chunks[name] = [...withImports(chunk.fileName, new Set())].filter((file) => !always.has(file)).map((file) => `/${file}`);
        }
        return {
          html: html.replace('src="/start.js"', `$& data-chunks='${JSON.stringify(chunks)}'`),
          tags: Object.keys(bundle)
            .filter((file) => FONT.test(file))
            .map((file) => ({ tag: "link", attrs: { rel: "preload", as: "font", type: "font/woff2", crossorigin: true, href: `/${file}` }, injectTo: "head" as const })),
        };
      },
    },
  };
}
