import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { wordsOf } from "@/lib/client";
import { unkeep } from "@/lib/kept";
import type { QuestDefinition } from "@/lib/types";
import { create, draftQuery, questQuery, questsKey, update } from "./queries";
import { QuestEditor } from "./quest-form";

function useSaved() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return async (id: string) => {
    await queries.invalidateQueries({ queryKey: questsKey });
    await navigate({ to: "/quests/$id", params: { id } });
  };
}

/** `owner` is who writes: what is kept of an unsaved form is theirs. */
export function NewQuestPage({ owner }: { owner: string }) {
  const saved = useSaved();
  return (
    <>
      <h1 className="page-title">Write a quest</h1>
      <QuestEditor name={`${owner}.quest.new`} save={async (definition, key) => saved((await create(definition, key)).id)} />
    </>
  );
}

const route = getRouteApi("/inside/quests/$id/edit");

function Edit({ id, owner, loaded, again }: { id: string; owner: string; loaded: { data: QuestDefinition; version: number }; again: () => Promise<{ data: QuestDefinition; version: number } | undefined> }) {
  // What others save meanwhile must not replace what is being typed: it is looked at on a conflict only.
  const [opened, setOpened] = useState({ ...loaded, round: 0 });
  const [version, setVersion] = useState(loaded.version);
  const saved = useSaved();
  const name = `${owner}.quest.${id}`;
  const save = async (definition: QuestDefinition) => {
    await update(id, version, definition);
    await saved(id);
  };
  const take = async () => {
    const now = await again();
    if (!now) return;
    unkeep(name);
    setVersion(now.version);
    setOpened({ ...now, round: opened.round + 1 });
  };
  const over = async () => {
    const now = await again();
    if (now) setVersion(now.version);
  };
  return <QuestEditor key={opened.round} name={name} quest={opened.data} save={save} onTake={() => void take()} onOver={over} />;
}

export function EditQuestPage({ owner }: { owner: string }) {
  const { id } = route.useParams();
  const { data: quest } = useQuery(questQuery(id));
  const draft = useQuery(draftQuery(id));
  if (draft.error) return <p role="alert" className="page-title">{wordsOf(draft.error)}</p>;
  // A head from the cache may be old: the form starts from what the server says now.
  if (!draft.data || (draft.isFetching && !draft.isFetchedAfterMount)) return <div className="h-96 rounded-3xl bg-sunk" aria-busy />;
  return (
    <>
      <h1 className="page-title">Edit: {draft.data.data.title}</h1>
      {quest?.status === "published" && <p className="mb-4 text-ink-2">Players see the change when it is published. Runs that have begun finish under their version.</p>}
      <Edit key={id} id={id} owner={owner} loaded={draft.data} again={async () => (await draft.refetch()).data} />
    </>
  );
}
