/** The API's routes as the generated document has them: what each takes and gives, worked out by the compiler. */
import type { paths } from "./generated/api";

type Method = "get" | "post" | "put" | "patch" | "delete";
type Served<P extends keyof paths, M extends Method> = paths[P] extends Record<M, { responses: unknown }> ? (P extends `/api/v1${infer Rest}` ? Rest : never) : never;

/** The templates that answer a method, without the common beginning: `/quests/{quest_id}`. */
export type Path<M extends Method> = { [P in keyof paths]: Served<P, M> }[keyof paths];

type Operation<M extends Method, P extends string> = `/api/v1${P}` extends infer F extends keyof paths ? (paths[F] extends Record<M, infer O> ? O : never) : never;
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;

/** What a route answers when it is well; `undefined` where there is nothing to say. */
export type Answer<M extends Method, P extends string> =
  Operation<M, P> extends { responses: infer R } ? ([Json<R[keyof R & (200 | 201 | 202)]>] extends [never] ? undefined : Json<R[keyof R & (200 | 201 | 202)]>) : never;

/** What a route takes as its body; `undefined` where it takes none. */
export type Body<M extends Method, P extends string> = Operation<M, P> extends { requestBody: infer B } ? ([Json<B>] extends [never] ? undefined : Json<B>) : undefined;

type Parameters<M extends Method, P extends string> = Operation<M, P> extends { parameters: infer Given } ? Given : never;
type Names<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type Asked<M extends Method, P extends string> = Parameters<M, P> extends { query?: infer Q } ? ([Q] extends [undefined] ? unknown : { query?: NonNullable<Q> }) : unknown;

type Header<M extends Method, P extends string> = Parameters<M, P> extends { header: infer H } ? H : unknown;
/** A route that needs a version or a key can't be asked without. */
type Needed<M extends Method, P extends string> = (Header<M, P> extends { "If-Match": string } ? { version: number } : unknown) & (Header<M, P> extends { "Idempotency-Key": string } ? { key: string } : unknown);

export interface Ask {
  /** Goes out as `If-Match`. */
  version?: number;
  /** Goes out as `Idempotency-Key`: sent again under it, a request has its effect once. */
  key?: string;
  signal?: AbortSignal;
}

/** What a request to a route may say beside its body: names of its template, its query, version and key. */
export type Options<M extends Method, P extends string> = Ask & Asked<M, P> & Needed<M, P> & ([Names<P>] extends [never] ? { path?: undefined } : { path: Record<Names<P>, string> });

/** Left out where nothing has to be said. */
export type Rest<M extends Method, P extends string> = Record<never, never> extends Options<M, P> ? [options?: Options<M, P>] : [options: Options<M, P>];
