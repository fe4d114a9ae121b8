"""What currency hears."""

from __future__ import annotations

from typing import Any

from questhall.contracts.rewards import RewardGranted, RewardRevoked
from questhall.kernel.contract import Envelope
from questhall.kernel.database import Tx
from questhall.kernel.service import on
from questhall.services.currency.actions import CurrencyActions


@on(RewardGranted, RewardRevoked, batch=True)
async def credit_rewards(actions: CurrencyActions, tx: Tx, events: list[Envelope[Any]]) -> None:
    """Pays the currency parts of rewards, and takes back those of rewards that were revoked."""
    granted: list[Envelope[RewardGranted]] = [event for event in events if event.type == RewardGranted.type]
    revoked: list[Envelope[RewardRevoked]] = [event for event in events if event.type == RewardRevoked.type]
    # A reward is revoked after it was granted, and never granted again: so it may be paid first whatever lies between.
    if granted:
        await actions.credit_rewards(tx, granted)
    if revoked:
        await actions.take_back_rewards(tx, revoked)
