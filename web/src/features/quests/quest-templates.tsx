import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { wordsOf } from "@/lib/client";
import { freeSlug } from "@/lib/head";
import type { QuestDefinition } from "@/lib/types";
import { Icon, TemplatePicker } from "@/ui";
import { boardQuery, templatesQuery } from "./queries";

/** Quests that a new one may start from, under a short name that is free. */
export function QuestTemplates({ onChoose }: { onChoose: (template: QuestDefinition) => void }) {
  const [wanted, setWanted] = useState(false);
  const { data, error } = useQuery({ ...templatesQuery, enabled: wanted });
  const board = useInfiniteQuery(boardQuery({}));
  const taken = board.data?.pages.flatMap((page) => page.items.map((quest) => quest.slug)) ?? [];
  const choose = (slug: string) => {
    const template = data?.items.find((one) => one.slug === slug);
    if (template) onChoose({ ...template, slug: freeSlug(slug, taken) });
  };
  return (
    <TemplatePicker
      templates={data?.items.map((one) => ({ slug: one.slug, title: one.title, text: one.description, picture: <Icon name={one.icon} size={40} /> }))}
      problem={error ? wordsOf(error) : undefined}
      onOpen={() => setWanted(true)}
      onChoose={choose}
    />
  );
}
