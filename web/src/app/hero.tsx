import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { streaksQuery } from "@/features/quests/queries";
import { useToday } from "@/features/quests/today";
import { useCelebrations } from "@/features/realtime/celebrate";
import { m } from "@/paraglide/messages.js";
import { buttonClass, HeroScene, Pet } from "@/ui";
import { heroWords, timeOfDay } from "./hero-words";
import { useMe } from "./me";

const Visitor = lazy(() => import("./visitor"));
const dayNumber = (now: Date): number => Math.floor((now.getTime() - now.getTimezoneOffset() * 60_000) / 86_400_000);

/** The hero: Ember in the evening light, and one sentence that is about this player today. */
export function Hero() {
  const me = useMe();
  const { quests, loading } = useToday();
  const { data } = useQuery(streaksQuery);
  const hops = useCelebrations((state) => state.hops);
  const streak = me.preferences.hide_streaks ? undefined : data?.items.find((item) => item.kind === "daily");
  const now = new Date();
  const words = heroWords(quests, streak, now);
  return (
    <section className="hero" aria-labelledby="hero-title" data-hero>
      <HeroScene className="hero-scene" time={timeOfDay(now.getHours())} />
      <div className="hero-pet">
        <Suspense>
          <Visitor day={dayNumber(now)} />
        </Suspense>
        <Pet stage="grown" mood={words.mood} hue={me.look?.ember_hue} size={230} hop={hops} label="Ember" />
      </div>
      <div className="hero-card" aria-busy={loading}>
        <p className="hero-eyebrow">{words.eyebrow}</p>
        <h1 id="hero-title" className="hero-title" data-tab={m.nav_camp()}>
          {loading ? "Ember looks at the map" : words.title}
        </h1>
        <p className="text-ink-2">{loading ? "A moment." : words.text}</p>
        <p className="mt-auto pt-3">
          {words.quest ? (
            <Link to="/quests/$id" params={{ id: words.quest }} className={buttonClass("primary")}>
              {words.button}
            </Link>
          ) : (
            <Link to="/badges" className={buttonClass("primary")}>
              {words.button}
            </Link>
          )}
        </p>
      </div>
    </section>
  );
}
