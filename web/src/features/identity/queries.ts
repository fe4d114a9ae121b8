import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, isNowhere, newKey, Problem, read, remove, removeWith, send } from "@/lib/client";
import type { Look, Me, Preferences, Registration, Role, Session, UserRow } from "@/lib/types";

export const meKey = ["identity", "me"] as const;
export const registrationKey = ["identity", "registration"] as const;
export const tokensKey = ["identity", "tokens"] as const;
export const sessionsKey = ["identity", "sessions"] as const;
export const invitesKey = ["identity", "invites"] as const;
export const usersKey = ["identity", "users"] as const;

/** Who is signed in; null if nobody is. */
export const meQuery = queryOptions({
  queryKey: meKey,
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await read("/me", { signal });
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export const registrationQuery = queryOptions({ queryKey: registrationKey, queryFn: () => read("/auth/registration") });
export const profileQuery = (username: string) => queryOptions({ queryKey: ["identity", "profile", username], queryFn: () => read("/users/{username}", { path: { username } }) });
export const tokensQuery = queryOptions({ queryKey: tokensKey, queryFn: () => read("/me/tokens") });
export const sessionsQuery = infiniteQueryOptions({
  queryKey: sessionsKey,
  queryFn: ({ pageParam }) => read("/me/sessions", { query: { after: pageParam, limit: 25 } }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});
export const usersQuery = (q: string, status: string) =>
  infiniteQueryOptions({
    queryKey: [...usersKey, q, status],
    queryFn: ({ pageParam }) => read("/admin/users", { query: { q, status: (status || undefined) as UserRow["status"] | undefined, after: pageParam, limit: 50 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
export const invitesQuery = queryOptions({ queryKey: invitesKey, queryFn: () => read("/admin/invites") });
export const outboxQuery = infiniteQueryOptions({
  queryKey: ["identity", "outbox"],
  queryFn: ({ pageParam }) => read("/admin/outbox", { query: { after: pageParam, limit: 25 } }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
  staleTime: 0,
});

export interface SignUp {
  username: string;
  email: string;
  password: string;
  invite?: string;
}

export const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const localeHere = (): string => (/^[A-Za-z-]{2,20}$/.test(navigator.language) ? navigator.language : "en");

export const signIn = (username: string, password: string) => send("/auth/login", { username, password });
export const signUp = (wanted: SignUp) => send("/auth/register", { ...wanted, timezone: zoneHere(), locale: localeHere() });
export const firstAdmin = (token: string, { username, email, password }: SignUp) => send("/auth/first-admin", { token, username, email, password, timezone: zoneHere() });
export const signOut = () => send("/auth/logout", undefined);
export const signOutEverywhere = () => send("/auth/logout-everywhere", undefined);
export const forgot = (email: string) => send("/auth/password/forgot", { email });
export const reset = (token: string, password: string) => send("/auth/password/reset", { token, password });
export const verifyEmail = (token: string) => send("/auth/email/verify", { token });
export const changePassword = (current: string, password: string) => send("/auth/password/change", { current, password });
export const changeEmail = (email: string, password: string) => send("/auth/email/change", { email, password });

export interface MeChange {
  display_name?: string;
  timezone?: string;
  locale?: string;
  look?: Look;
  preferences?: Preferences;
  private?: boolean;
}
export const changeMe = (version: number, wanted: MeChange) => change("/me", wanted, { version });

export const addToken = (name: string, scopes: string[] | null, days: number | null) => send("/me/tokens", { name, scopes, expires_in_days: days }, { key: newKey() });
/** One that has ended elsewhere in the meantime is gone, as was wished. */
export const endSession = (session: Session) =>
  remove("/me/sessions/{session_id}", { path: { session_id: session.id } }).catch((error: unknown) => {
    if (!isNowhere(error)) throw error;
  });
export const endToken = (id: string) => remove("/me/tokens/{token_id}", { path: { token_id: id } });

export const askForArchive = () => send("/me/export", undefined);
export const deleteMe = (password: string) => removeWith("/me", { password });
/** The reason stays for ever. */
export const eraseUser = (id: string, reason: string) => send("/admin/users/{user_id}/erase", { reason }, { path: { user_id: id } });

export interface UserChange {
  role?: Role;
  status?: "active" | "suspended";
  reason: string;
}
export const changeUser = (user: UserRow, wanted: UserChange) => change("/admin/users/{user_id}", wanted, { path: { user_id: user.id }, version: user.version });
export const approve = (id: string) => send("/admin/users/{user_id}/approve", undefined, { path: { user_id: id } });
export interface NewInvite {
  role: Role;
  note: string;
  expires_in_days: number;
  uses: number;
}
export const invite = (wanted: NewInvite) => send("/admin/invites", wanted, { key: newKey() });
export const endInvite = (id: string) => remove("/admin/invites/{invite_id}", { path: { invite_id: id } });
export const setMode = (mode: Registration["mode"]) => change("/admin/registration", { mode });
