/** The page's only Trusted Types policy. What passes here is drawn by our own code or is a fixed path. */

interface Policy {
  createHTML(text: string): unknown;
  createScriptURL(path: string): unknown;
}

const factory = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): Policy } }).trustedTypes;

const SCRIPTS = new Set(["/sw.js"]);

const policy: Policy | undefined = factory?.createPolicy("questhall", {
  createHTML(text: string) {
    // Art is SVG from numbers and known ids; anything else in here is a mistake of ours.
    if (/<script|\son\w+=|javascript:/i.test(text)) throw new TypeError("this markup is not art");
    return text;
  },
  createScriptURL(path: string) {
    if (!SCRIPTS.has(path)) throw new TypeError("this script is not ours");
    return path;
  },
});

/** Markup for `dangerouslySetInnerHTML`: SVG strings of `art` only. */
export function trustedHtml(svg: string): string {
  return (policy ? policy.createHTML(svg) : svg) as string;
}

/** Address of one of our own workers. */
export function trustedScript(path: string): string {
  return (policy ? policy.createScriptURL(path) : path) as string;
}
