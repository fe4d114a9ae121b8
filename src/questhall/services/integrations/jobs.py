"""What integrations does by the clock."""

from __future__ import annotations

from questhall.kernel.service import every
from questhall.services.integrations.actions import IntegrationsActions


@every(3600, name="forget_old")
async def forget_old(actions: IntegrationsActions) -> None:
    """Drops raw bodies and waiting acts past their keep."""
    await actions.forget_old()


@every(30, name="credit_linked")
async def credit_linked(actions: IntegrationsActions) -> None:
    """Credits what waits although its account is linked."""
    await actions.credit_linked()
