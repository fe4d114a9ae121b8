import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { wordsOf } from "@/lib/client";
import { ago, count } from "@/lib/format";
import { Button, Card, Field, Input, Textarea } from "@/ui";
import { link, linkAll, linksQuery, sourceKey, unlink, waitingQuery } from "./queries";

/** The answer to many names no more than this. */
const MOST_TOLD = 100;

/** Which account is which player; activity of unknown accounts waits 30 days. */
export function LinksCard({ slug, mayWrite }: { slug: string; mayWrite: boolean }) {
  const queries = useQueryClient();
  const [bulk, setBulk] = useState(false);
  const [account, setAccount] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const links = useInfiniteQuery(linksQuery(slug));
  const linked = links.data?.pages.flatMap((page) => page.items) ?? [];
  const waiting = useQuery(waitingQuery(slug));
  const refresh = () => queries.invalidateQueries({ queryKey: sourceKey(slug) });
  const add = useMutation({ mutationFn: (form: FormData) => (bulk ? linkAll(slug, String(form.get("csv"))) : link(slug, account.trim(), String(form.get("username")).trim())), onSuccess: refresh });
  const end = useMutation({ mutationFn: (id: string) => unlink(slug, id), onSuccess: refresh });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    add.mutate(new FormData(form), {
      onSuccess: () => {
        form.reset();
        setAccount("");
      },
    });
  };
  const waits = waiting.data?.items ?? [];
  return (
    <>
      {waits.length > 0 && (
        <Card title="Waiting for a player">
          <ul className="divide-y-2 divide-sunk">
            {waits.map((one, n) => (
              <li key={`${one.account}-${n}`} className="flex items-center gap-3 py-2">
                <p className="min-w-0 flex-1 wrap-anywhere">
                  <span className="font-bold">{one.account}</span> <span className="block text-sm text-ink-2">{count(one.count, "act")} waiting, the last {ago(one.last)}</span>
                </p>
                {mayWrite && (
                  <Button
                    size="small"
                    variant="plain"
                    onClick={() => {
                      setBulk(false);
                      setAccount(one.account);
                      requestAnimationFrame(() => form.current?.querySelector<HTMLInputElement>("[name=username]")?.focus());
                    }}
                  >
                    Link<span className="sr-only"> {one.account}</span>
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Card
        title="Accounts"
        action={
          mayWrite && (
            <Button size="small" variant="quiet" aria-pressed={bulk} onClick={() => setBulk(!bulk)}>
              {bulk ? "One by one" : "Many at once"}
            </Button>
          )
        }
      >
        {mayWrite && (
          <form ref={form} onSubmit={submit} className="mb-4 grid gap-3">
            {bulk ? (
              <Field label="Account, player: one pair a line" hint="As CSV with the first line account,username">
                {(ids) => <Textarea {...ids} name="csv" rows={5} required className="font-mono text-sm" placeholder={"account,username\noctocat,wren"} />}
              </Field>
            ) : (
              <div className="grid gap-3 sm:grid-cols-2">
                <Field label="Account">{(ids) => <Input {...ids} required value={account} onChange={(event) => setAccount(event.target.value)} autoComplete="off" />}</Field>
                <Field label="Player">{(ids) => <Input {...ids} name="username" required autoComplete="off" />}</Field>
              </div>
            )}
            {add.error && <p role="alert" className="text-bad">{wordsOf(add.error)}</p>}
            <p role="status" className="text-ok empty:absolute">{add.data && `${count(add.data.items.length, "account")} linked${add.data.items.length === MOST_TOLD ? " at least" : ""}: ${add.data.items.slice(0, 5).map((one) => `${one.account} is ${one.username}`).join(", ")}${add.data.items.length > 5 ? " …" : ""}. What was waiting is being credited.`}</p>
            <Button type="submit" size="small" busy={add.isPending} className="justify-self-start">
              Link
            </Button>
          </form>
        )}
        <ul className="divide-y-2 divide-sunk">
          {linked.map((one) => (
            <li key={one.id} className="flex items-center gap-3 py-2">
              <p className="min-w-0 flex-1 wrap-anywhere">
                <span className="font-bold">{one.account}</span> is {one.username}
              </p>
              {mayWrite && (
                <Button size="small" variant="quiet" onClick={() => end.mutate(one.id)}>
                  Unlink<span className="sr-only"> {one.account}</span>
                </Button>
              )}
            </li>
          ))}
          {links.data && linked.length === 0 && <li className="text-ink-2">Nobody is linked yet.</li>}
        </ul>
        {end.error && <p role="alert" className="text-bad">{wordsOf(end.error)}</p>}
        {links.hasNextPage && (
          <Button variant="plain" className="mt-4" busy={links.isFetchingNextPage} onClick={() => void links.fetchNextPage()}>
            Show more
          </Button>
        )}
      </Card>
    </>
  );
}
