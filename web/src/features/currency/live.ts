import type { Cache, LiveRules, Message } from "@/lib/live";
import type { Balances } from "@/lib/types";
import { balancesKey, ledgerKey } from "./queries";

/** Writes a balance; one with a lower number is older than what is shown. What a debt is after a payment is asked for. */
function moved(cache: Cache, message: Message): void {
  const { currency, balance, number, source } = message.data as { currency: string; balance: number; number: number; source?: string };
  const known = cache.queries.getQueryData<Balances>(balancesKey);
  const row = known?.items.find((item) => item.currency === currency);
  if (!known || !row || source === "sink:debt") {
    cache.invalidate(balancesKey);
  } else if (number > row.number) {
    const more = balance - row.amount;
    cache.queries.setQueryData<Balances>(balancesKey, {
      items: known.items.map((item) => (item === row ? { ...item, amount: balance, available: item.available + more, number } : item)),
      level: currency === "xp" ? { ...known.level, xp: balance } : known.level,
    });
    const { next_xp: next, floor_xp: floor } = known.level;
    if (currency === "xp" && ((next !== null && balance >= next) || balance < floor)) cache.invalidate(balancesKey);
  }
  cache.invalidate(ledgerKey);
}

export const currencyLive: LiveRules = {
  "currency.credited": moved,
  "currency.debited": moved,
  "currency.owed": (cache) => cache.invalidate(balancesKey),
  "level.reached": (cache) => cache.invalidate(balancesKey),
  "level.lost": (cache) => cache.invalidate(balancesKey),
};
