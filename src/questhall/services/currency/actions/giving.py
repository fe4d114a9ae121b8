"""Gifts from player to player."""

from __future__ import annotations

from questhall.contracts.currency import (
    AMOUNT_MAX,
    GiftLimit,
    InvalidAmount,
    Outcome,
    Posting,
    Transfer,
    UnknownCurrency,
)
from questhall.contracts.identity import UserBrief
from questhall.kernel.database import Tx
from questhall.kernel.ids import new_id
from questhall.services.currency import repository, rules
from questhall.services.currency.actions.posting import Posts, prepared, raise_refused


class Giving(Posts):
    """Gives, within what a day allows."""

    async def give(self, tx: Tx, giver: UserBrief, taker: UserBrief, currency: str, amount: int, note: str) -> Outcome:
        """One gift. Refuses ``gift_limit``, ``invalid_amount``, ``unknown_currency``, ``not_allowed_for_currency``,
        ``insufficient_funds``, ``in_debt``; a refusal must roll the transaction back.
        """
        if not 0 < amount <= AMOUNT_MAX:
            raise InvalidAmount(errors=[{"pointer": "#/amount", "detail": "1 to 2^53 - 1"}])
        await self._lock(tx)  # before the day is counted: two gifts at once are counted one after the other
        limits = await repository.gift_limits(tx, currency)
        if limits is None:
            raise UnknownCurrency
        debit, credit = f"user:{giver.user_id}", f"user:{taker.user_id}"
        posting = Posting(
            key=f"gift:{new_id()}",
            transfers=[Transfer(debit=debit, credit=credit, currency=currency, amount=amount)],
            transaction_type="gift",
            note=note.strip(),
        )
        raise_refused(outcome := (await self.apply(tx, [prepared(posting, tx.cause)]))[0].outcome)
        given, taken = await repository.count_gift(tx, debit, credit, currency, tx.now.date(), amount)
        most = rules.give_max(limits, giver.registered_at, tx.now)
        if given > most:
            new = " in its first week" if most < limits.give_day_max else ""
            raise GiftLimit(
                f"an account{new} gives {most} {currency} a day at most, and {given - amount} are given today"
            )
        if taken > limits.take_day_max:
            raise GiftLimit(f"nobody takes more than {limits.take_day_max} {currency} a day in gifts")
        return outcome
