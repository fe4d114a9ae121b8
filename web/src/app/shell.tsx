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

const HEADING = "main h1";
const PATIENCE_MS = 10_000;

/** The heading of the page, once it stands: what it is about may still be on its way. */
function whenHeading(found: (heading: HTMLElement) => void): () => void {
  const main = document.querySelector("main");
  const look = (): boolean => {
    const heading = document.querySelector<HTMLElement>(HEADING);
    if (heading) found(heading);
    return heading !== null;
  };
  if (!main || look()) return () => undefined;
  const watch = new MutationObserver(() => {
    if (look()) watch.disconnect();
  });
  watch.observe(main, { childList: true, subtree: true });
  const timer = setTimeout(() => watch.disconnect(), PATIENCE_MS);
  return () => {
    clearTimeout(timer);
    watch.disconnect();
  };
}

/** After a change of route the heading has the focus and names the page; one who moved on meanwhile is left alone. */
function useRouteFocus(): void {
  const router = useRouter();
  const first = useRef(true);
  useEffect(() => {
    let forget = () => undefined as void;
    const leave = router.subscribe("onRendered", ({ pathChanged }) => {
      forget();
      const move = pathChanged && !first.current;
      first.current = false;
      requestAnimationFrame(() => {
        const main = document.querySelector<HTMLElement>("main");
        // Where the focus is if the player has not moved it: on what was pressed, which may be gone, or on the page itself.
        const before = document.activeElement;
        forget = whenHeading((heading) => {
          if (heading.textContent) document.title = `${heading.textContent} · Questhall`;
          const at = document.activeElement;
          if (!move || (at !== before && at !== document.body) || main?.contains(at)) return;
          heading.tabIndex = -1;
          heading.focus({ preventScroll: true });
        });
      });
    });
    return () => {
      forget();
      leave();
    };
  }, [router]);
}

function usePreferences(): void {
  const { preferences, locale } = useMe();
  // Before what is below is drawn: it shows dates and numbers.
  useMemo(() => setLocale(locale), [locale]);
  const { setQuiet, setSound, setHideStreaks } = useSession();
  useEffect(() => {
    setQuiet(preferences.quiet);
    setSound(preferences.sound);
    setHideStreaks(preferences.hide_streaks);
  }, [preferences, setQuiet, setSound, setHideStreaks]);
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
