"""What the ledger has of one person: to be given to them, and what of it can be forgotten."""

from __future__ import annotations

from questhall.kernel.sections import Section

SECTIONS = (
    Section(
        "balances",
        "SELECT currency AS place, currency, balance, held FROM accounts WHERE owner = 'user:' || $1::uuid::text "
        "AND ($2::text IS NULL OR currency > $2) ORDER BY 1 LIMIT $3",
    ),
    Section(
        "debts",
        "SELECT currency AS place, currency, balance AS owed FROM accounts WHERE owner = 'debt:' || $1::uuid::text "
        "AND ($2::text IS NULL OR currency > $2) ORDER BY 1 LIMIT $3",
    ),
    Section(
        "transactions",
        # Both legs of a transfer between one's own accounts are one row.
        "SELECT t.seq AS place, t.id, t.transaction_id, t.currency, "
        "CASE WHEN t.credit = 'user:' || $1::uuid::text THEN t.amount ELSE -t.amount END AS amount, "
        "x.transaction_type, coalesce(n.note, x.reason) AS reason, x.created_at FROM ("
        "(SELECT * FROM transfers WHERE credit = 'user:' || $1::uuid::text AND credit_balance IS NOT NULL "
        " AND seq > coalesce($2::text::bigint, 0) ORDER BY seq LIMIT $3) UNION "
        "(SELECT * FROM transfers WHERE debit = 'user:' || $1::uuid::text AND debit_balance IS NOT NULL "
        " AND seq > coalesce($2::text::bigint, 0) ORDER BY seq LIMIT $3)) AS t "
        "JOIN transactions x ON x.id = t.transaction_id LEFT JOIN notes n ON n.transaction_id = x.id "
        "ORDER BY t.seq LIMIT $3",
    ),
    Section(
        "levels",
        "SELECT level AS place, level, xp, reached_at FROM level_marks WHERE user_id = $1 "
        "AND level > coalesce($2::text::int, 0) ORDER BY level LIMIT $3",
    ),
)
