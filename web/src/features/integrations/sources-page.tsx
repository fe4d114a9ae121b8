import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { wordsOf } from "@/lib/client";
import type { Source } from "@/lib/types";
import { Card, Empty, Icon, Pill, Skeleton, Trouble } from "@/ui";
import { KINDS } from "./kinds";
import { sourcesQuery } from "./queries";
import { SourceForm } from "./source-form";

export function SourcesPage({ mayWrite }: { mayWrite: boolean }) {
  const [kind, setKind] = useState<Source["kind"]>("github");
  const { data, error, isPending, refetch } = useQuery(sourcesQuery);
  return (
    <>
      <h1 className="page-title">Sources</h1>
      {/* A mapping needs room: the list makes way for it. */}
      <div className={`grid gap-5 lg:items-start ${kind === "json" ? "lg:grid-cols-[minmax(0,1fr)_minmax(0,1.6fr)]" : "lg:grid-cols-[minmax(0,1fr)_380px]"}`}>
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
                <Icon name={KINDS[source.kind].icon} size={40} />
                <div className="min-w-0 flex-1">
                  <p className="font-bold">
                    <Link to="/manage/sources/$slug" params={{ slug: source.slug }} className="after:absolute after:inset-0 after:rounded-2xl">
                      {source.name}
                    </Link>
                  </p>
                  <p className="text-sm text-ink-2">
                    {KINDS[source.kind].name}, {source.slug}
                  </p>
                </div>
                <Pill tone={source.enabled ? "ok" : "bad"}>{source.enabled ? "On" : "Off"}</Pill>
              </li>
            ))}
          </ul>
        </Card>
        {mayWrite && <SourceForm kind={kind} onKind={setKind} />}
      </div>
    </>
  );
}
