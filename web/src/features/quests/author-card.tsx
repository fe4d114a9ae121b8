import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { wordsOf } from "@/lib/client";
import { title } from "@/lib/format";
import type { Quest, QuestDefinition } from "@/lib/types";
import { Button, buttonClass, Card, Dialog, Pill } from "@/ui";
import { archive, draftQuery, publish, questsKey } from "./queries";

/** Whether the head holds changes that were not published. */
function differs(quest: Quest, head: QuestDefinition): boolean {
  const shown = quest as unknown as Record<string, unknown>;
  return Object.entries(head).some(([name, value]) => name in shown && JSON.stringify(shown[name]) !== JSON.stringify(value));
}

/** Draft, published, archived: what an author may do with it. */
export function AuthorCard({ quest }: { quest: Quest }) {
  const queries = useQueryClient();
  const { data: head } = useQuery(draftQuery(quest.id));
  const [asking, setAsking] = useState(false);
  const act = useMutation({
    mutationFn: (doing: (id: string) => Promise<unknown>) => doing(quest.id),
    onSettled: () => queries.invalidateQueries({ queryKey: questsKey }),
    onSuccess: () => setAsking(false),
  });
  const pending = quest.status === "published" && head !== undefined && differs(quest, head.data);
  return (
    <Card title="For authors" action={<Pill tone={quest.status === "published" ? "ok" : "xp"}>{quest.version > 0 ? `${title(quest.status)}, version ${quest.version}` : title(quest.status)}</Pill>}>
      {pending && <p role="status" className="mb-3 rounded-2xl bg-sunk p-3">There are changes that players don't see yet.</p>}
      {quest.status === "draft" && <p className="mb-3 text-ink-2">Only authors see it so far.</p>}
      <div className="flex flex-wrap gap-3">
        <Link to="/quests/$id/edit" params={{ id: quest.id }} className={buttonClass("plain")}>
          Edit
        </Link>
        {(quest.status !== "published" || pending) && (
          <Button busy={act.isPending} onClick={() => act.mutate(publish)}>
            {pending ? "Publish the changes" : quest.status === "archived" ? "Publish again" : "Publish"}
          </Button>
        )}
        {quest.status === "published" && (
          <Button variant="danger" busy={act.isPending} onClick={() => setAsking(true)}>
            Archive
          </Button>
        )}
      </div>
      {act.error && <p role="alert" className="mt-3 text-bad">{wordsOf(act.error)}</p>}
      <Dialog open={asking} onClose={() => setAsking(false)} title={`Archive “${quest.title}”?`}>
        <p className="mb-4">It leaves the board. Nobody loses what they have earned, and it can be published again.</p>
        <Button variant="danger" busy={act.isPending} onClick={() => act.mutate(archive)}>
          Archive it
        </Button>
      </Dialog>
    </Card>
  );
}
