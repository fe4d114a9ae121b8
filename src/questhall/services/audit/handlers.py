"""What audit hears: everything."""

from __future__ import annotations

from typing import Any

from questhall.kernel.contract import Envelope
from questhall.kernel.database import Tx
from questhall.kernel.service import ANY, on
from questhall.services.audit.actions import AuditActions


@on(ANY, batch=True)
async def append_to_log(actions: AuditActions, tx: Tx, events: list[Envelope[Any]]) -> None:
    """Writes every event down, once."""
    await actions.append(tx, events)
