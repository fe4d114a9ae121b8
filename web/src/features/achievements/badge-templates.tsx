import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { wordsOf } from "@/lib/client";
import { freeSlug } from "@/lib/head";
import type { BadgeDefinition } from "@/lib/types";
import { BadgeArt, TemplatePicker } from "@/ui";
import { templatesQuery, wallQuery } from "./queries";

/** Badges that a new one may start from, under a short name that is free. */
export function BadgeTemplates({ onChoose }: { onChoose: (template: BadgeDefinition) => void }) {
  const [wanted, setWanted] = useState(false);
  const { data, error } = useQuery({ ...templatesQuery, enabled: wanted });
  const wall = useInfiniteQuery(wallQuery({}));
  // A secret one that is there is veiled on the wall, its short name too.
  const secrets = data?.items.filter((one) => one.secret) ?? [];
  const taken = [...(wall.data?.pages.flatMap((page) => page.items) ?? []), ...secrets].map((badge) => badge.slug);
  const choose = (slug: string) => {
    const template = data?.items.find((one) => one.slug === slug);
    if (template) onChoose({ ...template, slug: freeSlug(slug, taken) });
  };
  return (
    <TemplatePicker
      templates={data?.items.map((one) => ({ slug: one.slug, title: one.name, text: one.description, picture: <BadgeArt icon={one.icon} rarity={one.rarity} size={46} /> }))}
      problem={error ? wordsOf(error) : undefined}
      onOpen={() => setWanted(true)}
      onChoose={choose}
    />
  );
}
