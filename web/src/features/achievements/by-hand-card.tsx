import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { HandHeart, Undo2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { newKey, Problem, wordsOf } from "@/lib/client";
import { number, title } from "@/lib/format";
import type { Achievement, ByHand } from "@/lib/types";
import { Button, Card, Dialog, Field, Input, Select } from "@/ui";
import { award, badgesKey, draftQuery, revoke } from "./queries";
import { veiled } from "./words";

const DEEDS = {
  give: { label: "Give by hand", act: "Give it", send: award, Sign: HandHeart },
  take: { label: "Take back", act: "Take it back", send: revoke, Sign: Undo2 },
} as const;

type Deed = keyof typeof DEEDS;

const named = (wanted: ByHand): string => (wanted.tier ? `${wanted.tier} of it` : "it");
const doneWords = (deed: Deed, wanted: ByHand): string => (deed === "give" ? `${wanted.username} has ${named(wanted)} now.` : `${title(named(wanted))} was taken back from ${wanted.username}.`);

/** Why nothing came of it, or may have. */
function troubleOf(error: unknown, { username, tier }: ByHand): string {
  if (!(error instanceof Problem)) return wordsOf(error);
  if (error.code === "already_earned") return `${username} has ${tier ? `${tier} of it` : "it"} already.`;
  if (error.code === "not_earned") return `${username} does not have ${tier ? `${tier} of it` : "it"}.`;
  if (error.code === "bad_tier") return "Its tiers are others now: close this, and look at the badge again.";
  if (error.code === "idempotency_key_reused") return "Something else that you sent before was under way and may have arrived: look at the player’s profile before you send this.";
  if (error.code === "offline" || error.status >= 500) return "No answer came, so it may have arrived or not. Send it again as it stands: it happens once.";
  return wordsOf(error);
}

/** A badge given to a player by a person, or taken back. */
export function ByHandCard({ badge: shown }: { badge: Achievement }) {
  const [done, setDone] = useState("");
  // A secret one is veiled for who has not earned it, and its tiers with it: its author is told by the head.
  const { data: head } = useQuery({ ...draftQuery(shown.id), enabled: veiled(shown) });
  const badge = veiled(shown) && head ? { ...shown, name: head.data.name, tiers: head.data.tiers ?? [], xp_reward: head.data.xp_reward ?? 0 } : shown;
  return (
    <Card title="By hand">
      <div className="flex flex-wrap gap-3">
        {badge.status === "published" && <Sheet deed="give" badge={badge} onOpen={() => setDone("")} onDone={setDone} />}
        <Sheet deed="take" badge={badge} onOpen={() => setDone("")} onDone={setDone} />
      </div>
      <p role="status" className="mt-3 text-ok empty:hidden">
        {done}
      </p>
    </Card>
  );
}

interface SheetProps {
  deed: Deed;
  badge: Achievement;
  onOpen: () => void;
  onDone: (words: string) => void;
}

function Sheet({ deed, badge, onOpen, onDone }: SheetProps) {
  const [open, setOpen] = useState(false);
  // It outlives the dialog: who closes it after an answer was lost, and sends it again, has it done once.
  const [key, setKey] = useState(newKey);
  const { label, Sign } = DEEDS[deed];
  return (
    <>
      <Button
        variant="plain"
        onClick={() => {
          onOpen();
          setOpen(true);
        }}
      >
        <Sign size={18} aria-hidden /> {label}
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={`${label}: ${badge.name}`}>
        <HandForm
          deed={deed}
          badge={badge}
          sentAs={key}
          onNewKey={() => setKey(newKey())}
          onDone={(words) => {
            setKey(newKey());
            setOpen(false);
            onDone(words);
          }}
        />
      </Dialog>
    </>
  );
}

interface FormProps {
  deed: Deed;
  badge: Achievement;
  /** Sent again under it, it happens once. */
  sentAs: string;
  onNewKey: () => void;
  onDone: (words: string) => void;
}

function HandForm({ deed, badge, sentAs, onNewKey, onDone }: FormProps) {
  const queries = useQueryClient();
  const { act, send } = DEEDS[deed];
  const doing = useMutation({ mutationFn: (wanted: ByHand) => send(badge.id, wanted, sentAs), onSettled: () => queries.invalidateQueries({ queryKey: badgesKey }) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const tier = String(fields.get("tier") ?? "");
    const wanted: ByHand = { username: String(fields.get("username")).trim(), reason: String(fields.get("reason")).trim(), ...(tier ? { tier } : {}) };
    doing.mutate(wanted, {
      onSuccess: () => onDone(doneWords(deed, wanted)),
      // Something else was sent under this key before: what stands here now is new.
      onError: (error) => error instanceof Problem && error.code === "idempotency_key_reused" && onNewKey(),
    });
  };
  const unknown = doing.error instanceof Problem && doing.error.code === "user_not_found";
  return (
    <form onSubmit={submit} className="grid gap-4">
      <Field label="Player" hint="Their name, as in their profile" error={unknown ? "There is no player of this name" : undefined}>
        {(ids) => <Input {...ids} name="username" required minLength={2} maxLength={32} autoComplete="off" autoCapitalize="none" spellCheck={false} />}
      </Field>
      {badge.tiers.length > 0 && (
        <Field label="Tier">
          {(ids) => (
            <Select {...ids} name="tier">
              {deed === "take" && <option value="">All that they have</option>}
              {badge.tiers.map((tier) => (
                <option key={tier.name} value={tier.name}>
                  {title(tier.name)}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      <Field label="Reason" hint="They read it in their history">
        {(ids) => <Input {...ids} name="reason" required minLength={3} maxLength={200} />}
      </Field>
      <p className="text-sm text-ink-2">{deed === "give" ? givenWords(badge) : "What it paid goes back with it. Its rule does not give it to them again; a person can."}</p>
      {doing.error && !unknown && doing.variables && (
        <p role="alert" className="text-bad">
          {troubleOf(doing.error, doing.variables)}
        </p>
      )}
      <Button type="submit" variant={deed === "take" ? "danger" : "primary"} busy={doing.isPending} className="justify-self-start">
        {act}
      </Button>
    </form>
  );
}

const givenWords = ({ xp_reward: xp, tiers }: Achievement): string => `${tiers.length > 0 ? "It pays what the tier pays everybody" : xp > 0 ? `It pays +${number(xp)} XP, as to everybody` : "It pays nothing"}, and no rule takes it back.`;
