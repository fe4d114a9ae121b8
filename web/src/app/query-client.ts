import { QueryClient } from "@tanstack/react-query";
import { Problem } from "@/lib/client";

/** What the server said stays good until an event says otherwise; the rest of the time half a minute. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        // Offline too the question is asked: the worker answers it from what was read before, else the page says so.
        networkMode: "always",
        refetchOnReconnect: true,
        retry: (times, error) => times < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
        retryDelay: (times) => 400 * 2 ** times,
      },
      // What is pressed offline is refused at once, in words: done an hour later it would surprise.
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
