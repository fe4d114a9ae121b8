"""The ledger's invariants as plain SQL: they share no code with the service, and need one connection that may read all."""

from __future__ import annotations

from typing import Any

LEGS = (
    "(SELECT seq, credit AS account, currency, amount, paid, credit_balance AS after, credit_number AS number "
    "FROM currency.transfers UNION ALL SELECT seq, debit, currency, -amount, -paid, debit_balance, debit_number "
    "FROM currency.transfers)"
)

CHECKS = {
    "I1: a currency's accounts do not sum to 0": (
        "SELECT currency || ': ' || sum(amount) FROM (SELECT currency, balance::numeric AS amount FROM currency.accounts "
        f"UNION ALL SELECT currency, amount FROM {LEGS} AS legs WHERE after IS NULL) AS every GROUP BY currency "
        "HAVING sum(amount) <> 0"
    ),
    "I2: a stored balance, its paid part or its number is not the fold of its postings": (
        "SELECT coalesce(a.owner, f.account) || ' ' || coalesce(a.currency, f.currency) FROM currency.accounts a FULL JOIN "
        f"(SELECT account, currency, sum(amount) AS amount, sum(paid) AS paid, count(*) AS number FROM {LEGS} AS legs "
        " WHERE after IS NOT NULL GROUP BY account, currency) AS f ON a.owner = f.account AND a.currency = f.currency "
        "WHERE (a.balance, a.paid, a.number) IS DISTINCT FROM (f.amount, f.paid, f.number)"
    ),
    "I2: a row's balance after is not the fold up to it": (
        "SELECT 'transfer ' || seq || ' ' || account FROM (SELECT *, sum(amount) OVER w AS fold, row_number() OVER w AS nth "
        f"FROM {LEGS} AS legs WHERE after IS NOT NULL WINDOW w AS (PARTITION BY account, currency ORDER BY seq)) AS run "
        "WHERE after <> fold OR number <> nth"
    ),
    "I2: user_currencies is not what the journal says": (
        "SELECT u.user_id || ' ' || u.currency_type FROM currency.user_currencies u LEFT JOIN "
        "(SELECT user_id, currency_type, sum(amount) AS amount FROM currency.currency_transactions GROUP BY 1, 2) AS t "
        "USING (user_id, currency_type) WHERE u.amount <> coalesce(t.amount, 0)"
    ),
    "I3: an account is below its floor": (
        "SELECT owner || ' ' || currency FROM currency.accounts WHERE balance < 0 OR paid NOT BETWEEN 0 AND balance "
        f"UNION ALL SELECT account || ' at transfer ' || seq FROM {LEGS} AS legs WHERE after < 0"
    ),
    "I3: what is held is not what open holds add up to, or is more than the balance": (
        "SELECT a.owner || ' ' || a.currency FROM currency.accounts a LEFT JOIN (SELECT owner, currency, sum(amount) AS amount "
        "FROM currency.holds WHERE state = 'open' GROUP BY 1, 2) AS h USING (owner, currency) "
        "WHERE a.held <> coalesce(h.amount, 0) OR a.held > a.balance"
    ),
    "what was advanced is not twice what is owed": (
        "SELECT coalesce(s.currency, d.currency) || ': ' || coalesce(s.amount, 0) FROM "
        f"(SELECT currency, sum(amount) AS amount FROM {LEGS} AS legs WHERE account = 'sink:debt' GROUP BY currency) AS s "
        "FULL JOIN (SELECT currency, sum(balance) AS amount FROM currency.accounts WHERE owner LIKE 'debt:%' GROUP BY currency) "
        "AS d USING (currency) WHERE coalesce(s.amount, 0) <> -2 * coalesce(d.amount, 0)"
    ),
    "I4: a refused answer has an effect, or a transaction has none": (
        "SELECT k.key FROM currency.keys k WHERE k.refusal IS NOT NULL AND (EXISTS (SELECT FROM currency.transfers t "
        "WHERE t.transaction_id = k.transaction_id) OR EXISTS (SELECT FROM currency.transactions x "
        "WHERE x.id = k.transaction_id)) "
        "UNION ALL SELECT x.key FROM currency.transactions x WHERE NOT EXISTS (SELECT FROM currency.transfers t "
        "WHERE t.transaction_id = x.id) UNION ALL SELECT 'transfer ' || t.seq FROM currency.transfers t "
        "WHERE NOT EXISTS (SELECT FROM currency.transactions x WHERE x.id = t.transaction_id)"
    ),
    "I6: a key does not have exactly one effect and one answer": (
        "SELECT owner || ' ' || key FROM currency.transactions GROUP BY owner, key HAVING count(*) > 1 "
        "UNION ALL SELECT k.key FROM currency.keys k FULL JOIN currency.transactions x USING (owner, key) "
        "WHERE (k.refusal IS NULL) <> (x.id IS NOT NULL) OR (x.id IS NOT NULL AND k.transaction_id IS DISTINCT FROM x.id)"
    ),
    "a transaction was reversed twice": (
        "SELECT reverses::text FROM currency.transactions WHERE reverses IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    ),
    "the journal has gaps": (
        "SELECT 'head ' || h.last FROM currency.journal_head h, (SELECT count(*) AS n, coalesce(max(seq), 0) AS top "
        "FROM currency.transfers) AS j WHERE h.last <> j.n OR h.last <> j.top"
    ),
}

OVERDUE = (
    "SELECT id::text FROM currency.holds "
    "WHERE state = 'open' AND expires_at < clock_timestamp() - make_interval(secs => $1)"
)


async def broken(connection: Any, *, overdue_s: float | None = None) -> list[str]:
    """Every violation, in words: [] is what must be. ``overdue_s``: open holds may be past their end by as much."""
    found: list[str] = []
    for name, sql in CHECKS.items():
        found += [f"{name}: {row[0]}" for row in await connection.fetch(sql)]
    if overdue_s is not None:
        found += [
            f"I3: an expired hold is not released: {row[0]}" for row in await connection.fetch(OVERDUE, overdue_s)
        ]
    return found
