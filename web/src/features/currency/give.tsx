import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Gift } from "lucide-react";
import { type FormEvent, useState } from "react";
import { newKey, Problem, wordsOf } from "@/lib/client";
import { currencyName, number } from "@/lib/format";
import { Button, Dialog, Field, Input, Select } from "@/ui";
import { balancesQuery, currenciesQuery, give, ledgerKey } from "./queries";

/** A gift to another player; the button is there if some currency can be given. */
export function Give() {
  const { data: currencies } = useQuery(currenciesQuery);
  const { data: balances } = useQuery(balancesQuery);
  const [open, setOpen] = useState(false);
  const [done, setDone] = useState("");
  // It outlives the dialog: who closes it after an answer was lost, and gives again, gives once.
  const [key, setKey] = useState(newKey);
  const kinds = currencies?.items.filter((kind) => kind.active && kind.transferable) ?? [];
  if (kinds.length === 0) return null;
  return (
    <>
      <Button variant="plain" className="mt-4" onClick={() => { setDone(""); setOpen(true); }}>
        <Gift size={18} aria-hidden /> Give to a player
      </Button>
      <p role="status" className="mt-2 text-sm text-ok empty:hidden">{done}</p>
      <Dialog open={open} onClose={() => setOpen(false)} title="Give to a player">
        <GiveForm
          kinds={kinds}
          available={(code) => balances?.items.find((item) => item.currency === code)?.available ?? 0}
          sentAs={key}
          onNewKey={() => setKey(newKey())}
          onDone={(words) => {
            setDone(words);
            setKey(newKey());
            setOpen(false);
          }}
        />
      </Dialog>
    </>
  );
}

interface Kind {
  code: string;
  name: string;
  give_day_max: number;
  give_new_max: number;
}

interface FormProps {
  kinds: Kind[];
  available: (code: string) => number;
  /** The gift's key: sent again under it, it is given once. */
  sentAs: string;
  onNewKey: () => void;
  onDone: (words: string) => void;
}

/** What became of a gift whose answer did not come, or came for another. */
const troubleOf = (error: unknown): string => {
  if (!(error instanceof Problem)) return wordsOf(error);
  if (error.code === "idempotency_key_reused") return "An earlier gift of yours was under way and may have arrived: look at what came and went before you give again.";
  if (error.code === "offline" || error.status >= 500) return "No answer came, so it may have arrived or not. Give again as it stands: it is given once.";
  return wordsOf(error);
};

function GiveForm({ kinds, available, sentAs, onNewKey, onDone }: FormProps) {
  const queries = useQueryClient();
  const [code, setCode] = useState(kinds[0]?.code ?? "");
  const giving = useMutation({ mutationFn: (gift: Parameters<typeof give>[0]) => give(gift, sentAs) });
  const kind = kinds.find((one) => one.code === code);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const gift = { to: String(fields.get("to")).trim(), currency: code, amount: Number(fields.get("amount")), note: String(fields.get("note")).trim() };
    giving.mutate(gift, {
      onSuccess: () => onDone(`${number(gift.amount)} ${currencyName(code, kind?.name)} are with ${gift.to} now.`),
      onError: (error) => {
        if (!(error instanceof Problem) || error.code !== "idempotency_key_reused") return;
        // Something else was sent under this key before: it may be in the list, and what stands here now is a new gift.
        void queries.invalidateQueries({ queryKey: ledgerKey });
        onNewKey();
      },
    });
  };
  return (
    <form onSubmit={submit} className="grid gap-4">
      <Field label="Player" hint="Their name, as in their profile">
        {(ids) => <Input {...ids} name="to" required minLength={2} maxLength={32} autoComplete="off" autoCapitalize="none" spellCheck={false} />}
      </Field>
      {kinds.length > 1 && (
        <Field label="Currency">
          {(ids) => (
            <Select {...ids} value={code} onChange={(event) => setCode(event.target.value)}>
              {kinds.map((one) => (
                <option key={one.code} value={one.code}>
                  {one.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      <Field label="Amount" hint={`You have ${number(available(code))} ${currencyName(code, kind?.name)}`}>
        {(ids) => <Input {...ids} name="amount" type="number" inputMode="numeric" required min={1} max={Math.max(1, available(code))} step={1} />}
      </Field>
      <Field label="Note" hint="They read it; it may stay empty">
        {(ids) => <Input {...ids} name="note" maxLength={200} />}
      </Field>
      <p className="text-sm text-ink-2">
        Up to {number(kind?.give_day_max ?? 0)} a day, and {number(Math.min(kind?.give_new_max ?? 0, kind?.give_day_max ?? 0))} in your first week. A gift can’t be taken back.
      </p>
      {giving.error && <p role="alert" className="text-bad">{troubleOf(giving.error)}</p>}
      <Button type="submit" busy={giving.isPending} className="justify-self-start">
        Give
      </Button>
    </form>
  );
}
