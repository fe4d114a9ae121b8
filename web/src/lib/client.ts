/** One way to ask the API: JSON in and out, problems as errors, versions and idempotency keys as headers. */
import type { Answer, Ask, Body, Options, Path, Rest } from "./routes";

export interface FieldProblem {
  /** JSON pointer into what was sent, as a fragment: `#/objectives/0/where`. */
  pointer: string;
  detail: string;
}

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly fields: FieldProblem[] = [],
    /** Seconds until it makes sense to ask again, where the server said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail || title);
  }
}

interface Loose extends Ask {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
}

let whenSignedOut: () => void = () => undefined;

/** Called when the server says that nobody is signed in any more. */
export function onSignedOut(listener: () => void): void {
  whenSignedOut = listener;
}

/** Asks whether somebody is still signed in; who is not any more hears it as after any refused request. */
export async function checkSession(): Promise<void> {
  await answer("GET", "/me", undefined).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 401) whenSignedOut();
  });
}

function address(template: string, { path, query }: Loose): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path?.[name] ?? ""));
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined && value !== null && value !== "") words.set(name, String(value));
  const text = words.toString();
  return `/api/v1${filled}${text ? `?${text}` : ""}`;
}

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const fields = Array.isArray(body.errors) ? (body.errors as FieldProblem[]) : [];
  const title = typeof body.title === "string" ? body.title : "That did not work";
  const wait = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new Problem(response.status, String(body.code ?? "unknown"), title, typeof body.detail === "string" ? body.detail : "", fields, Number.isFinite(wait) ? wait : null);
}

async function ask(method: string, template: string, body: unknown, options: Loose): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (options.version !== undefined) headers["if-match"] = `"${options.version}"`;
  if (options.key !== undefined) headers["idempotency-key"] = options.key;
  let response: Response;
  try {
    response = await fetch(address(template, options), {
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
    if (problem.status === 401 && template !== "/me" && !template.startsWith("/auth/")) whenSignedOut();
    throw problem;
  }
  return response;
}

async function answer<T>(method: string, template: string, body: unknown, options: Loose = {}): Promise<T> {
  const response = await ask(method, template, body, options);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

export const read = <P extends Path<"get">>(path: P, ...[options]: Rest<"get", P>): Promise<Answer<"get", P>> => answer("GET", path, undefined, options);
export const send = <P extends Path<"post">>(path: P, body: Body<"post", P>, ...[options]: Rest<"post", P>): Promise<Answer<"post", P>> => answer("POST", path, body, options);
export const change = <P extends Path<"patch">>(path: P, body: Body<"patch", P>, ...[options]: Rest<"patch", P>): Promise<Answer<"patch", P>> => answer("PATCH", path, body, options);
export const replace = <P extends Path<"put">>(path: P, body: Body<"put", P>, ...[options]: Rest<"put", P>): Promise<Answer<"put", P>> => answer("PUT", path, body, options);
export const remove = <P extends Path<"delete">>(path: P, options: Options<"delete", P>): Promise<undefined> => answer("DELETE", path, undefined, options);
/** Of the few routes that want a word with it. */
export const removeWith = <P extends Path<"delete">>(path: P, body: Body<"delete", P>, ...[options]: Rest<"delete", P>): Promise<Answer<"delete", P>> => answer("DELETE", path, body, options);

/** What is there, and the version that a change of it has to name. */
export async function readVersioned<P extends Path<"get">>(path: P, ...[options]: Rest<"get", P>): Promise<{ data: Answer<"get", P>; version: number }> {
  const response = await ask("GET", path, undefined, (options ?? {}) as Loose);
  return { data: (await response.json()) as Answer<"get", P>, version: Number(response.headers.get("etag")?.replaceAll('"', "")) };
}

/** A key under which a request has its effect once, however often it is sent. */
export const newKey = (): string => crypto.randomUUID();

const spoken = (pointer: string): string => pointer.replace(/^#?\/?/, "").replaceAll("_", " ").replaceAll("/", ", ");

/** Plain words for an error, whatever it is. */
export function wordsOf(error: unknown): string {
  if (error instanceof Problem) {
    const wait = error.retryAfter !== null && error.retryAfter > 1 ? `Try again in ${Math.ceil(error.retryAfter)} seconds.` : "Wait a moment, then try again.";
    if (error.status === 429) return `That was a lot at once. ${wait}`;
    if (error.code === "service_absent") return "This part of the hall is not open here.";
    if (error.status >= 502 && error.status <= 504) return `The hall is catching its breath. Nothing was lost. ${wait}`;
    if (error.status === 412) return "Somebody else changed this in the meantime.";
    if (error.fields.length > 0) return error.fields.map(({ pointer, detail }) => (spoken(pointer) ? `${spoken(pointer)}: ${detail}` : detail)).join("; ");
    return error.detail && error.detail !== error.title ? `${error.title}: ${error.detail}` : error.title;
  }
  return error instanceof Error ? error.message : "That did not work";
}

/** Whether what was asked for is not there: asking again will not bring it. */
export const isNowhere = (error: unknown): boolean => error instanceof Problem && error.status === 404 && error.code !== "service_absent";

/** The problem of a field, by its JSON pointer; `""` if it is fine. */
export function problemAt(error: unknown, pointer: string): string {
  if (!(error instanceof Problem)) return "";
  return error.fields.find((field) => field.pointer.replace(/^#/, "") === pointer)?.detail ?? "";
}
