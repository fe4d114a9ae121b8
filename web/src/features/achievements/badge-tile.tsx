import { Link } from "@tanstack/react-router";
import { number } from "@/lib/format";
import type { Achievement } from "@/lib/types";
import { BadgeArt, Bar, Icon } from "@/ui";
import { earned, RARITIES, veiled, wrapped } from "./words";

/** A badge on the wall: grey with its bar until it is earned, wrapped until it is opened. */
export function BadgeTile({ badge, small = false }: { badge: Achievement; small?: boolean }) {
  const { mine } = badge;
  return (
    <li className="badge-tile" data-earned={earned(badge) || undefined}>
      {wrapped(badge) ? <Icon name="wrapped-gift" size={small ? 80 : 104} /> : <BadgeArt icon={veiled(badge) ? "locked-chest" : badge.icon} rarity={badge.rarity} locked={!earned(badge)} fraction={veiled(badge) ? 0 : mine?.fraction} size={small ? 80 : 104} />}
      <p className="badge-name text-center leading-tight font-bold">
        <Link to="/badges/$id" params={{ id: badge.id }} className="after:absolute after:inset-0 after:rounded-2xl">
          {wrapped(badge) ? "A new badge" : veiled(badge) ? "A secret" : badge.name}
        </Link>
      </p>
      {!small && <p className={`text-sm rarity-${badge.rarity}`}>{mine?.tier ? `${RARITIES[badge.rarity]}, ${mine.tier}` : RARITIES[badge.rarity]}</p>}
      {mine && !earned(badge) && !veiled(badge) && (
        <div className="w-full">
          <Bar value={mine.fraction} label={`${badge.name}: ${mine.have} of ${mine.need}`} small />
          <p className="pt-0.5 text-center text-sm text-ink-2 tabular-nums">
            {number(mine.have)}/{number(mine.need)}
          </p>
        </div>
      )}
    </li>
  );
}
