import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { wordsOf } from "@/lib/client";
import { title } from "@/lib/format";
import type { Achievement, BadgeDefinition } from "@/lib/types";
import { Button, buttonClass, Card, Dialog, Pill } from "@/ui";
import { archive, badgesKey, draftQuery, publish } from "./queries";

/** Whether the head holds changes that were not published. */
function differs(badge: Achievement, head: BadgeDefinition): boolean {
  const shown = badge as unknown as Record<string, unknown>;
  return Object.entries(head).some(([name, value]) => name in shown && JSON.stringify(shown[name]) !== JSON.stringify(value));
}

/** Draft, published, archived: what an author may do with it. */
export function AuthorCard({ badge }: { badge: Achievement }) {
  const queries = useQueryClient();
  const { data: head } = useQuery(draftQuery(badge.id));
  const [asking, setAsking] = useState(false);
  const act = useMutation({
    mutationFn: (doing: (id: string) => Promise<unknown>) => doing(badge.id),
    onSettled: () => queries.invalidateQueries({ queryKey: badgesKey }),
    onSuccess: () => setAsking(false),
  });
  const pending = badge.status === "published" && head !== undefined && differs(badge, head.data);
  return (
    <Card title="For authors" action={<Pill tone={badge.status === "published" ? "ok" : "xp"}>{badge.version > 0 ? `${title(badge.status)}, version ${badge.version}` : title(badge.status)}</Pill>}>
      {pending && <p role="status" className="mb-3 rounded-2xl bg-sunk p-3">There are changes that players don't see yet.</p>}
      {badge.status === "draft" && <p className="mb-3 text-ink-2">Only authors see it so far.</p>}
      <div className="flex flex-wrap gap-3">
        <Link to="/badges/$id/edit" params={{ id: badge.id }} className={buttonClass("plain")}>
          Edit
        </Link>
        {(badge.status !== "published" || pending) && (
          <Button busy={act.isPending} onClick={() => act.mutate(publish)}>
            {pending ? "Publish the changes" : badge.status === "archived" ? "Publish again" : "Publish"}
          </Button>
        )}
        {badge.status === "published" && (
          <Button variant="danger" busy={act.isPending} onClick={() => setAsking(true)}>
            Archive
          </Button>
        )}
      </div>
      {act.error && <p role="alert" className="mt-3 text-bad">{wordsOf(act.error)}</p>}
      <Dialog open={asking} onClose={() => setAsking(false)} title={`Archive “${badge.name}”?`}>
        <p className="mb-4">It leaves the wall of those who have not earned it. Nobody loses it, and it can be published again.</p>
        <Button variant="danger" busy={act.isPending} onClick={() => act.mutate(archive)}>
          Archive it
        </Button>
      </Dialog>
    </Card>
  );
}
