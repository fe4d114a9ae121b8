import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { isNowhere, wordsOf } from "@/lib/client";
import { ago, count, moment, title } from "@/lib/format";
import type { Delivery } from "@/lib/types";
import { Button, buttonClass, Card, Dialog, Empty, Nowhere, Pill, Row, Skeleton, Switch, Trouble } from "@/ui";
import { actsSaid } from "./acts";
import { HowTo } from "./how-to";
import { LinksCard } from "./links-card";
import { MappingCard } from "./mapping-card";
import { changeSource, deliveriesQuery, redeliver, rotate, sourceKey, sourceQuery } from "./queries";

const route = getRouteApi("/inside/manage/sources/$slug");
const TONES = { recorded: "ok", duplicate: "plain", waiting: "gold", ignored: "plain", ping: "xp" } as const;
const WORDS = { recorded: "Counted", duplicate: "Seen before", waiting: "Waits for a player", ignored: "Not counted", ping: "Ping" };

function Received({ slug, delivery, mayWrite }: { slug: string; delivery: Delivery; mayWrite: boolean }) {
  const queries = useQueryClient();
  const again = useMutation({ mutationFn: () => redeliver(slug, delivery.id), onSettled: () => queries.invalidateQueries({ queryKey: sourceKey(slug) }) });
  return (
    <Row
      title={delivery.activities.length > 0 ? actsSaid(delivery.activities.map((activity) => activity.kind)) : title(delivery.event || "delivery")}
      text={
        <>
          <time dateTime={delivery.received_at} title={moment(delivery.received_at)}>
            {ago(delivery.received_at)}
          </time>
          {delivery.activities.length > 0 && <>, {delivery.event}</>}
          {delivery.detail && <>, {delivery.detail}</>}
        </>
      }
      note={
        <>
          {again.error && <p role="alert" className="text-sm text-bad">{wordsOf(again.error)}</p>}
          <p role="status" className="text-sm text-ok empty:absolute">{again.data && `Run again: ${WORDS[again.data.outcome].toLowerCase()}.`}</p>
        </>
      }
    >
      <Pill tone={TONES[delivery.outcome]}>{WORDS[delivery.outcome]}</Pill>
      {mayWrite && (
        <Button size="small" variant="plain" busy={again.isPending} onClick={() => again.mutate()}>
          Run again<span className="sr-only"> {delivery.event}</span>
        </Button>
      )}
    </Row>
  );
}

export function SourcePage({ mayWrite }: { mayWrite: boolean }) {
  const { slug } = route.useParams();
  const queries = useQueryClient();
  const { data: source, error, refetch } = useQuery(sourceQuery(slug));
  const deliveries = useInfiniteQuery(deliveriesQuery(slug));
  const refresh = () => queries.invalidateQueries({ queryKey: sourceKey(slug) });
  const switching = useMutation({ mutationFn: (enabled: boolean) => changeSource(slug, source?.version ?? 0, { enabled }), onSettled: refresh });
  const [asking, setAsking] = useState(false);
  const rotating = useMutation({ mutationFn: () => rotate(slug), onSettled: refresh });
  if (isNowhere(error))
    return (
      <Nowhere>
        <Link to="/manage/sources" className={buttonClass("primary")}>
          To the sources
        </Link>
      </Nowhere>
    );
  if (error && !source) return <Trouble page words={wordsOf(error)} again={() => void refetch()} />;
  if (!source) return <Skeleton height={420} />;
  const items = deliveries.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Link to="/manage/sources" className="link inline-flex min-h-11 items-center">
        All sources
      </Link>
      <h1 className="page-title">{source.name}</h1>
      <p className="mb-4 flex flex-wrap items-center gap-2 text-ink-2">
        <Pill tone={source.enabled ? "ok" : "bad"}>{source.enabled ? "On" : "Off"}</Pill>
        {source.connected_at ? <span>Connected {ago(source.connected_at)}</span> : <span>Nothing has reached it yet</span>}
      </p>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_380px] lg:items-start">
        <div className="grid min-w-0 gap-5">
          <Card
            title="Deliveries"
            action={
              <Button size="small" variant="quiet" onClick={() => void refresh()}>
                Look again
              </Button>
            }
          >
            <p role="status" className="sr-only">
              {count(items.length, "delivery", "deliveries")}
            </p>
            {items.length === 0 && !deliveries.isPending && <Empty title="Nothing came yet" mood="asleep"><p>The first delivery appears here with what became of it.</p></Empty>}
            <ul className="divide-y-2 divide-sunk">
              {items.map((delivery) => (
                <Received key={delivery.id} slug={slug} delivery={delivery} mayWrite={mayWrite} />
              ))}
            </ul>
            {deliveries.hasNextPage && (
              <Button variant="plain" className="mt-4" busy={deliveries.isFetchingNextPage} onClick={() => void deliveries.fetchNextPage()}>
                Show older
              </Button>
            )}
          </Card>
          {mayWrite && source.mapping && <MappingCard source={source} mapping={source.mapping} />}
        </div>
        <div className="grid gap-5">
          <Card title="The source">
            <div className="grid gap-4">
              <Switch checked={source.enabled} onChange={(enabled) => mayWrite && switching.mutate(enabled)} label="Takes deliveries" hint={source.enabled ? undefined : "What is sent now is refused"} />
              {switching.error && <p role="alert" className="text-bad">{wordsOf(switching.error)}</p>}
              {rotating.data ? <HowTo source={source} secret={rotating.data.secret} /> : <HowTo source={source} />}
              {rotating.error && <p role="alert" className="text-bad">{wordsOf(rotating.error)}</p>}
              {mayWrite && source.kind !== "cloudevents" && (
                <Button variant="danger" busy={rotating.isPending} onClick={() => setAsking(true)} className="justify-self-start">
                  New secret
                </Button>
              )}
            </div>
          </Card>
          <LinksCard slug={slug} mayWrite={mayWrite} />
          <Dialog open={asking} onClose={() => setAsking(false)} title="Make a new secret?">
            <p className="mb-4">The one in use now stays good until the next change, so that nothing is lost while you paste the new one into {source.kind === "github" ? "GitHub" : "the service that sends"}. The one before it ends now.</p>
            <Button
              variant="danger"
              onClick={() => {
                setAsking(false);
                rotating.mutate();
              }}
            >
              Make it
            </Button>
          </Dialog>
        </div>
      </div>
    </>
  );
}
