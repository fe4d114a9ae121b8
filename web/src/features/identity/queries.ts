import { queryOptions } from "@tanstack/react-query";
import { change, newKey, Problem, read, remove, send } from "@/lib/client";
import type { Invite, Look, Mail, Me, Page, Preferences, Profile, Registration, Role, SessionRow, Token, UserRow } from "@/lib/types";

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
      return await read<Me>("/me", { signal });
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export const registrationQuery = queryOptions({ queryKey: registrationKey, queryFn: () => read<Registration>("/auth/registration") });
export const profileQuery = (username: string) => queryOptions({ queryKey: ["identity", "profile", username], queryFn: () => read<Profile>(`/users/${encodeURIComponent(username)}`) });
export const tokensQuery = queryOptions({ queryKey: tokensKey, queryFn: () => read<Page<Token>>("/me/tokens") });
export const sessionsQuery = queryOptions({ queryKey: sessionsKey, queryFn: () => read<Page<SessionRow>>("/me/sessions") });
export const usersQuery = (q: string, status: string) => queryOptions({ queryKey: [...usersKey, q, status], queryFn: () => read<Page<UserRow>>("/admin/users", { query: { q, status, limit: 50 } }) });
export const invitesQuery = queryOptions({ queryKey: invitesKey, queryFn: () => read<Page<Invite>>("/admin/invites") });
export const outboxQuery = queryOptions({ queryKey: ["identity", "outbox"], queryFn: () => read<Page<Mail>>("/admin/outbox"), staleTime: 0 });

export interface SignUp {
  username: string;
  email: string;
  password: string;
  display_name?: string;
  timezone?: string;
  invite?: string;
}

export const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export const signIn = (username: string, password: string) => send<Me>("/auth/login", { username, password });
export const signUp = (wanted: SignUp) => send<Me>("/auth/register", { ...wanted, timezone: zoneHere() });
export const firstAdmin = (token: string, wanted: SignUp) => send<Me>("/auth/first-admin", { token, username: wanted.username, email: wanted.email, password: wanted.password, timezone: zoneHere() });
export const signOut = () => send<void>("/auth/logout");
export const signOutEverywhere = () => send<void>("/auth/logout-everywhere");
export const forgot = (email: string) => send<void>("/auth/password/forgot", { email });
export const reset = (token: string, password: string) => send<void>("/auth/password/reset", { token, password });
export const verifyEmail = (token: string) => send<void>("/auth/email/verify", { token });
export const changePassword = (current: string, password: string) => send<void>("/auth/password/change", { current, password });

export interface MeChange {
  display_name?: string;
  timezone?: string;
  look?: Look;
  preferences?: Preferences;
}
export const changeMe = (version: number, wanted: MeChange) => change<Me>("/me", wanted, { version });

export const addToken = (name: string, scopes: string[] | null, days: number | null) => send<Token>("/me/tokens", { name, scopes, expires_in_days: days }, { key: newKey() });
export const endSession = (id: string) => remove(`/me/sessions/${id}`);
export const endToken = (id: string) => remove(`/me/tokens/${id}`);

export const changeUser = (id: string, wanted: { role?: Role; status?: "active" | "suspended"; reason: string }) => change<UserRow>(`/admin/users/${id}`, wanted);
export const approve = (id: string) => send<UserRow>(`/admin/users/${id}/approve`);
export const invite = (role: Role, note: string) => send<Invite>("/admin/invites", { role, note }, { key: newKey() });
export const endInvite = (id: string) => remove(`/admin/invites/${id}`);
export const setMode = (mode: Registration["mode"]) => change<Registration>("/admin/registration", { mode });
