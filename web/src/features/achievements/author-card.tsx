import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { differs } from "@/lib/head";
import type { Achievement } from "@/lib/types";
import { buttonClass, PublishCard } from "@/ui";
import { archive, badgesKey, draftQuery, publish } from "./queries";

/** Draft, published, archived: what an author may do with it. */
export function AuthorCard({ badge }: { badge: Achievement }) {
  const queries = useQueryClient();
  const { data: head } = useQuery(draftQuery(badge.id));
  const act = useMutation({
    mutationFn: (doing: (id: string) => Promise<unknown>) => doing(badge.id),
    onSettled: () => queries.invalidateQueries({ queryKey: badgesKey }),
  });
  return (
    <PublishCard
      name={badge.name}
      status={badge.status}
      version={badge.version}
      pending={badge.status === "published" && head !== undefined && differs(badge, head.data)}
      afterArchive="It leaves the wall of those who have not earned it. Nobody loses it, and it can be published again."
      busy={act.isPending}
      problem={act.error && wordsOf(act.error)}
      edit={
        <Link to="/badges/$id/edit" params={{ id: badge.id }} className={buttonClass("plain")}>
          Edit
        </Link>
      }
      onPublish={() => act.mutate(publish)}
      onArchive={() => act.mutate(archive)}
    />
  );
}
