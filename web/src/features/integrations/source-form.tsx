import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { problemAt, wordsOf } from "@/lib/client";
import type { Source } from "@/lib/types";
import { Button, Card, Field, Input, Select } from "@/ui";
import { HowTo } from "./how-to";
import { BEGINNING, mappingOf, SAMPLE } from "./mapping";
import { MappingEditor } from "./mapping-editor";
import { createSource, sourcesKey } from "./queries";

interface Props {
  kind: Source["kind"];
  onKind: (kind: Source["kind"]) => void;
}

/** Makes a source, and shows its secret once. */
export function SourceForm({ kind, onKind }: Props) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState(BEGINNING);
  const [sample, setSample] = useState(SAMPLE);
  const make = useMutation({ mutationFn: createSource, onSuccess: () => queries.invalidateQueries({ queryKey: sourcesKey }) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    make.mutate({ slug: String(form.get("slug")), kind, name: String(form.get("name")), mapping: kind === "json" ? mappingOf(draft) : null });
  };
  return (
    <Card title="Add a source">
      {make.data ? (
        <div className="grid gap-4">
          <HowTo source={make.data} secret={make.data.secret} />
          <Link to="/manage/sources/$slug" params={{ slug: make.data.slug }} className="link">
            To its deliveries
          </Link>
          <Button variant="plain" onClick={() => make.reset()}>
            {make.data.secret ? "I have copied it" : "Add another"}
          </Button>
        </div>
      ) : (
        <form onSubmit={submit} className="grid gap-4">
          <Field label="Kind of source">
            {(ids) => (
              <Select {...ids} value={kind} onChange={(event) => onKind(event.target.value as Source["kind"])}>
                <option value="github">GitHub webhooks</option>
                <option value="cloudevents">CloudEvents</option>
                <option value="json">Any JSON, mapped by you</option>
              </Select>
            )}
          </Field>
          <Field label="Name" error={problemAt(make.error, "/name")}>
            {(ids) => <Input {...ids} name="name" required maxLength={80} autoComplete="off" />}
          </Field>
          <Field label="Short name" hint="Small letters, digits, dashes; part of the address">
            {(ids) => <Input {...ids} name="slug" required pattern="[a-z0-9][a-z0-9\-]{1,62}" title="2 to 63 small letters, digits and dashes" autoComplete="off" />}
          </Field>
          {kind === "json" && <MappingEditor draft={draft} onChange={setDraft} sample={sample} onSample={setSample} />}
          {make.error && <p role="alert" className="text-bad">{wordsOf(make.error)}</p>}
          <Button type="submit" busy={make.isPending} className="justify-self-start">
            Add it
          </Button>
        </form>
      )}
    </Card>
  );
}
