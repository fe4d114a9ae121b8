import type { Source } from "@/lib/types";

interface KindWords {
  name: string;
  icon: string;
}

/** How kinds of sources are called and drawn. */
export const KINDS: Record<Source["kind"], KindWords> = {
  github: { name: "GitHub", icon: "octopus" },
  cloudevents: { name: "CloudEvents", icon: "cloud" },
  json: { name: "JSON", icon: "package" },
};

/** Of a link: any JSON names its source after the kind, since its accounts are known there alone. */
export function kindOfLink(kind: string): KindWords {
  const [name, source] = kind.split(":", 2);
  const words = KINDS[name as Source["kind"]];
  return source ? { ...words, name: source } : words;
}
