"""What the ledger gives to a player who asks, and what it forgets of one who leaves: what was written, never what was moved."""

from __future__ import annotations

from uuid import UUID

from questhall.kernel.contract import ArchivePart, Forgotten
from questhall.kernel.forgetting import forget_traces
from questhall.kernel.sections import archive_part
from questhall.kernel.service import Site
from questhall.services.currency import repository


class Person:
    """One player's part."""

    at: Site

    async def archive_of(self, user_id: UUID, after: str | None) -> ArchivePart:
        """See the contract: ``balances``, ``debts``, ``transactions``, ``levels``."""
        return await archive_part(self.at.db, repository.SECTIONS, user_id, after)

    async def forget(self, user_id: UUID, names: list[str], after: str | None) -> Forgotten:
        """See the contract: notes with what they gave, got, or said."""
        async with self.at.db.tx() as tx:
            await repository.forget_notes(tx, user_id)
            return Forgotten(pending=await forget_traces(tx, user_id, names))
