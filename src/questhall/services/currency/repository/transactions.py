"""Transactions that were made."""

from __future__ import annotations

from uuid import UUID

from questhall.kernel.database import Record, Tx


async def transaction(tx: Tx, transaction_id: UUID) -> tuple[Record, list[Record]] | None:
    """A transaction with its transfers, by its own id or that of one of them."""
    row = await tx.fetchrow(
        "SELECT * FROM transactions WHERE id = $1 OR id = (SELECT transaction_id FROM transfers WHERE id = $1 LIMIT 1)",
        transaction_id,
    )
    if row is None:
        return None
    return row, await tx.fetch("SELECT * FROM transfers WHERE transaction_id = $1 ORDER BY seq", row["id"])


async def reversed_by(tx: Tx, transaction_id: UUID) -> UUID | None:
    """The transaction that reversed this one, if any."""
    return await tx.fetchval("SELECT id FROM transactions WHERE reverses = $1", transaction_id)


async def caused_by(tx: Tx, event_ids: list[UUID]) -> list[UUID]:
    """Transactions that these events caused and nothing reversed yet."""
    rows = await tx.fetch(
        "SELECT id FROM transactions x WHERE causation_id = ANY($1::uuid[]) AND reverses IS NULL "
        "AND NOT EXISTS (SELECT FROM transactions r WHERE r.reverses = x.id) ORDER BY id DESC",
        event_ids,
    )
    return [row[0] for row in rows]


async def paid_under(tx: Tx, owner: str, keys: list[str]) -> list[UUID]:
    """Transactions accepted under these keys that nothing reversed yet."""
    rows = await tx.fetch(
        "SELECT k.transaction_id FROM keys k WHERE k.owner = $1 AND k.refusal IS NULL "
        "AND (k.key = ANY($2::text[]) OR k.key LIKE ANY(SELECT unnest($2::text[]) || ':%')) "
        "AND NOT EXISTS (SELECT FROM transactions r WHERE r.reverses = k.transaction_id) ORDER BY k.transaction_id DESC",
        owner,
        keys,
    )
    return [row[0] for row in rows]
