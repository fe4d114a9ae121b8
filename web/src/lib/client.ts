/** One way to ask the API: JSON in and out, problems as errors, versions and idempotency keys as headers. */

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly fields: { pointer: string; detail: string }[] = [],
    readonly body: Record<string, unknown> = {},
  ) {
    super(detail || title);
  }
}

export interface Ask {
  query?: Record<string, string | number | boolean | null | undefined>;
  version?: number;
  key?: string;
  signal?: AbortSignal;
}

let whenSignedOut: () => void = () => undefined;

/** Called when the server says that nobody is signed in any more. */
export function onSignedOut(listener: () => void): void {
  whenSignedOut = listener;
}

function address(path: string, query: Ask["query"]): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined && value !== null && value !== "") words.set(name, String(value));
  const text = words.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const fields = Array.isArray(body.errors) ? (body.errors as { pointer: string; detail: string }[]) : [];
  const title = typeof body.title === "string" ? body.title : "That did not work";
  return new Problem(response.status, String(body.code ?? "unknown"), title, typeof body.detail === "string" ? body.detail : "", fields, body);
}

async function ask<T>(method: string, path: string, body: unknown, options: Ask): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (options.version !== undefined) headers["if-match"] = `"${options.version}"`;
  if (options.key !== undefined) headers["idempotency-key"] = options.key;
  let response: Response;
  try {
    response = await fetch(address(path, options.query), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: options.signal,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "offline", "No connection", "You seem to be offline. Nothing was lost; try again in a moment.");
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (problem.status === 401 && path !== "/me" && !path.startsWith("/auth/")) whenSignedOut();
    throw problem;
  }
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export const read = <T>(path: string, options: Ask = {}): Promise<T> => ask<T>("GET", path, undefined, options);
export const send = <T>(path: string, body: unknown = {}, options: Ask = {}): Promise<T> => ask<T>("POST", path, body, options);
export const change = <T>(path: string, body: unknown, options: Ask = {}): Promise<T> => ask<T>("PATCH", path, body, options);
export const remove = (path: string, options: Ask = {}): Promise<void> => ask<void>("DELETE", path, undefined, options);

/** A key under which a request has its effect once, however often it is sent. */
export const newKey = (): string => crypto.randomUUID();

/** Plain words for an error, whatever it is. */
export function wordsOf(error: unknown): string {
  if (error instanceof Problem) {
    if (error.status === 429) return "That was a lot at once. Wait a moment, then try again.";
    if (error.fields.length > 0) return error.fields.map((field) => `${field.pointer.replace(/^\//, "")}: ${field.detail}`).join("; ");
    return error.detail && error.detail !== error.title ? `${error.title}: ${error.detail}` : error.title;
  }
  return error instanceof Error ? error.message : "That did not work";
}
