import { Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import { AwaySheet } from "@/features/audit/away-sheet";
import { firstMissed, forgetMissed, useCelebrations } from "@/features/realtime/celebrate";
import { LevelScene } from "@/features/realtime/level-scene";
import { Toaster } from "@/features/realtime/toaster";
import { setLocale } from "@/lib/format";
import { useSession } from "@/lib/session";
import { m } from "@/paraglide/messages.js";
import { Header } from "./header";
import { LiveBridge } from "./live-bridge";
import { useMe } from "./me";
import { Navigation } from "./navigation";
import { OfflineNote } from "./offline-note";
import { usePresent } from "./services";

const HEADING = "main h1";
const PATIENCE_MS = 10_000;

/**
 * The heading names the tab as long as the route stays: what it is about may still be on its way, or change.
 * `found` hears of the first one, if it stands within the patience of one who waits for it.
 */
function followHeading(found: (heading: HTMLElement) => void): () => void {
  const main = document.querySelector("main");
  if (!main) return () => undefined;
  const since = performance.now();
  let waiting = true;
  const look = () => {
    const heading = document.querySelector<HTMLElement>(HEADING);
    const name = heading?.dataset.tab ?? heading?.textContent;
    if (!heading || !name) return;
    if (document.title !== `${name} · Questhall`) document.title = `${name} · Questhall`;
    if (waiting && performance.now() - since < PATIENCE_MS) found(heading);
    waiting = false;
  };
  const watch = new MutationObserver(look);
  watch.observe(main, { childList: true, characterData: true, subtree: true });
  look();
  return () => watch.disconnect();
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
        forget = followHeading((heading) => {
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
  const missed = useCelebrations(firstMissed);
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
      <OfflineNote />
      <LiveBridge userId={me.id} />
      <Toaster go={(to) => void navigate({ to })} />
      <LevelScene hue={me.look?.ember_hue} />
      {present("audit") && !welcome && <AwaySheet userId={me.id} hue={me.look?.ember_hue} missed={missed} onSeen={forgetMissed} />}
    </>
  );
}
