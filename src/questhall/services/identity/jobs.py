"""What identity does by the clock."""

from __future__ import annotations

from questhall.kernel.service import every
from questhall.services.identity.actions import IdentityActions


@every(24 * 3600, name="sweep_identity")
async def sweep_identity(actions: IdentityActions) -> None:
    """Drops sessions, links and mails that are long over."""
    await actions.sweep()
