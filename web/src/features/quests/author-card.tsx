import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { wordsOf } from "@/lib/client";
import { differs } from "@/lib/head";
import type { Quest } from "@/lib/types";
import { buttonClass, PublishCard } from "@/ui";
import { archive, draftQuery, publish, questsKey } from "./queries";

/** Draft, published, archived: what an author may do with it. */
export function AuthorCard({ quest }: { quest: Quest }) {
  const queries = useQueryClient();
  const { data: head } = useQuery(draftQuery(quest.id));
  const act = useMutation({
    mutationFn: (doing: (id: string) => Promise<unknown>) => doing(quest.id),
    onSettled: () => queries.invalidateQueries({ queryKey: questsKey }),
  });
  return (
    <PublishCard
      name={quest.title}
      status={quest.status}
      version={quest.version}
      pending={quest.status === "published" && head !== undefined && differs(quest, head.data)}
      afterArchive="It leaves the board. Nobody loses what they have earned, and it can be published again."
      busy={act.isPending}
      problem={act.error && wordsOf(act.error)}
      edit={
        <Link to="/quests/$id/edit" params={{ id: quest.id }} className={buttonClass("plain")}>
          Edit
        </Link>
      }
      onPublish={() => act.mutate(publish)}
      onArchive={() => act.mutate(archive)}
    />
  );
}
