"""What currency does by the clock."""

from __future__ import annotations

from datetime import timedelta

from questhall.kernel.service import every
from questhall.services.currency import repository
from questhall.services.currency.actions import CurrencyActions


@every(5, name="expire_holds")
async def expire_holds(actions: CurrencyActions) -> None:
    """Frees holds whose time is over."""
    await actions.expire_holds()


@every(60, name="settle_waiting")
async def settle_waiting(actions: CurrencyActions) -> None:
    """Credits parts of rewards that had to wait."""
    await actions.settle_waiting()


@every(30, name="seal_journal")
async def seal_journal(actions: CurrencyActions) -> None:
    """Hashes what is new onto the chain."""
    await actions.seal()


@every(3600, name="forget_gift_days")
async def forget_gift_days(actions: CurrencyActions) -> None:
    """Ends what was counted of gifts on days that are over."""
    async with actions.at.db.tx() as tx:
        await repository.forget_gift_days(tx, tx.now.date() - timedelta(days=1))


@every(60, name="checkpoint")
async def checkpoint(actions: CurrencyActions) -> None:
    """Folds system accounts up to here."""
    async with actions.at.db.tx() as tx:
        await repository.checkpoint(tx)
