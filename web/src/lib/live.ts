/** The live rule: each pushed event writes a known query's cache or invalidates it. */
import type { QueryClient, QueryKey } from "@tanstack/react-query";

export interface Message {
  type: "message";
  channel: string;
  cursor: string;
  id: string;
  event: string;
  time: string;
  data: Record<string, unknown>;
}

export interface Cache {
  queries: QueryClient;
  /** Marks a query as stale; many of one batch become one. */
  invalidate: (key: QueryKey) => void;
}

export type LiveRule = (cache: Cache, message: Message) => void;
export type LiveRules = Record<string, LiveRule>;

const REMEMBERED = 2_000;
const SETTLE_MS = 250;

/** Applies messages once each, in order, and refetches what became stale at most once per moment. */
export class LiveCache {
  private readonly seen = new Set<string>();
  private readonly stale = new Map<string, QueryKey>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly queries: QueryClient,
    private readonly rules: LiveRules[],
  ) {}

  /** Whether the message was new. */
  apply(message: Message): boolean {
    if (this.seen.has(message.id)) return false;
    this.seen.add(message.id);
    if (this.seen.size > REMEMBERED) {
      const oldest = this.seen.values().next().value;
      if (oldest !== undefined) this.seen.delete(oldest);
    }
    const cache: Cache = { queries: this.queries, invalidate: (key) => this.mark(key) };
    for (const rules of this.rules) {
      rules[message.event]?.(cache, message);
      rules["*"]?.(cache, message);
    }
    return true;
  }

  /** Everything may be stale: after a gap that could not be filled. */
  reload(): void {
    // Each channel says it for itself: once is enough.
    this.mark([]);
  }

  private mark(key: QueryKey): void {
    this.stale.set(JSON.stringify(key), key);
    this.timer ??= setTimeout(() => this.settle(), SETTLE_MS);
  }

  private settle(): void {
    this.timer = null;
    const everything = this.stale.get("[]");
    const keys = everything ? [everything] : [...this.stale.values()];
    this.stale.clear();
    for (const queryKey of keys) void this.queries.invalidateQueries({ queryKey });
  }
}
