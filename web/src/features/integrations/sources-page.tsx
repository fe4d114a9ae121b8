import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { wordsOf } from "@/lib/client";
import type { Source } from "@/lib/types";
import { Button, Card, Empty, Field, Icon, Input, Pill, Select, Skeleton, Trouble } from "@/ui";
import { HowTo } from "./how-to";
import { createSource, sourcesKey, sourcesQuery } from "./queries";

export function SourcesPage({ mayWrite }: { mayWrite: boolean }) {
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(sourcesQuery);
  const make = useMutation({ mutationFn: createSource, onSuccess: () => queries.invalidateQueries({ queryKey: sourcesKey }) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    make.mutate({ slug: String(form.get("slug")), kind: String(form.get("kind")) as Source["kind"], name: String(form.get("name")) });
  };
  return (
    <>
      <h1 className="page-title">Sources</h1>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_380px] lg:items-start">
        <Card title="Where activity comes from">
          {error && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
          {isPending && <Skeleton height={240} />}
          {data?.items.length === 0 && (
            <Empty title="Nothing flows in yet" mood="calm">
              <p>Connect GitHub, and merged work becomes quests done.</p>
            </Empty>
          )}
          <ul className="divide-y-2 divide-sunk">
            {data?.items.map((source) => (
              <li key={source.id} className="relative flex items-center gap-3 py-3">
                <Icon name={source.kind === "github" ? "octopus" : "cloud"} size={40} />
                <div className="min-w-0 flex-1">
                  <p className="font-bold">
                    <Link to="/manage/sources/$slug" params={{ slug: source.slug }} className="after:absolute after:inset-0 after:rounded-2xl">
                      {source.name}
                    </Link>
                  </p>
                  <p className="text-sm text-ink-2">
                    {source.kind === "github" ? "GitHub" : "CloudEvents"}, {source.slug}
                  </p>
                </div>
                <Pill tone={source.enabled ? "ok" : "bad"}>{source.enabled ? "On" : "Off"}</Pill>
              </li>
            ))}
          </ul>
        </Card>
        {mayWrite && (
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
                <Field label="Kind">
                  {(ids) => (
                    <Select {...ids} name="kind">
                      <option value="github">GitHub webhooks</option>
                      <option value="cloudevents">CloudEvents</option>
                    </Select>
                  )}
                </Field>
                <Field label="Name">{(ids) => <Input {...ids} name="name" required maxLength={80} autoComplete="off" />}</Field>
                <Field label="Short name" hint="Small letters, digits, dashes; part of the address">
                  {(ids) => <Input {...ids} name="slug" required pattern="[a-z0-9][a-z0-9\-]{1,62}" title="2 to 63 small letters, digits and dashes" autoComplete="off" />}
                </Field>
                {make.error && <p role="alert" className="text-bad">{wordsOf(make.error)}</p>}
                <Button type="submit" busy={make.isPending} className="justify-self-start">
                  Add it
                </Button>
              </form>
            )}
          </Card>
        )}
      </div>
    </>
  );
}
