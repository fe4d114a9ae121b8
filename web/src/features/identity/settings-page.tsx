import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { wordsOf } from "@/lib/client";
import type { Look, Me } from "@/lib/types";
import { Button, Card, Field, Input, Select, Switch } from "@/ui";
import { LookEditor, STARTER } from "./look-editor";
import { changeMe, changePassword, meKey, type MeChange } from "./queries";
import { Sessions } from "./sessions";
import { Tokens } from "./tokens";

function useChange(me: Me) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wanted: MeChange) => changeMe(me.version, wanted),
    onSuccess: (changed) => queries.setQueryData(meKey, changed),
    onError: () => void queries.invalidateQueries({ queryKey: meKey }),
  });
}

function zones(current: string): string[] {
  const known = Intl.supportedValuesOf("timeZone");
  return [...new Set([current, "UTC", ...known])];
}

function ProfileCard({ me }: { me: Me }) {
  const save = useChange(me);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const timezone = String(form.get("timezone"));
    save.mutate({ display_name: String(form.get("display_name")).trim(), ...(timezone === me.timezone ? {} : { timezone }) });
  };
  return (
    <Card title="Profile">
      <form onSubmit={submit} className="grid gap-4">
        <Field label="Shown name">{(ids) => <Input {...ids} name="display_name" defaultValue={me.display_name} required maxLength={80} autoComplete="nickname" />}</Field>
        <Field label="Time zone" hint="Your days begin at midnight there. It changes once in 24 hours.">
          {(ids) => (
            <Select {...ids} name="timezone" defaultValue={me.timezone}>
              {zones(me.timezone).map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </Select>
          )}
        </Field>
        {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
        {save.isSuccess && <p role="status" className="text-ok">Saved.</p>}
        <Button type="submit" busy={save.isPending} className="justify-self-start">
          Save
        </Button>
      </form>
    </Card>
  );
}

function LookCard({ me }: { me: Me }) {
  const save = useChange(me);
  const [look, setLook] = useState<Look>(me.look ?? STARTER);
  return (
    <Card title="Look">
      <LookEditor look={look} onChange={setLook} />
      {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
      <div className="mt-4 flex items-center gap-3">
        <Button busy={save.isPending} onClick={() => save.mutate({ look })}>
          Wear this
        </Button>
        {save.isSuccess && <p role="status" className="text-ok">It suits you.</p>}
      </div>
    </Card>
  );
}

function BehaviourCard({ me }: { me: Me }) {
  const save = useChange(me);
  const set = (change: Partial<Me["preferences"]>) => save.mutate({ preferences: { ...me.preferences, ...change } });
  return (
    <Card title="How the page behaves">
      <div className="grid gap-2">
        <Switch checked={me.preferences.quiet} onChange={(quiet) => set({ quiet })} label="Quiet mode" hint="Words only: no confetti, no scenes" />
        <Switch checked={me.preferences.sound} onChange={(sound) => set({ sound })} label="Sound" hint="A short chime with good news" />
        <Switch checked={me.preferences.hide_streaks} onChange={(hide_streaks) => set({ hide_streaks })} label="Hide streaks" hint="They go on, you just don't see them" />
      </div>
      {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
    </Card>
  );
}

function PasswordCard() {
  const save = useMutation({ mutationFn: (form: FormData) => changePassword(String(form.get("current")), String(form.get("password"))) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    save.mutate(new FormData(form), { onSuccess: () => form.reset() });
  };
  return (
    <Card title="Password">
      <form onSubmit={submit} className="grid gap-4">
        <Field label="Now">{(ids) => <Input {...ids} name="current" type="password" autoComplete="current-password" required />}</Field>
        <Field label="From now on" hint="At least 10 characters">
          {(ids) => <Input {...ids} name="password" type="password" autoComplete="new-password" minLength={10} required />}
        </Field>
        {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
        {save.isSuccess && <p role="status" className="text-ok">Changed. All other sessions have ended.</p>}
        <Button type="submit" busy={save.isPending} className="justify-self-start">
          Change it
        </Button>
      </form>
    </Card>
  );
}

export function SettingsPage({ me, onSignedOut }: { me: Me; onSignedOut: () => void }) {
  return (
    <>
      <h1 className="page-title">Settings</h1>
      <div className="grid gap-5">
        <LookCard me={me} />
        <div className="grid gap-5 lg:grid-cols-2">
          <ProfileCard me={me} />
          <PasswordCard />
          <BehaviourCard me={me} />
          <Sessions onSignedOut={onSignedOut} />
        </div>
        <Tokens permissions={me.permissions} />
      </div>
    </>
  );
}
