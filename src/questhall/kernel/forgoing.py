"""Forgoing: an event that is undone before it was heard is never handled."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from questhall.kernel.database import Tx

__all__ = ["forgo"]


async def forgo(tx: Tx, event_ids: Sequence[UUID]) -> None:
    """Those of these events that this service has not handled yet never are: neither when they come, nor where they wait.

    A ``revert`` begins with it, before it looks at anything: one that is being handled right now is waited for, and what
    that did is there to be undone.
    """
    ids = sorted(set(event_ids))
    rows = await tx.fetch(
        "INSERT INTO inbox SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id", ids
    ) + await tx.fetch("DELETE FROM parked WHERE event_id = ANY($1::uuid[]) RETURNING event_id", ids)
    await tx.execute(
        "INSERT INTO forgone SELECT unnest($1::uuid[]), $2 ON CONFLICT DO NOTHING", [row[0] for row in rows], tx.now
    )
