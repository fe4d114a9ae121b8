import { Button } from "./button";

/** What was typed before is here again. */
export function KeptNote({ onForget }: { onForget: () => void }) {
  return (
    <div role="status" className="flex flex-wrap items-center gap-3 rounded-2xl bg-sunk p-4">
      <p className="flex-1">What you typed before is here again; it was not saved yet.</p>
      <Button size="small" variant="plain" onClick={onForget}>
        Start afresh
      </Button>
    </div>
  );
}

/** Somebody else saved in the meantime: nothing is lost, the author decides. */
export function Conflict({ onTake, onOver }: { onTake: () => void; onOver: () => void }) {
  return (
    <div role="alert" className="grid gap-3 rounded-2xl border-2 border-bad p-4">
      <p className="font-bold">Somebody else saved this in the meantime.</p>
      <p>What you typed is still here. Save it over theirs, or look at theirs and let go of yours.</p>
      <div className="flex flex-wrap gap-3">
        <Button variant="danger" size="small" onClick={onOver}>
          Save mine over it
        </Button>
        <Button variant="plain" size="small" onClick={onTake}>
          Take theirs
        </Button>
      </div>
    </div>
  );
}
