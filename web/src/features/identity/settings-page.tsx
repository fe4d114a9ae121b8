import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useDeferredValue, useMemo, useState } from "react";
import { wordsOf } from "@/lib/client";
import { useDrawn } from "@/lib/drawn";
import { moment } from "@/lib/format";
import { useSession } from "@/lib/session";
import type { Look, Me } from "@/lib/types";
import { Button, Card, Field, Input, Select, Skeleton, Switch } from "@/ui";
import { LookEditor, STARTER } from "./look-editor";
import { changeMe, changePassword, meKey, type MeChange } from "./queries";
import { EmailCard } from "./email-card";
import { Sessions } from "./sessions";
import { Tokens } from "./tokens";
import { YourData } from "./your-data";

function useChange(me: Me) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wanted: MeChange) => changeMe(me.version, wanted),
    onSuccess: (changed) => queries.setQueryData(meKey, changed),
    onError: () => void queries.invalidateQueries({ queryKey: meKey }),
  });
}

/** The chosen one; and once the page stands, all there are. */
function useZones(current: string): string[] {
  const all = useDeferredValue(true, false);
  return useMemo(() => (all ? [...new Set([current, "UTC", ...Intl.supportedValuesOf("timeZone")])] : [current]), [all, current]);
}

const LOCALES: Record<string, string> = { en: "English", "en-GB": "English, Britain", "en-US": "English, United States", "en-AU": "English, Australia", "en-IN": "English, India" };

function ProfileCard({ me }: { me: Me }) {
  const save = useChange(me);
  const zones = useZones(me.timezone);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const timezone = String(form.get("timezone"));
    const locale = String(form.get("locale"));
    save.mutate({ display_name: String(form.get("display_name")).trim(), ...(timezone === me.timezone ? {} : { timezone }), ...(locale === me.locale ? {} : { locale }) });
  };
  return (
    <Card title="Profile">
      <form onSubmit={submit} className="grid gap-4">
        <Field label="Shown name">{(ids) => <Input {...ids} name="display_name" defaultValue={me.display_name} required maxLength={80} autoComplete="nickname" />}</Field>
        <Field label="Time zone" hint={me.timezone_from ? `${me.timezone_now} still holds; this one begins ${moment(me.timezone_from)}.` : "Your days begin at midnight there. It changes once in 24 hours."}>
          {(ids) => (
            <Select {...ids} name="timezone" defaultValue={me.timezone}>
              {zones.map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Dates and numbers" hint="The words stay English for now">
          {(ids) => (
            <Select {...ids} name="locale" defaultValue={me.locale}>
              {Object.entries(me.locale in LOCALES ? LOCALES : { ...LOCALES, [me.locale]: me.locale }).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
        <p role="status" className="text-ok empty:absolute">{save.isSuccess && "Saved."}</p>
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
  const { theme, setTheme } = useSession();
  const set = (change: Partial<Me["preferences"]>) => save.mutate({ preferences: { ...me.preferences, ...change } });
  return (
    <Card title="How the page behaves">
      <div className="grid gap-2">
        <Switch checked={theme === "dark"} onChange={(dark) => setTheme(dark ? "dark" : "light")} label="Dark theme" hint="In this browser" />
        <Switch checked={me.preferences.quiet} onChange={(quiet) => set({ quiet })} label="Quiet mode" hint="Words only: no confetti, no scenes" />
        <Switch checked={me.preferences.sound} onChange={(sound) => set({ sound })} label="Sound" hint="A short chime with good news" />
        <Switch checked={me.preferences.hide_streaks} onChange={(hide_streaks) => set({ hide_streaks })} label="Hide streaks" hint="They go on, you just don't see them" />
        <Switch checked={me.private} onChange={(hidden) => save.mutate({ private: hidden })} label="Private profile" hint="Only you and moderators see it" />
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

/** The heading stands before the rest, which is much to draw. `accounts`: where else the player is known, by the feature that knows. */
export function SettingsPage({ me, accounts, onSignedOut, onLeft }: { me: Me; accounts?: ReactNode; onSignedOut: () => void; onLeft: () => void }) {
  const rest = useDrawn();
  return (
    <>
      <h1 className="page-title">Settings</h1>
      {rest ? (
        <div className="grid grid-cols-1 gap-5">
          <LookCard me={me} />
          <div className="grid min-w-0 grid-cols-1 gap-5 lg:grid-cols-2">
            <ProfileCard me={me} />
            <PasswordCard />
            <BehaviourCard me={me} />
            <EmailCard me={me} />
            <Sessions onSignedOut={onSignedOut} />
            {accounts}
          </div>
          <Tokens permissions={me.permissions} />
          <YourData me={me} onLeft={onLeft} />
        </div>
      ) : (
        <Skeleton height={900} />
      )}
    </>
  );
}
