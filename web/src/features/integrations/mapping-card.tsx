import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { wordsOf } from "@/lib/client";
import type { Mapping, Source } from "@/lib/types";
import { Button, Card } from "@/ui";
import { draftOf, mappingOf } from "./mapping";
import { MappingEditor } from "./mapping-editor";
import { changeSource, sourceKey } from "./queries";

/** How a source's bodies are read, to be tried on a sample and changed. */
export function MappingCard({ source, mapping }: { source: Source; mapping: Mapping }) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(mapping));
  const [sample, setSample] = useState("");
  // The version that was edited: who saved meanwhile is not overwritten.
  const [version, setVersion] = useState(source.version);
  const saving = useMutation({
    mutationFn: () => changeSource(source.slug, version, { mapping: mappingOf(draft) }),
    onSuccess: (saved) => setVersion(saved.version),
    onSettled: () => queries.invalidateQueries({ queryKey: sourceKey(source.slug) }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <Card title="How it is read">
      <form onSubmit={submit} className="grid gap-5">
        <MappingEditor
          draft={draft}
          onChange={(changed) => {
            setDraft(changed);
            saving.reset();
          }}
          sample={sample}
          onSample={setSample}
        />
        {saving.error && <p role="alert" className="text-bad">{wordsOf(saving.error)}</p>}
        <p role="status" className="text-ok empty:absolute">{saving.isSuccess && "Saved: what comes from now on is read by it."}</p>
        <Button type="submit" busy={saving.isPending} className="justify-self-start">
          Save it
        </Button>
      </form>
    </Card>
  );
}
