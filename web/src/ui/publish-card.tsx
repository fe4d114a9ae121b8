import { type ReactNode, useState } from "react";
import { Button } from "./button";
import { Card, Pill } from "./card";
import { Dialog } from "./dialog";

const WORDS = { draft: "Draft", published: "Published", archived: "Archived" };

interface Props {
  name: string;
  status: keyof typeof WORDS;
  version: number;
  /** The head holds changes that players don't see yet. */
  pending: boolean;
  afterArchive: string;
  busy: boolean;
  problem: string | null;
  /** The way to the form, by the feature that knows it. */
  edit: ReactNode;
  onPublish: () => void;
  onArchive: () => void;
}

/** Draft, published, changed, archived: where it stands, and what an author may do next. */
export function PublishCard({ name, status, version, pending, afterArchive, busy, problem, edit, onPublish, onArchive }: Props) {
  const [asking, setAsking] = useState(false);
  return (
    <Card title="For authors">
      <p className="mb-3">
        <Pill tone={status === "published" ? "ok" : "xp"}>{version > 0 ? `${WORDS[status]}, version ${version}` : WORDS[status]}</Pill>
      </p>
      <p role="status" className={pending ? "mb-3 rounded-2xl bg-sunk p-3" : "mb-3 text-ink-2 empty:hidden"}>
        {pending ? "There are changes that players don't see yet." : status === "draft" ? "Only authors see it so far." : ""}
      </p>
      <div className="flex flex-wrap gap-3">
        {edit}
        {(status !== "published" || pending) && (
          <Button busy={busy} onClick={onPublish}>
            {pending ? "Publish the changes" : status === "archived" ? "Publish again" : "Publish"}
          </Button>
        )}
        {status === "published" && (
          <Button variant="danger" busy={busy} onClick={() => setAsking(true)}>
            Archive
          </Button>
        )}
      </div>
      {problem && <p role="alert" className="mt-3 text-bad">{problem}</p>}
      <Dialog open={asking} onClose={() => setAsking(false)} title={`Archive “${name}”?`}>
        <p className="mb-4">{afterArchive}</p>
        <Button
          variant="danger"
          onClick={() => {
            setAsking(false);
            onArchive();
          }}
        >
          Archive it
        </Button>
      </Dialog>
    </Card>
  );
}
