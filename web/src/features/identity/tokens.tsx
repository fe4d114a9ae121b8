import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { wordsOf } from "@/lib/client";
import { ago, day } from "@/lib/format";
import { Button, Card, Field, Input, Select } from "@/ui";
import { addToken, endToken, tokensKey, tokensQuery } from "./queries";
import { SecretOnce } from "./secret-once";

/** Personal access tokens: programs act for the player, within scopes. */
export function Tokens({ permissions }: { permissions: string[] }) {
  const queries = useQueryClient();
  const { data } = useQuery(tokensQuery);
  const [secret, setSecret] = useState("");
  const [all, setAll] = useState(true);
  const refresh = () => queries.invalidateQueries({ queryKey: tokensKey });
  const make = useMutation({
    mutationFn: (form: FormData) => addToken(String(form.get("name")), all ? null : form.getAll("scope").map(String), Number(form.get("days")) || null),
    onSuccess: (token) => {
      setSecret(token.secret ?? "");
      void refresh();
    },
  });
  const end = useMutation({ mutationFn: endToken, onSuccess: refresh });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    make.mutate(new FormData(event.currentTarget));
  };
  const scopes = [...new Set([...permissions, "ingest"])].sort();
  return (
    <Card title="Access tokens">
      <ul className="mb-4 divide-y-2 divide-sunk">
        {data?.items.map((token) => (
          <li key={token.id} className="flex flex-wrap items-center gap-3 py-2">
            <div className="min-w-0 flex-1">
              <p className="font-bold">{token.name}</p>
              <p className="text-sm text-ink-2">
                {token.scopes?.join(", ") ?? "All you may do"}; {token.last_used ? `used ${ago(token.last_used)}` : "never used"}
                {token.expires && `; until ${day(token.expires)}`}
              </p>
            </div>
            <Button size="small" variant="danger" busy={end.isPending} onClick={() => end.mutate(token.id)}>
              End<span className="sr-only"> {token.name}</span>
            </Button>
          </li>
        ))}
        {data?.items.length === 0 && <li className="text-ink-2">None yet. A token lets a script act for you.</li>}
      </ul>
      {secret && <SecretOnce label="The new token" secret={secret} />}
      <form onSubmit={submit} className="mt-4 grid gap-4">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Name of the new token">{(ids) => <Input {...ids} name="name" required maxLength={80} autoComplete="off" />}</Field>
          <Field label="Good for">
            {(ids) => (
              <Select {...ids} name="days" defaultValue="90">
                <option value="30">30 days</option>
                <option value="90">90 days</option>
                <option value="365">A year</option>
                <option value="">Ever</option>
              </Select>
            )}
          </Field>
        </div>
        <fieldset>
          <legend className="mb-1 font-bold">It may</legend>
          <label className="flex min-h-11 items-center gap-2">
            <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} className="size-5" /> do all that I may do
          </label>
          {!all && (
            <div className="flex flex-wrap gap-x-5">
              {scopes.map((scope) => (
                <label key={scope} className="flex min-h-11 items-center gap-2">
                  <input type="checkbox" name="scope" value={scope} className="size-5" /> {scope}
                </label>
              ))}
            </div>
          )}
        </fieldset>
        {make.error && <p role="alert" className="text-bad">{wordsOf(make.error)}</p>}
        <Button type="submit" busy={make.isPending} className="justify-self-start">
          Make a token
        </Button>
      </form>
    </Card>
  );
}
