import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import type { Quest } from "@/lib/types";
import { create, questQuery, questsKey, update, type QuestDraft } from "./queries";
import { QuestEditor } from "./quest-form";

function useSaved() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return (quest: Quest) => {
    void queries.invalidateQueries({ queryKey: questsKey });
    void navigate({ to: "/quests/$id", params: { id: quest.id } });
  };
}

export function NewQuestPage() {
  const saved = useSaved();
  return (
    <>
      <h1 className="page-title">Write a quest</h1>
      <QuestEditor save={create} onSaved={saved} />
    </>
  );
}

const route = getRouteApi("/inside/quests/$id/edit");

export function EditQuestPage() {
  const { id } = route.useParams();
  const { data: quest, error } = useQuery(questQuery(id));
  const saved = useSaved();
  if (error) return <p role="alert">{wordsOf(error)}</p>;
  if (!quest) return <div className="h-96 rounded-3xl bg-sunk" aria-busy />;
  const save = (draft: QuestDraft) => {
    const { slug: _, ...changes } = draft;
    return update(id, quest.edit ?? quest.version, changes);
  };
  return (
    <>
      <h1 className="page-title">Edit: {quest.title}</h1>
      {quest.status === "published" && <p className="mb-4 text-ink-2">Saving makes a new version. Runs that have begun finish under theirs.</p>}
      <QuestEditor key={quest.edit ?? quest.version} quest={quest} save={save} onSaved={saved} />
    </>
  );
}
