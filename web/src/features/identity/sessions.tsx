import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { wordsOf } from "@/lib/client";
import { ago } from "@/lib/format";
import { Button, Card, Pill } from "@/ui";
import { endSession, sessionsKey, sessionsQuery, signOutEverywhere } from "./queries";

const BROWSERS = ["Firefox", "Edg", "Chrome", "Safari"];
const SYSTEMS = ["Android", "iPhone", "iPad", "Windows", "Mac", "Linux"];

function browserOf(agent: string): string {
  const browser = BROWSERS.find((name) => agent.includes(name));
  const system = SYSTEMS.find((name) => agent.includes(name));
  return browser ? `${browser === "Edg" ? "Edge" : browser}${system ? ` on ${system}` : ""}` : agent.slice(0, 40) || "A browser";
}

/** Where the player is signed in. */
export function Sessions({ onSignedOut }: { onSignedOut: () => void }) {
  const queries = useQueryClient();
  const { data } = useQuery(sessionsQuery);
  const out = useMutation({ mutationFn: signOutEverywhere, onSuccess: onSignedOut });
  const end = useMutation({ mutationFn: endSession, onSuccess: () => queries.invalidateQueries({ queryKey: sessionsKey }) });
  return (
    <Card title="Sessions">
      <ul className="mb-4 divide-y-2 divide-sunk">
        {data?.items.map((session) => (
          <li key={session.id} className="flex items-center gap-3 py-2">
            <div className="min-w-0 flex-1">
              <p className="font-bold wrap-anywhere">{browserOf(session.agent)}</p>
              <p className="text-sm text-ink-2">seen {ago(session.seen_at)}</p>
            </div>
            {session.current ? (
              <Pill tone="ok">This one</Pill>
            ) : (
              <Button size="small" variant="plain" busy={end.isPending} onClick={() => end.mutate(session.id)}>
                End<span className="sr-only"> {browserOf(session.agent)}</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
      <p className="mb-4 text-ink-2">Lost a phone? This ends every session, this one too. Access tokens stay.</p>
      {(out.error ?? end.error) && <p role="alert" className="text-bad">{wordsOf(out.error ?? end.error)}</p>}
      <Button variant="danger" busy={out.isPending} onClick={() => out.mutate()}>
        Sign out everywhere
      </Button>
    </Card>
  );
}
