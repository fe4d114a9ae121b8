import { Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import { AwaySheet } from "@/features/audit/away-sheet";
import { forgetMissed, useCelebrations } from "@/features/realtime/celebrate";
import { LevelScene } from "@/features/realtime/level-scene";
import { Toaster } from "@/features/realtime/toaster";
import { setLocale } from "@/lib/format";
import { useSession } from "@/lib/session";
import { m } from "@/paraglide/messages.js";
import { Header } from "./header";
import { LiveBridge } from "./live-bridge";
import { useMe } from "./me";
import { Navigation } from "./navigation";
import { usePresent } from "./services";

/** After a change of route the heading has the focus and names the page. */
function useRouteFocus(): void {
  const router = useRouter();
  const first = useRef(true);
  useEffect(
    () =>
      router.subscribe("onRendered", ({ pathChanged }) => {
        requestAnimationFrame(() => {
          const heading = document.querySelector<HTMLElement>("main h1");
          if (heading?.textContent) document.title = `${heading.textContent} · Questhall`;
          if (pathChanged && !first.current) {
            const target = heading ?? document.querySelector<HTMLElement>("main");
            if (target && !target.contains(document.activeElement)) {
              target.tabIndex = -1;
              target.focus({ preventScroll: true });
            }
          }
          first.current = false;
        });
      }),
    [router],
  );
}

function usePreferences(): void {
  const { preferences, locale } = useMe();
  // Before what is below is drawn: it shows dates and numbers.
  useMemo(() => setLocale(locale), [locale]);
  const { setQuiet, setSound } = useSession();
  useEffect(() => {
    setQuiet(preferences.quiet);
    setSound(preferences.sound);
  }, [preferences, setQuiet, setSound]);
}

export function Shell() {
  const me = useMe();
  const present = usePresent();
  const navigate = useNavigate();
  const missed = useCelebrations((state) => state.missed.length > 0);
  const welcome = useRouterState({ select: (state) => state.location.pathname === "/welcome" });
  useRouteFocus();
  usePreferences();
  return (
    <>
      <a href="#main" className="skip">
        {m.skip()}
      </a>
      <Header />
      <div className="frame">
        <Navigation />
        <main id="main" tabIndex={-1} className="min-w-0 outline-none">
          <Outlet />
        </main>
      </div>
      <LiveBridge userId={me.id} />
      <Toaster go={(to) => void navigate({ to })} />
      <LevelScene hue={me.look?.ember_hue} />
      {present("audit") && !welcome && <AwaySheet userId={me.id} hue={me.look?.ember_hue} missed={missed} onSeen={forgetMissed} />}
    </>
  );
}
