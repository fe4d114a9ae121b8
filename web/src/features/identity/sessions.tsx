import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { wordsOf } from "@/lib/client";
import { ago, day } from "@/lib/format";
import type { Session } from "@/lib/types";
import { Button, Card, Pill, Skeleton, Trouble } from "@/ui";
import { endSession, sessionsKey, sessionsQuery, signOutEverywhere } from "./queries";

/** Where the player is signed in, and the way out: of one, or of all. */
export function Sessions({ onSignedOut }: { onSignedOut: () => void }) {
  const queries = useQueryClient();
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(sessionsQuery);
  const sessions = data?.pages.flatMap((page) => page.items) ?? [];
  const out = useMutation({ mutationFn: signOutEverywhere, onSuccess: onSignedOut });
  const end = useMutation({
    mutationFn: endSession,
    onSuccess: (_, ended: Session) => (ended.current ? onSignedOut() : queries.invalidateQueries({ queryKey: sessionsKey })),
  });
  return (
    <Card title="Where you are signed in">
      {error && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
      {isPending && <Skeleton height={64} />}
      <ul className="divide-y-2 divide-sunk">
        {sessions.map((session) => (
          <li key={session.id} className="flex items-center gap-3 py-3">
            <div className="min-w-0 flex-1">
              <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <span className="font-bold wrap-anywhere">{session.agent}</span>
                {session.current && <Pill tone="ok">This one</Pill>}
              </p>
              <p className="text-sm text-ink-2">
                Since {day(session.created_at)}, {session.current ? "in use now" : `seen ${ago(session.seen_at)}`}
              </p>
            </div>
            <Button size="small" variant="plain" busy={end.isPending} onClick={() => end.mutate(session)}>
              Sign out<span className="sr-only"> {session.agent}</span>
            </Button>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button variant="plain" className="mt-2" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show older
        </Button>
      )}
      <p role="status" className="text-ok empty:absolute">{end.isSuccess && `Signed out: ${end.variables.agent}.`}</p>
      <p className="my-4 text-ink-2">Lost a phone? Sign it out here. Everywhere means this one too; access tokens stay.</p>
      {(out.error ?? end.error) && <p role="alert" className="mb-4 text-bad">{wordsOf(out.error ?? end.error)}</p>}
      <Button variant="danger" busy={out.isPending} onClick={() => out.mutate()}>
        Sign out everywhere
      </Button>
    </Card>
  );
}
