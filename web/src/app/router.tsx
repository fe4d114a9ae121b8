import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, notFound, Outlet, redirect } from "@tanstack/react-router";
import { rareBoardQuery, wallQuery } from "@/features/achievements/queries";
import { historyQuery } from "@/features/audit/queries";
import { balancesQuery, ledgerQuery } from "@/features/currency/queries";
import { meQuery } from "@/features/identity/queries";
import { boardQuery } from "@/features/quests/queries";
import { drawn } from "@/lib/drawn";
import { Failed, NotFound } from "./not-found";
import { isPresent, servicesQuery } from "./services";
import { Shell } from "./shell";

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound });

const outside = <const P extends string>(path: P, load: Parameters<typeof lazyRouteComponent>[0], name: string) => createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, name) });

const entry = () => import("./pages/entry");

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { from?: string; ended?: true; left?: true } => ({
    // Only a place of our own: `//host` and `/\host` would be somebody else's.
    ...(typeof search.from === "string" && /^\/(?![/\\])/.test(search.from) ? { from: search.from } : {}),
    ...(search.ended === true ? { ended: true } : {}),
    ...(search.left === true ? { left: true } : {}),
  }),
  component: lazyRouteComponent(entry, "SignIn"),
});

/** Everything behind the door. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ cause, context, location }) => {
    // From one page to the next the press is answered first: the router draws a whole page in one go, and until then
    // a slow processor would show nothing of it.
    if (cause === "stay") await drawn();
    const [me] = await Promise.all([context.queries.ensureQueryData(meQuery), context.queries.ensureQueryData(servicesQuery).catch(() => undefined)]);
    if (!me) throw redirect({ to: "/sign-in", search: location.pathname === "/" ? {} : { from: location.href } });
    if (!me.look && location.pathname === "/") throw redirect({ to: "/welcome" });
  },
  component: Shell,
  errorComponent: Failed,
});

/** `ahead` asks for what the page will show, so that it comes while the page's chunk does. */
function page<const P extends string>(path: P, load: Parameters<typeof lazyRouteComponent>[0], name: string, service?: string, ahead?: (queries: QueryClient) => void) {
  return createRoute({
    getParentRoute: () => inside,
    path,
    component: lazyRouteComponent(load, name),
    notFoundComponent: NotFound,
    beforeLoad: ({ context }) => {
      if (service && !isPresent(context.queries.getQueryData(servicesQuery.queryKey), service)) throw notFound();
    },
    loader: ({ context }) => ahead?.(context.queries),
  });
}

const quests = () => import("./pages/quests");
const questAuthor = () => import("./pages/quest-author");
const badges = () => import("./pages/badges");
const badgeAuthor = () => import("./pages/badge-author");
const history = () => import("./pages/history");
const sources = () => import("./pages/sources");
const admin = () => import("./pages/admin");

const board = (queries: QueryClient) => void queries.prefetchInfiniteQuery(boardQuery({}));
const wall = (queries: QueryClient) => void queries.prefetchInfiniteQuery(wallQuery({}));
const rareBoard = (queries: QueryClient) => void queries.prefetchQuery(rareBoardQuery);
const story = (queries: QueryClient) => void queries.prefetchInfiniteQuery(historyQuery);
const wallet = (queries: QueryClient) => {
  void queries.prefetchQuery(balancesQuery);
  void queries.prefetchInfiniteQuery(ledgerQuery(""));
};

const tree = root.addChildren([
  signIn,
  outside("/sign-up", entry, "SignUp"),
  outside("/first-admin", entry, "FirstAdmin"),
  outside("/forgot", entry, "ForgotPage"),
  outside("/reset", entry, "ResetPage"),
  outside("/verify", entry, "VerifyPage"),
  inside.addChildren([
    page("/", () => import("./pages/camp"), "Camp"),
    page("/welcome", () => import("./pages/welcome"), "Welcome"),
    page("/quests", quests, "Board", "quests", board),
    page("/quests/new", questAuthor, "New", "quests"),
    page("/quests/$id", quests, "One", "quests"),
    page("/quests/$id/edit", questAuthor, "Edit", "quests"),
    page("/badges", badges, "Wall", "achievements", wall),
    page("/badges/board", badges, "RareBoard", "achievements", rareBoard),
    page("/badges/new", badgeAuthor, "New", "achievements"),
    page("/badges/$id", badges, "One", "achievements"),
    page("/badges/$id/edit", badgeAuthor, "Edit", "achievements"),
    page("/wallet", () => import("./pages/wallet"), "WalletPage", "currency", wallet),
    page("/history", history, "HistoryPage", "audit", story),
    page("/why/$kind/$id", history, "WhyPage", "audit"),
    page("/players/$username", () => import("./pages/profile"), "Profile"),
    page("/settings", () => import("./pages/settings"), "Settings"),
    page("/credits", () => import("./pages/credits"), "Credits"),
    page("/manage/sources", sources, "Sources", "integrations"),
    page("/manage/sources/$slug", sources, "One", "integrations"),
    page("/manage/players", admin, "Players"),
    page("/manage/invites", admin, "InvitesPage"),
    page("/manage/mails", admin, "OutboxPage"),
    page("/manage/grants", () => import("./pages/grants"), "GrantsPage", "currency"),
    createRoute({ getParentRoute: () => inside, path: "$", component: NotFound }),
    ...(import.meta.env.DEV ? [page("/kit", () => import("@/features/kit"), "Kit")] : []),
  ]),
]);

export function newRouter(queries: QueryClient) {
  return createRouter({ routeTree: tree, context: { queries }, defaultPreload: "intent", defaultPreloadStaleTime: 30_000, scrollRestoration: true, defaultErrorComponent: Failed, defaultNotFoundComponent: NotFound });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
