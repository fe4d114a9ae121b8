import { QueryClient } from "@tanstack/react-query";
import { Problem } from "@/lib/client";

/** What the server said stays good until an event says otherwise; the rest of the time half a minute. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (times, error) => times < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
        retryDelay: (times) => 400 * 2 ** times,
      },
      mutations: { retry: false },
    },
  });
}
