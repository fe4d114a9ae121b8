"""Paying the currency parts of rewards."""

from __future__ import annotations

from uuid import UUID

import msgspec

from questhall.contracts.currency import AMOUNT_MAX, Posting, Transfer
from questhall.contracts.rewards import RewardGranted, RewardPart, RewardRevoked, RewardSettled
from questhall.kernel.contract import Cause, Envelope
from questhall.kernel.database import Tx
from questhall.kernel.telemetry import Measured
from questhall.services.currency import repository, rules
from questhall.services.currency.actions.posting import Request, prepared
from questhall.services.currency.actions.undoing import Undoing

SWEEP_MAX = 200
PARTS_MAX = 20
"""Parts of a reward that may have been paid one by one."""
AGAIN = rules.Terms(again=True)
"""A part keeps its key for the one time that it is paid, however often it is refused before."""


class Rewarding(Undoing):
    """Credits rewards; what can't be credited waits and blocks nothing."""

    async def measure(self) -> list[Measured]:
        """For `/metrics`."""
        async with self.at.db.read() as tx:
            count = await repository.count_waiting(tx)
        return [Measured(name="unsettled_reward_parts", meaning="Earned parts that can't be paid yet.", value=count)]

    async def credit_rewards(self, tx: Tx, events: list[Envelope[RewardGranted]]) -> None:
        """Pays the currency parts of granted rewards, those of a grant as one transaction, once for ever.

        If a grant can't be paid whole, its parts are paid one by one; what can't be paid waits.
        """
        await self._lock(tx)
        requests: list[Request] = []
        paying: list[tuple[Envelope[RewardGranted], list[RewardPart]]] = []
        waiting: list[repository.Waiting] = []
        apart: list[repository.Waiting] = []
        for event in events:
            parts = [part for part in event.data.parts if part.kind == "currency" and part.amount > 0]
            good = [part for part in parts if self._creditable(part)]
            waiting += [self._waiting(event, part, "unknown_currency") for part in parts if part not in good]
            if good:
                posting = _posting(event, f"reward:{event.data.grant_id}", good)
                requests.append(prepared(posting, event.cause()))
                paying.append((event, good))
        if requests:
            for (event, parts), done in zip(paying, await self.apply(tx, requests), strict=True):
                refusal = done.outcome.refusal
                if refusal is None:
                    for part in parts:
                        _settled(tx, event.data.grant_id, event.data.user_id, part.id, event.cause())
                elif done.fresh or refusal == "invalid_posting":  # the one refusal that no key remembers
                    apart += [self._waiting(event, part, refusal) for part in parts]
        waiting += await self._pay_apart(tx, apart)
        if waiting:
            for left in waiting:
                currency = left.posting.transfers[0].currency
                self.at.log.error("reward_unsettled", part=left.part_id, currency=currency, refusal=left.refusal)
            await repository.wait(tx, waiting)
        await self._take_back_fallen(tx, events)

    async def take_back_rewards(self, tx: Tx, events: list[Envelope[RewardRevoked]]) -> None:
        """Reverses what revoked rewards have paid, once; parts that wait to be paid wait no longer."""
        for event in events:
            user_id, grant_id = event.data.user_id, event.data.grant_id
            parts = await repository.forget_waiting(tx, user_id, grant_id)
            keys = [f"reward:{grant_id}", *(f"reward:{grant_id}:{n}" for n in range(PARTS_MAX))]
            for transaction_id in await repository.paid_under(tx, f"user:{user_id}", keys):
                if await repository.reversed_by(tx, transaction_id) is None:
                    await self.reverse(tx, transaction_id, note=event.data.reason[: rules.REASON_MAX])
            if parts:
                self.at.log.info("reward_wait_ended", grant=str(grant_id), parts=parts)

    async def _pay_apart(self, tx: Tx, parts: list[repository.Waiting]) -> list[repository.Waiting]:
        """Pays parts each by itself; answers those that can't be paid, with why."""
        left: list[repository.Waiting] = []
        requests = [prepared(part.posting, part.cause, terms=AGAIN) for part in parts]
        for part, done in zip(parts, await self.apply(tx, requests) if requests else [], strict=True):
            if done.outcome.refusal is None:
                _settled(tx, part.grant_id, part.user_id, part.part_id, part.cause)
            else:
                left.append(msgspec.structs.replace(part, refusal=done.outcome.refusal))
        return left

    def _creditable(self, part: RewardPart) -> bool:
        kind = self._kinds.get(part.what)
        return kind is not None and kind.active and part.amount <= AMOUNT_MAX

    def _waiting(self, event: Envelope[RewardGranted], part: RewardPart, refusal: str) -> repository.Waiting:
        if part.amount > AMOUNT_MAX:
            refusal = "invalid_amount"
        return repository.Waiting(
            user_id=event.data.user_id,
            part_id=part.id,
            grant_id=event.data.grant_id,
            posting=_posting(event, f"reward:{part.id}", [part]),
            refusal=refusal,
            cause=event.cause(),
        )

    async def _take_back_fallen(self, tx: Tx, events: list[Envelope[RewardGranted]]) -> None:
        """A level may be lost before what it pays arrives: it is paid and taken back, so that both stand in the journal."""
        levels = [
            (event.data.user_id, int(event.data.reason.ref))
            for event in events
            if event.data.reason.kind == "level" and event.source == self.at.name and event.data.reason.ref is not None
        ]
        if levels:
            for user_id, level in sorted(await repository.fallen(tx, levels)):
                await self.take_back_levels(tx, user_id, [level])

    async def settle_waiting(self) -> int:
        """Tries to credit parts that wait; answers how many were credited."""
        async with self.at.db.tx() as tx:
            await self._lock(tx)
            parts = await repository.waiting(tx, SWEEP_MAX)
            refused = {(part.user_id, part.part_id): part.refusal for part in await self._pay_apart(tx, parts)}
            for part in parts:
                await repository.waited(tx, part, refused.get((part.user_id, part.part_id)))
        return len(parts) - len(refused)


def _posting(event: Envelope[RewardGranted], key: str, parts: list[RewardPart]) -> Posting:
    given = event.data
    mint = "mint:levels" if given.reason.kind == "level" else f"mint:{event.source}"
    account = f"user:{given.user_id}"
    return Posting(
        key=key,
        transfers=[Transfer(debit=mint, credit=account, currency=part.what, amount=part.amount) for part in parts],
        transaction_type="reward",
        reason=given.reason.title[: rules.REASON_MAX],
        rule=msgspec.to_builtins(given.reason),
    )


def _settled(tx: Tx, grant_id: UUID, user_id: UUID, part_id: str, cause: Cause) -> None:
    settled = RewardSettled(grant_id=grant_id, user_id=user_id, part_id=part_id, taker="currency")
    tx.emit(settled, cause=cause)
