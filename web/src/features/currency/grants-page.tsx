import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { newKey, wordsOf } from "@/lib/client";
import { number } from "@/lib/format";
import { Button, Card, Field, Input, Select, Textarea } from "@/ui";
import { balancesQuery, grant, reverse } from "./queries";

function GrantForm() {
  const { data } = useQuery(balancesQuery);
  const [key, setKey] = useState(newKey);
  const [done, setDone] = useState("");
  const giving = useMutation({ mutationFn: (wanted: Parameters<typeof grant>[0]) => grant(wanted, key) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    const wanted = { username: String(fields.get("username")), currency: String(fields.get("currency")), amount: Number(fields.get("amount")), reason: String(fields.get("reason")) };
    giving.mutate(wanted, {
      onSuccess: () => {
        setDone(`${number(wanted.amount)} ${wanted.currency} for ${wanted.username}: done.`);
        setKey(newKey());
        form.reset();
      },
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
        {(ids) => <Textarea {...ids} name="reason" required minLength={3} rows={2} />}
      </Field>
      {giving.error && <p role="alert" className="text-bad">{wordsOf(giving.error)}</p>}
      <p role="status" className="text-ok">{done}</p>
      <Button type="submit" busy={giving.isPending} className="justify-self-start">
        Grant
      </Button>
    </form>
  );
}

function ReverseForm() {
  const undoing = useMutation({ mutationFn: (wanted: { id: string; reason: string }) => reverse(wanted.id, wanted.reason) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    undoing.mutate({ id: String(fields.get("id")).trim(), reason: String(fields.get("reason")) });
  };
  return (
    <form onSubmit={submit} className="grid gap-4">
      <Field label="Transaction" hint="Its id, from the end of a Why? page">
        {(ids) => <Input {...ids} name="id" required autoComplete="off" />}
      </Field>
      <Field label="Reason">{(ids) => <Input {...ids} name="reason" required minLength={3} />}</Field>
      {undoing.error && <p role="alert" className="text-bad">{wordsOf(undoing.error)}</p>}
      {undoing.isSuccess && <p role="status" className="text-ok">The transaction is reversed.</p>}
      <Button type="submit" variant="danger" busy={undoing.isPending} className="justify-self-start">
        Reverse it
      </Button>
    </form>
  );
}

export function GrantsPage() {
  return (
    <>
      <h1 className="page-title">Grants</h1>
      <div className="grid gap-5">
        <Card title="Give or take">
          <GrantForm />
        </Card>
        <Card title="Reverse a transaction">
          <ReverseForm />
        </Card>
      </div>
    </>
  );
}
