"""What audit does by the clock."""

from __future__ import annotations

from questhall.kernel.service import every
from questhall.services.audit.actions import AuditActions


@every(6 * 3600, name="roll_event_log")
async def roll_event_log(actions: AuditActions) -> None:
    """Makes this month's and the next month's partitions."""
    await actions.roll()


@every(30, name="seal_event_log")
async def seal_event_log(actions: AuditActions) -> None:
    """Hashes what is new onto the chain."""
    await actions.seal()
