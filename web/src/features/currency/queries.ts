import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { read, send } from "@/lib/client";

export const balancesKey = ["currency", "balances"] as const;
export const ledgerKey = ["currency", "ledger"] as const;

export const balancesQuery = queryOptions({ queryKey: balancesKey, queryFn: ({ signal }) => read("/me/balances", { signal }) });

export const ledgerQuery = (currency: string) =>
  infiniteQueryOptions({
    queryKey: [...ledgerKey, currency],
    queryFn: ({ signal, pageParam }) => read("/me/transactions", { signal, query: { currency, after: pageParam, limit: 25 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const currenciesQuery = queryOptions({ queryKey: ["currency", "kinds"], queryFn: ({ signal }) => read("/currencies", { signal }) });

export interface Gift {
  to: string;
  currency: string;
  amount: number;
  note: string;
}

/** The key stays with the form: sending twice gives once. */
export const give = (gift: Gift, key: string) => send("/transfers", gift, { key });

export interface Grant {
  username: string;
  currency: string;
  amount: number;
  reason: string;
}

/** The key stays with the form: sending twice grants once. */
export const grant = (wanted: Grant, key: string) => send("/admin/transactions", wanted, { key });
export const reverse = (id: string, reason: string, key: string) => send("/admin/transactions/{transaction_id}/reverse", { reason }, { path: { transaction_id: id }, key });
