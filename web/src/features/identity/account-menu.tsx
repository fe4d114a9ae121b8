import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Bell, BellOff, LogOut, Moon, Sun } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { useSession } from "@/lib/session";
import type { Me } from "@/lib/types";
import { m } from "@/paraglide/messages.js";
import { Avatar } from "@/ui";
import { changeMe, meKey, signOut } from "./queries";

interface Props {
  me: Me;
  /** Links, by the app that knows the routes. */
  children: ReactNode;
  onSignedOut: () => void;
}

/** The account menu: a native popover, so that Escape, focus and a click beside it work by themselves. */
export function AccountMenu({ me, children, onSignedOut }: Props) {
  const queries = useQueryClient();
  const panel = useRef<HTMLDivElement>(null);
  const { theme, setTheme } = useSession();
  const quiet = useMutation({
    mutationFn: () => changeMe(me.version, { preferences: { ...me.preferences, quiet: !me.preferences.quiet } }),
    onSuccess: (changed) => queries.setQueryData(meKey, changed),
    onError: () => queries.invalidateQueries({ queryKey: meKey }),
  });
  const out = useMutation({ mutationFn: signOut, onSettled: onSignedOut });
  const dark = theme === "dark";
  return (
    <>
      <button type="button" className="menu-button" popoverTarget="account" aria-label={`${m.menu()}: ${me.display_name}`}>
        <Avatar look={me.look} size={40} crop="face" label="" />
      </button>
      <div
        ref={panel}
        id="account"
        popover="auto"
        className="menu"
        onClick={(event) => {
          if ((event.target as Element).closest("a")) panel.current?.hidePopover();
        }}
      >
        <p className="px-3 pt-1 pb-2">
          <span className="block font-bold">{me.display_name}</span>
          <span className="text-sm text-ink-2">@{me.username}</span>
        </p>
        {children}
        <button type="button" className="menu-item" onClick={() => setTheme(dark ? "light" : "dark")}>
          {dark ? <Sun size={20} aria-hidden /> : <Moon size={20} aria-hidden />} {dark ? m.theme_light() : m.theme_dark()}
        </button>
        <button type="button" className="menu-item" aria-pressed={me.preferences.quiet} disabled={quiet.isPending} onClick={() => quiet.mutate()}>
          {me.preferences.quiet ? <BellOff size={20} aria-hidden /> : <Bell size={20} aria-hidden />} {me.preferences.quiet ? m.quiet_on() : m.quiet_off()}
        </button>
        <button type="button" className="menu-item" onClick={() => out.mutate()}>
          <LogOut size={20} aria-hidden /> {m.sign_out()}
        </button>
      </div>
    </>
  );
}
