"""What integrations hears."""

from __future__ import annotations

from questhall.contracts.identity import UserUpdated
from questhall.kernel.contract import Envelope
from questhall.kernel.database import Tx
from questhall.kernel.service import on
from questhall.services.integrations import repository
from questhall.services.integrations.actions import IntegrationsActions


@on(UserUpdated, policy="pass")
async def rename_players(_actions: IntegrationsActions, tx: Tx, event: Envelope[UserUpdated]) -> None:
    """Keeps the copied names true."""
    await repository.rename(tx, event.data.user_id, event.data.username)
