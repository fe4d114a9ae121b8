"""What currency hears."""

from __future__ import annotations

from questhall.contracts.rewards import RewardGranted
from questhall.kernel.contract import Envelope
from questhall.kernel.database import Tx
from questhall.kernel.service import on
from questhall.services.currency.actions import CurrencyActions


@on(RewardGranted, batch=True)
async def credit_rewards(actions: CurrencyActions, tx: Tx, events: list[Envelope[RewardGranted]]) -> None:
    """Pays the currency parts of rewards."""
    await actions.credit_rewards(tx, events)
