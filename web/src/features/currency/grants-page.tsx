import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { newKey, Problem, wordsOf } from "@/lib/client";
import { signed } from "@/lib/format";
import { Button, Card, Field, Input, Select, Textarea } from "@/ui";
import { useKinds } from "./kinds";
import { balancesQuery, grant, reverse } from "./queries";

function GrantForm({ onDone }: { onDone: (transaction: string) => void }) {
  const { data } = useQuery(balancesQuery);
  const kind = useKinds();
  const [key, setKey] = useState(newKey);
  const [done, setDone] = useState<{ words: string; id: string } | null>(null);
  const giving = useMutation({ mutationFn: (wanted: Parameters<typeof grant>[0]) => grant(wanted, key) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    const wanted = { username: String(fields.get("username")), currency: String(fields.get("currency")), amount: Number(fields.get("amount")), reason: String(fields.get("reason")) };
    giving.mutate(wanted, {
      onSuccess: (outcome) => {
        setDone({ words: `${signed(wanted.amount)} ${kind(wanted.currency).name} for ${wanted.username}: done.`, id: outcome.transaction_id });
        onDone(outcome.transaction_id);
        setKey(newKey());
        form.reset();
      },
      // Something else was sent under this key before: what is on the page now is a new grant.
      onError: (error) => error instanceof Problem && error.code === "idempotency_key_reused" && setKey(newKey()),
    });
  };
  return (
    <form onSubmit={submit} className="grid gap-4">
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="Player">{(ids) => <Input {...ids} name="username" required autoComplete="off" />}</Field>
        <Field label="Currency">
          {(ids) => (
            <Select {...ids} name="currency">
              {data?.items.map((item) => (
                <option key={item.currency} value={item.currency}>
                  {item.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Amount" hint="Below zero takes away">
          {(ids) => <Input {...ids} name="amount" type="number" step={1} required />}
        </Field>
      </div>
      <Field label="Reason" hint="The player reads it under Why?">
        {(ids) => <Textarea {...ids} name="reason" required minLength={3} maxLength={500} rows={2} />}
      </Field>
      {giving.error && <p role="alert" className="text-bad">{wordsOf(giving.error)}</p>}
      <p role="status" className="text-ok empty:absolute">
        {done && (
          <>
            {done.words}{" "}
            <Link to="/why/$kind/$id" params={{ kind: "transaction", id: done.id }} className="link">
              See why
            </Link>
          </>
        )}
      </p>
      <Button type="submit" busy={giving.isPending} className="justify-self-start">
        Grant
      </Button>
    </form>
  );
}

function ReverseForm({ id }: { id: string }) {
  const [key, setKey] = useState(newKey);
  const undoing = useMutation({ mutationFn: (wanted: { id: string; reason: string }) => reverse(wanted.id, wanted.reason, key) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    undoing.mutate(
      { id: String(fields.get("id")).trim(), reason: String(fields.get("reason")) },
      {
        onSuccess: () => {
          setKey(newKey());
          form.reset();
        },
      },
    );
  };
  return (
    <form onSubmit={submit} className="grid gap-4">
      <Field label="Transaction" hint="Its id stands under Details on its Why? page">
        {(ids) => <Input {...ids} name="id" required defaultValue={id} pattern="[0-9a-fA-F\-]{36}" title="36 characters: digits, a to f and dashes" autoComplete="off" />}
      </Field>
      <Field label="Reason">{(ids) => <Input {...ids} name="reason" required minLength={3} />}</Field>
      {undoing.error && <p role="alert" className="text-bad">{wordsOf(undoing.error)}</p>}
      <p role="status" className="text-ok empty:absolute">{undoing.isSuccess && "The transaction is reversed."}</p>
      <Button type="submit" variant="danger" busy={undoing.isPending} className="justify-self-start">
        Reverse it
      </Button>
    </form>
  );
}

export function GrantsPage() {
  const [last, setLast] = useState("");
  return (
    <>
      <h1 className="page-title">Grants</h1>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_380px] lg:items-start">
        <Card title="Give or take">
          <GrantForm onDone={setLast} />
        </Card>
        <Card title="Reverse a transaction">
          <ReverseForm key={last} id={last} />
        </Card>
      </div>
    </>
  );
}
