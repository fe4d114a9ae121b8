import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { wordsOf } from "@/lib/client";
import { unkeep } from "@/lib/kept";
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

function Edit({ id, owner, loaded, again }: { id: string; owner: string; loaded: { data: BadgeDefinition; version: number }; again: () => Promise<{ data: BadgeDefinition; version: number } | undefined> }) {
  // What others save meanwhile must not replace what is being typed: it is looked at on a conflict only.
  const [opened, setOpened] = useState({ ...loaded, round: 0 });
  const [version, setVersion] = useState(loaded.version);
  const saved = useSaved();
  const name = `${owner}.badge.${id}`;
  const save = async (definition: BadgeDefinition) => {
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
  return <BadgeEditor key={opened.round} name={name} badge={opened.data} save={save} onTake={() => void take()} onOver={over} />;
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
