import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Award, Cog, Moon, Sun, UserRound } from "lucide-react";
import { Purse } from "@/features/currency/purse";
import { AccountMenu } from "@/features/identity/account-menu";
import { meKey } from "@/features/identity/queries";
import { unkeepAll } from "@/lib/kept";
import { useSession } from "@/lib/session";
import { m } from "@/paraglide/messages.js";
import { useMe } from "./me";
import { ManageLinks } from "./navigation";
import { forgetReads } from "./offline";
import { usePresent } from "./services";

const WORDS = { live: m.live_live, connecting: m.live_connecting, away: m.live_away };

function LivePill() {
  const connection = useSession((state) => state.connection);
  return (
    <p role="status" className="live-pill" data-connection={connection}>
      <span className="live-dot" aria-hidden />
      <span className="max-sm:sr-only">{WORDS[connection]()}</span>
    </p>
  );
}

export function useLeave(): () => void {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return () => {
    void forgetReads();
    unkeepAll();
    queries.clear();
    queries.setQueryData(meKey, null);
    void navigate({ to: "/sign-in" });
  };
}

export function Header() {
  const me = useMe();
  const leave = useLeave();
  const present = usePresent();
  const { theme, setTheme } = useSession();
  const dark = theme === "dark";
  return (
    <header className="header">
      <Link to="/" className="flex min-h-11 shrink-0 items-center gap-3 rounded-2xl font-display text-2xl" aria-label="Questhall, to the camp">
        <img src="/icon.svg" alt="" width={42} height={42} />
        <span className="max-md:hidden">Questhall</span>
      </Link>
      <LivePill />
      <div className="ml-auto flex items-center gap-2">
        {present("currency") && <Purse />}
        <button type="button" className="round-button max-md:hidden" aria-label={dark ? m.theme_light() : m.theme_dark()} onClick={() => setTheme(dark ? "light" : "dark")}>
          {dark ? <Sun size={18} aria-hidden /> : <Moon size={18} aria-hidden />}
        </button>
        <AccountMenu me={me} onSignedOut={leave}>
          <ul>
            <li>
              <Link to="/players/$username" params={{ username: me.username }} className="menu-item">
                <UserRound size={20} aria-hidden /> {m.nav_profile()}
              </Link>
            </li>
            <li>
              <Link to="/settings" className="menu-item">
                <Cog size={20} aria-hidden /> {m.nav_settings()}
              </Link>
            </li>
            <li>
              <Link to="/credits" className="menu-item">
                <Award size={20} aria-hidden /> {m.nav_credits()}
              </Link>
            </li>
          </ul>
          <ManageLinks />
        </AccountMenu>
      </div>
    </header>
  );
}
