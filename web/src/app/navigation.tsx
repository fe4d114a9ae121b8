import { Link } from "@tanstack/react-router";
import { Award, Gift, History, House, Mail, Radio, ScrollText, Ticket, Users, Wallet, type LucideIcon } from "lucide-react";
import { m } from "@/paraglide/messages.js";
import { useMay } from "./me";
import { usePresent } from "./services";

interface Place {
  to: "/" | "/quests" | "/badges" | "/wallet" | "/history" | "/manage/sources" | "/manage/players" | "/manage/invites" | "/manage/grants" | "/manage/mails";
  label: () => string;
  icon: LucideIcon;
  service?: string;
  permission?: string;
}

const MAIN: Place[] = [
  { to: "/", label: m.nav_camp, icon: House },
  { to: "/quests", label: m.nav_quests, icon: ScrollText, service: "quests" },
  { to: "/badges", label: m.nav_badges, icon: Award, service: "achievements" },
  { to: "/wallet", label: m.nav_wallet, icon: Wallet, service: "currency" },
  { to: "/history", label: m.nav_history, icon: History, service: "audit" },
];

const MANAGE: Place[] = [
  { to: "/manage/sources", label: m.nav_sources, icon: Radio, service: "integrations", permission: "sources:read" },
  { to: "/manage/players", label: m.nav_players, icon: Users, permission: "users:read" },
  { to: "/manage/invites", label: m.nav_invites, icon: Ticket, permission: "users:write" },
  { to: "/manage/grants", label: m.nav_grants, icon: Gift, service: "currency", permission: "currency:grant" },
  { to: "/manage/mails", label: m.nav_mails, icon: Mail, permission: "users:write" },
];

function usePlaces(places: Place[]): Place[] {
  const present = usePresent();
  const may = useMay();
  return places.filter((place) => (!place.service || present(place.service)) && (!place.permission || may(place.permission)));
}

function Item({ place, className }: { place: Place; className: string }) {
  const Sign = place.icon;
  return (
    <li>
      <Link to={place.to} className={className} activeOptions={{ exact: place.to === "/" }} activeProps={{ "data-now": true, "aria-current": "page" }}>
        <Sign size={22} aria-hidden />
        <span>{place.label()}</span>
      </Link>
    </li>
  );
}

/** Left rail; on phones the bottom bar of five. */
export function Navigation() {
  const main = usePlaces(MAIN);
  const manage = usePlaces(MANAGE);
  return (
    <nav className="rail" aria-label={m.nav_main()}>
      <ul className="rail-main">
        {main.map((place) => (
          <Item key={place.to} place={place} className="rail-item" />
        ))}
      </ul>
      {manage.length > 0 && (
        <div className="rail-manage">
          <p id="manage" className="px-3 pt-4 pb-1 text-sm font-bold text-ink-2">
            {m.nav_manage()}
          </p>
          <ul aria-labelledby="manage">
            {manage.map((place) => (
              <Item key={place.to} place={place} className="rail-item rail-small" />
            ))}
          </ul>
        </div>
      )}
    </nav>
  );
}

/** The same places in the account menu, for phones. */
export function ManageLinks() {
  const manage = usePlaces(MANAGE);
  return (
    <ul className="lg:hidden">
      {manage.map((place) => (
        <Item key={place.to} place={place} className="menu-item" />
      ))}
    </ul>
  );
}
