"""What integrations can do: one class, a part of it a file."""

from __future__ import annotations

from uuid import UUID

from questhall.contracts.identity import Identity
from questhall.contracts.integrations import Integrations
from questhall.kernel.batching import GroupCommit
from questhall.kernel.contract import ArchivePart, Forgotten, Origin, Step
from questhall.kernel.encryption import Sealer
from questhall.kernel.forgetting import forget_traces
from questhall.kernel.sections import archive_part
from questhall.kernel.service import Site
from questhall.services.integrations import repository, rules
from questhall.services.integrations.actions.linking import Linking, Pair
from questhall.services.integrations.actions.sources import Source, mapping_of
from questhall.services.integrations.actions.taking import BATCH_MAX, Delivery, Taken, Taking, delivery_name

__all__ = ["Delivery", "IntegrationsActions", "Pair", "Source", "Taken", "delivery_name", "mapping_of"]


class IntegrationsActions(Taking, Linking, Integrations):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self.identity = at.stub(Identity)
        self._sealer = Sealer(at.settings.keys)
        self._group: GroupCommit[Delivery, Taken] = GroupCommit(self._take_together, cap=BATCH_MAX)
        self._sources: dict[str, tuple[float, Source]] = {}

    async def forget_old(self) -> None:
        """Bodies and waiting acts past their keep."""
        async with self.at.db.tx() as tx:
            await repository.forget_old(tx, tx.now - rules.BODY_KEPT, tx.now - rules.WAITING_MAX)

    async def archive_of(self, user_id: UUID, after: str | None) -> ArchivePart:
        """See the contract: ``accounts``. What was done elsewhere stands in the log, as events."""
        return await archive_part(self.at.db, repository.SECTIONS, user_id, after)

    async def forget(self, user_id: UUID, names: list[str], after: str | None) -> Forgotten:
        """See the contract: deliveries that tell of them, and which accounts elsewhere are theirs."""
        async with self.at.db.tx() as tx:
            # An address is theirs alone; a username may be any word.
            known = [*(name for name in names if "@" in name), *await repository.accounts_of(tx, user_id)]
            place = await repository.forget_deliveries(tx, user_id, UUID(after) if after else None, known)
            if place is not None:
                return Forgotten(next=str(place))
            await repository.forget_accounts(tx, user_id)
            return Forgotten(pending=await forget_traces(tx, user_id, [*names, *known]))

    async def explain(self, kind: str, effect_id: str) -> Origin | None:
        """See the contract: a ``delivery``."""
        try:
            identifier = UUID(effect_id)
        except ValueError:
            return None
        async with self.at.db.read() as tx:
            row = await repository.delivery(tx, identifier)
        if row is None:
            return None
        step = Step(
            kind="delivery",
            title=f"{row['name']} told us what happened",
            detail="",
            time=row["received_at"],
            actor=f"source:{row['source_id']}",
            facts={
                "source": row["slug"],
                "source_name": row["name"],
                "source_kind": row["kind"],
                "event": row["event"],
                "external_id": row["external_id"],
                "delivery_id": str(row["id"]),
            },
        )
        return Origin(owner=None, step=step, causation_id=None)
