import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { type Head, useEditing } from "@/lib/head";
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

function Edit({ id, owner, loaded, again }: { id: string; owner: string; loaded: Head<QuestDefinition>; again: () => Promise<Head<QuestDefinition> | undefined> }) {
  const name = `${owner}.quest.${id}`;
  const { opened, round, version, take, over } = useEditing(loaded, again, name);
  const saved = useSaved();
  const save = async (definition: QuestDefinition) => {
    await update(id, version(), definition);
    await saved(id);
  };
  return <QuestEditor key={round} name={name} quest={opened} save={save} onTake={take} onOver={over} />;
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
