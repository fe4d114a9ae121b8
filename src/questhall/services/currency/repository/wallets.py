"""What a player has, and how it came and went."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from questhall.kernel.database import Record, Tx


async def purse(tx: Tx, user_id: UUID) -> list[Record]:
    """A player's account (its columns are null where there is none) and debt in each currency, in the order shown."""
    return await tx.fetch(
        "SELECT c.code, c.name, c.icon, c.active, a.balance, a.held, a.number, coalesce(d.balance, 0) AS debt "
        "FROM currencies c LEFT JOIN accounts a ON a.owner = 'user:' || $1::text AND a.currency = c.code "
        "LEFT JOIN accounts d ON d.owner = 'debt:' || $1::text AND d.currency = c.code ORDER BY c.place, c.code",
        str(user_id),
    )


async def balances_at(tx: Tx, owner: str, at: datetime) -> dict[str, int]:
    """By currency, the sum of what had moved until a moment. (Times are told before the journal's lock is had: they do not
    follow ``seq``, so no row's own balance is the answer.)
    """
    rows = await tx.fetch(
        "SELECT t.currency, sum(t.amount)::bigint FROM ("
        " SELECT transaction_id, currency, amount FROM transfers WHERE credit = $1 AND credit_balance IS NOT NULL UNION ALL "
        " SELECT transaction_id, currency, -amount FROM transfers WHERE debit = $1 AND debit_balance IS NOT NULL) AS t "
        "JOIN transactions x ON x.id = t.transaction_id WHERE x.created_at <= $2 GROUP BY t.currency",
        owner,
        at,
    )
    return {row[0]: row[1] for row in rows}


async def newest_debts(tx: Tx, user_id: UUID) -> dict[str, UUID]:
    """By currency, the transfer that a player's debt last rose by."""
    rows = await tx.fetch(
        "SELECT DISTINCT ON (currency) currency, id FROM transfers WHERE credit = $1 AND credit_balance IS NOT NULL "
        "ORDER BY currency, seq DESC",
        f"debt:{user_id}",
    )
    return {row[0]: row[1] for row in rows}


async def wallet(tx: Tx, user_id: UUID, currency: str | None, after: int | None, limit: int) -> list[Record]:
    """A player's transfers, newest first."""
    account = f"user:{user_id}"
    return await tx.fetch(
        "SELECT t.*, x.transaction_type, coalesce(n.note, x.reason) AS reason, x.created_at FROM ("
        "(SELECT seq, id, transaction_id, currency, amount, debit AS source, credit_balance AS balance FROM transfers "
        " WHERE credit = $1 AND credit_balance IS NOT NULL AND ($2::text IS NULL OR currency = $2) "
        " AND ($3::bigint IS NULL OR seq < $3) ORDER BY seq DESC LIMIT $4) UNION ALL "
        "(SELECT seq, id, transaction_id, currency, -amount, credit, debit_balance FROM transfers "
        " WHERE debit = $1 AND debit_balance IS NOT NULL AND ($2::text IS NULL OR currency = $2) "
        " AND ($3::bigint IS NULL OR seq < $3) ORDER BY seq DESC LIMIT $4)) AS t "
        "JOIN transactions x ON x.id = t.transaction_id LEFT JOIN notes n ON n.transaction_id = x.id "
        "ORDER BY t.seq DESC LIMIT $4",
        account,
        currency,
        after,
        limit,
    )
