import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { type Head, useEditing } from "@/lib/head";
import type { BadgeDefinition } from "@/lib/types";
import { badgeQuery, badgesKey, create, draftQuery, update } from "./queries";
import { BadgeEditor } from "./badge-form";

function useSaved() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return async (id: string) => {
    await queries.invalidateQueries({ queryKey: badgesKey });
    await navigate({ to: "/badges/$id", params: { id } });
  };
}

/** `owner` is who writes: what is kept of an unsaved form is theirs. */
export function NewBadgePage({ owner }: { owner: string }) {
  const saved = useSaved();
  return (
    <>
      <h1 className="page-title">Make a badge</h1>
      <BadgeEditor name={`${owner}.badge.new`} save={async (definition, key) => saved((await create(definition, key)).id)} />
    </>
  );
}

const route = getRouteApi("/inside/badges/$id/edit");

function Edit({ id, owner, loaded, again }: { id: string; owner: string; loaded: Head<BadgeDefinition>; again: () => Promise<Head<BadgeDefinition> | undefined> }) {
  const name = `${owner}.badge.${id}`;
  const { opened, round, version, take, over } = useEditing(loaded, again, name);
  const saved = useSaved();
  const save = async (definition: BadgeDefinition) => {
    await update(id, version(), definition);
    await saved(id);
  };
  return <BadgeEditor key={round} name={name} badge={opened} save={save} onTake={take} onOver={over} />;
}

export function EditBadgePage({ owner }: { owner: string }) {
  const { id } = route.useParams();
  const { data: badge } = useQuery(badgeQuery(id));
  const draft = useQuery(draftQuery(id));
  if (draft.error) return <p role="alert" className="page-title">{wordsOf(draft.error)}</p>;
  // A head from the cache may be old: the form starts from what the server says now.
  if (!draft.data || (draft.isFetching && !draft.isFetchedAfterMount)) return <div className="h-96 rounded-3xl bg-sunk" aria-busy />;
  return (
    <>
      <h1 className="page-title">Edit: {draft.data.data.name}</h1>
      {badge?.status === "published" && <p className="mb-4 text-ink-2">Players see the change when it is published. What was earned stays earned.</p>}
      <Edit key={id} id={id} owner={owner} loaded={draft.data} again={async () => (await draft.refetch()).data} />
    </>
  );
}
