import { Link } from "@tanstack/react-router";
import { Closest } from "@/features/achievements/closest";
import { Recent } from "@/features/audit/recent";
import { LevelBar } from "@/features/currency/level-bar";
import { StreakCard } from "@/features/quests/streak-card";
import { Today } from "@/features/quests/today";
import { Avatar, Card } from "@/ui";
import { Hero } from "../hero";
import { useMe } from "../me";
import { usePresent } from "../services";

function You() {
  const me = useMe();
  const present = usePresent();
  return (
    <Card>
      <div className="flex items-center gap-4">
        <Link to="/settings" className="shrink-0 rounded-2xl" aria-label="Change your look">
          <Avatar look={me.look} size={132} label="" />
        </Link>
        <div className="min-w-0 flex-1">
          <h2 className="truncate font-display text-2xl">
            <Link to="/players/$username" params={{ username: me.username }} className="inline-flex min-h-11 max-w-full items-center">
              {me.display_name}
            </Link>
          </h2>
          {present("currency") && <LevelBar />}
        </div>
      </div>
    </Card>
  );
}

export function Camp() {
  const me = useMe();
  const present = usePresent();
  return (
    <div className="grid gap-5">
      <Hero />
      <div className="camp">
        <div className="camp-column">
          {present("quests") && <Today />}
          {present("achievements") && <Closest />}
        </div>
        <div className="camp-column">
          <You />
          {present("quests") && !me.preferences.hide_streaks && <StreakCard />}
          {present("audit") && <Recent most={4} hue={me.look?.ember_hue} />}
        </div>
      </div>
    </div>
  );
}
