import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { wordsOf } from "@/lib/client";
import { day, moment, title } from "@/lib/format";
import type { Registration, Role } from "@/lib/types";
import { Button, Card, Empty, Field, Input, Pill, Row, Select, Skeleton, Trouble } from "@/ui";
import { endInvite, invite, invitesKey, invitesQuery, outboxQuery, registrationKey, registrationQuery, setMode } from "./queries";
import { SecretOnce } from "./secret-once";

const MODES: Record<Registration["mode"], string> = { open: "Anybody may sign up", invite: "Only with an invitation", approval: "An admin lets each in", closed: "Nobody" };

function Mode() {
  const queries = useQueryClient();
  const { data } = useQuery(registrationQuery);
  const save = useMutation({ mutationFn: setMode, onSuccess: (changed) => queries.setQueryData(registrationKey, changed) });
  return (
    <Card title="Signing up">
      <Field label="Who may sign up">
        {(ids) => (
          <Select {...ids} value={data?.mode ?? "open"} disabled={!data || save.isPending} onChange={(event) => save.mutate(event.target.value as Registration["mode"])}>
            {Object.entries(MODES).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <p role="status" className="mt-2 text-ok empty:hidden">
        {save.isSuccess && "Saved."}
      </p>
      {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
    </Card>
  );
}

export function InvitesPage() {
  const queries = useQueryClient();
  const { data } = useQuery(invitesQuery);
  const refresh = () => queries.invalidateQueries({ queryKey: invitesKey });
  const make = useMutation({ mutationFn: (form: FormData) => invite({ role: String(form.get("role")) as Role, note: String(form.get("note")), expires_in_days: Number(form.get("days")), uses: Number(form.get("uses")) }), onSuccess: refresh });
  const end = useMutation({ mutationFn: endInvite, onSuccess: refresh });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    make.mutate(new FormData(event.currentTarget));
  };
  return (
    <>
      <h1 className="page-title">Invitations</h1>
      <div className="grid gap-5 lg:grid-cols-2 lg:items-start">
        <div className="grid gap-5">
          <Mode />
          <Card title="Invite somebody">
            <form onSubmit={submit} className="grid gap-4">
              <Field label="As">
                {(ids) => (
                  <Select {...ids} name="role">
                    {["player", "moderator", "manager", "admin"].map((role) => (
                      <option key={role} value={role}>
                        {title(role)}
                      </option>
                    ))}
                  </Select>
                )}
              </Field>
              <Field label="Note" hint="For yourself: who is it for?">
                {(ids) => <Input {...ids} name="note" maxLength={200} autoComplete="off" />}
              </Field>
              <Field label="Good for">
                {(ids) => (
                  <Select {...ids} name="days" defaultValue="14">
                    <option value="1">A day</option>
                    <option value="14">14 days</option>
                    <option value="90">90 days</option>
                  </Select>
                )}
              </Field>
              <Field label="For how many" hint="The link works that many times">
                {(ids) => <Input {...ids} name="uses" type="number" inputMode="numeric" min={1} max={1000} step={1} defaultValue={1} required />}
              </Field>
              {make.error && <p role="alert" className="text-bad">{wordsOf(make.error)}</p>}
              <Button type="submit" busy={make.isPending} className="justify-self-start">
                Make an invitation
              </Button>
              {make.data && <SecretOnce label="The invitation" secret={make.data.link ?? make.data.secret ?? ""} />}
            </form>
          </Card>
        </div>
        <Card title="Made so far">
          <ul className="divide-y-2 divide-sunk">
            {data?.items.map((one) => (
              <Row key={one.id} title={one.note || "Without a note"} text={`${title(one.role)}, until ${day(one.expires_at)}${one.uses_max > 1 ? `, ${one.uses} of ${one.uses_max} have come` : ""}`}>
                {one.used ? (
                  <Pill tone="ok">Used</Pill>
                ) : (
                  <Button size="small" variant="plain" onClick={() => end.mutate(one.id)}>
                    Take back<span className="sr-only"> {one.note}</span>
                  </Button>
                )}
              </Row>
            ))}
            {data?.items.length === 0 && <li className="text-ink-2">None are open.</li>}
          </ul>
          {end.error && <p role="alert" className="text-bad">{wordsOf(end.error)}</p>}
        </Card>
      </div>
    </>
  );
}

/** Mails that are kept here instead of being sent. */
export function OutboxPage() {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(outboxQuery);
  const mails = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <h1 className="page-title">Kept mails</h1>
      <p className="mb-4 text-ink-2">No mail server is set, so mails stay here.</p>
      <Card>
        {error && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
        {isPending && <Skeleton height={420} />}
        {data && mails.length === 0 && <Empty title="No mail was needed yet" mood="calm"><p>A forgotten password would be the first.</p></Empty>}
        <ul className="divide-y-2 divide-sunk">
          {mails.map((mail) => (
            <li key={mail.id} className="py-3">
              <p className="font-bold wrap-anywhere">{mail.subject}</p>
              <p className="text-sm text-ink-2 wrap-anywhere">
                To {mail.recipient}, {moment(mail.created_at)}
              </p>
              <pre className="mt-2 rounded-xl bg-sunk p-3 [font-family:inherit] wrap-anywhere whitespace-pre-wrap">{mail.body}</pre>
            </li>
          ))}
        </ul>
        {hasNextPage && (
          <Button variant="plain" className="mt-4" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show older
          </Button>
        )}
      </Card>
    </>
  );
}
