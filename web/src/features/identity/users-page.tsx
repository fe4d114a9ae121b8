import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useDeferredValue, useState } from "react";
import { wordsOf } from "@/lib/client";
import { day, title } from "@/lib/format";
import type { Role, UserRow } from "@/lib/types";
import { Avatar, Button, Card, Dialog, Field, Input, Pill, Row, Select, Skeleton, Textarea, Trouble } from "@/ui";
import { EraseUser } from "./erase-user";
import { approve, changeUser, type UserChange, usersKey, usersQuery } from "./queries";

const STATUS = { active: { words: "Active", tone: "ok" }, waiting: { words: "Waits to be let in", tone: "gold" }, suspended: { words: "Suspended", tone: "bad" } } as const;
const ROLES: Role[] = ["player", "moderator", "manager", "admin"];

/** `onErase`: for whoever may do that too. */
function Change({ user, onClose, onErase }: { user: UserRow; onClose: () => void; onErase?: () => void }) {
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: (wanted: UserChange) => changeUser(user, wanted),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: usersKey });
      onClose();
    },
    onError: () => void queries.invalidateQueries({ queryKey: usersKey }),
  });
  const [same, setSame] = useState(false);
  const [suspends, setSuspends] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const role = String(form.get("role")) as Role;
    const status = String(form.get("status")) as "active" | "suspended";
    if (role === user.role && status === user.status) {
      setSame(true);
      return;
    }
    setSame(false);
    save.mutate({ reason: String(form.get("reason")), ...(role === user.role ? {} : { role }), ...(status === user.status ? {} : { status }) });
  };
  return (
    <Dialog open onClose={onClose} title={`Change ${user.username}`}>
      <form onSubmit={submit} className="grid gap-4">
        <Field label="Role">
          {(ids) => (
            <Select {...ids} name="role" defaultValue={user.role}>
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {title(role)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="May act">
          {(ids) => (
            <Select {...ids} name="status" onChange={(event) => setSuspends(event.target.value === "suspended" && user.status !== "suspended")} defaultValue={user.status === "suspended" ? "suspended" : "active"}>
              <option value="active">Yes</option>
              <option value="suspended">No, suspended</option>
            </Select>
          )}
        </Field>
        <Field label="Reason" hint="It is kept with the change">
          {(ids) => <Textarea {...ids} name="reason" rows={2} required minLength={3} maxLength={500} />}
        </Field>
        {suspends && <p className="rounded-2xl bg-sunk p-3">Every session and token of {user.username} ends at once. What was earned stays.</p>}
        <p role="status" className="text-ink-2 empty:absolute">{same && "Nothing was changed yet."}</p>
        {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
        <Button type="submit" variant={suspends ? "danger" : "primary"} busy={save.isPending}>
          {suspends ? `Suspend ${user.username}` : "Save"}
        </Button>
      </form>
      {onErase && (
        <Button variant="quiet" className="mt-3" onClick={onErase}>
          Erase {user.username} for good
        </Button>
      )}
    </Dialog>
  );
}

export function UsersPage({ mayChange, mayErase }: { mayChange: boolean; mayErase: boolean }) {
  const [q, setQ] = useState("");
  const [status, setStatus] = useState("");
  const [open, setOpen] = useState<UserRow | null>(null);
  const [erased, setErased] = useState<UserRow | null>(null);
  const erase = () => {
    setErased(open);
    setOpen(null);
  };
  const queries = useQueryClient();
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({ ...usersQuery(useDeferredValue(q), status), placeholderData: keepPreviousData });
  const users = data?.pages.flatMap((page) => page.items) ?? [];
  const admit = useMutation({ mutationFn: approve, onSuccess: () => queries.invalidateQueries({ queryKey: usersKey }) });
  return (
    <>
      <h1 className="page-title">Players</h1>
      <search className="filters">
        <Input type="search" aria-label="Search players" placeholder="Name or e-mail" value={q} onChange={(event) => setQ(event.target.value)} />
        <Select aria-label="Status" value={status} onChange={(event) => setStatus(event.target.value)}>
          <option value="">Any status</option>
          <option value="active">Active</option>
          <option value="waiting">Waiting for approval</option>
          <option value="suspended">Suspended</option>
        </Select>
      </search>
      <Card>
        {error && <Trouble words={wordsOf(error)} again={() => void refetch()} />}
        {admit.error && <p role="alert" className="text-bad">{wordsOf(admit.error)}</p>}
        <ul className="divide-y-2 divide-sunk" aria-label="Players">
          {users.map((user) => (
            <Row
              key={user.id}
              picture={<Avatar look={user.look} size={48} crop="face" label="" />}
              title={
                <>
                  {user.display_name} <span className="font-normal text-ink-2">@{user.username}</span>
                </>
              }
              text={`${user.email}, since ${day(user.created_at)}`}
            >
              <Pill tone={user.role === "player" ? "plain" : "xp"}>{title(user.role)}</Pill>
              <Pill tone={STATUS[user.status].tone}>{STATUS[user.status].words}</Pill>
              {mayChange && user.status === "waiting" && (
                <Button size="small" busy={admit.isPending} onClick={() => admit.mutate(user.id)}>
                  Let in<span className="sr-only"> {user.username}</span>
                </Button>
              )}
              {mayChange && (
                <Button size="small" variant="plain" onClick={() => setOpen(user)}>
                  Change<span className="sr-only"> {user.username}</span>
                </Button>
              )}
            </Row>
          ))}
          {data && users.length === 0 && <li className="py-3 text-ink-2">Nobody fits.</li>}
        </ul>
        {isPending && <Skeleton height={420} />}
        {hasNextPage && (
          <Button variant="plain" className="mt-4" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        )}
      </Card>
      {open && <Change user={users.find((user) => user.id === open.id) ?? open} onClose={() => setOpen(null)} onErase={mayErase ? erase : undefined} />}
      {erased && <EraseUser user={erased} onClose={() => setErased(null)} />}
    </>
  );
}
