import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import type { Achievement } from "@/lib/types";
import { BadgeEditor } from "./badge-form";
import { badgeQuery, badgesKey, create, update, type BadgeDraft } from "./queries";

function useSaved() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return (badge: Achievement) => {
    void queries.invalidateQueries({ queryKey: badgesKey });
    void navigate({ to: "/badges/$id", params: { id: badge.id } });
  };
}

export function NewBadgePage() {
  const saved = useSaved();
  return (
    <>
      <h1 className="page-title">Make a badge</h1>
      <BadgeEditor save={create} onSaved={saved} />
    </>
  );
}

const route = getRouteApi("/inside/badges/$id/edit");

export function EditBadgePage() {
  const { id } = route.useParams();
  const { data: badge, error } = useQuery(badgeQuery(id));
  const saved = useSaved();
  if (error) return <p role="alert">{wordsOf(error)}</p>;
  if (!badge) return <div className="h-96 rounded-3xl bg-sunk" aria-busy />;
  const save = (draft: BadgeDraft) => {
    const { slug: _, ...changes } = draft;
    return update(id, badge.edit ?? badge.version, changes);
  };
  return (
    <>
      <h1 className="page-title">Edit: {badge.name}</h1>
      <BadgeEditor key={badge.edit ?? badge.version} badge={badge} save={save} onSaved={saved} />
    </>
  );
}
