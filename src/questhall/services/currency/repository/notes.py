"""What people wrote with transactions."""

from __future__ import annotations

from uuid import UUID

from questhall.kernel.database import Tx


async def add_notes(tx: Tx, notes: list[tuple[UUID, list[UUID], str]]) -> None:
    """Keeps notes: the transaction, whom it concerns, and what was written."""
    for transaction_id, people, note in notes:
        await tx.execute(
            "INSERT INTO notes (transaction_id, people, note) VALUES ($1, $2, $3)", transaction_id, people, note
        )


async def note_of(tx: Tx, transaction_id: UUID) -> str:
    """What was written with a transaction; "" if nothing was, or it went with somebody."""
    return await tx.fetchval("SELECT note FROM notes WHERE transaction_id = $1", transaction_id) or ""


async def forget_notes(tx: Tx, user_id: UUID) -> None:
    """Ends what was written by somebody, or to them, or about them."""
    await tx.execute("DELETE FROM notes WHERE people @> ARRAY[$1::uuid]", user_id)
