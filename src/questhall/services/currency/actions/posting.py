"""Posting: the one way by which a balance changes, and what is said of it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid5

import msgspec

from questhall.contracts.currency import (
    Currency,
    CurrencyCredited,
    CurrencyDebited,
    CurrencyOwed,
    LevelLost,
    LevelReached,
    Outcome,
    Posting,
)
from questhall.contracts.rewards import Reason, Reward, grant
from questhall.kernel.batching import GroupCommit, Turn
from questhall.kernel.contract import Cause, Refusal
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Tx, current_cause
from questhall.kernel.ids import new_id
from questhall.kernel.personal import people_of
from questhall.kernel.service import Site
from questhall.services.currency import repository, rules

POSTED = declare("currency.after_post_before_answer")

BATCH_MAX = 256
LEVELS_NAMESPACE = UUID("5b6f2a0e-6d0b-4c1e-9a0e-6c6576656c73")
REFUSALS: dict[str, type[Refusal]] = {refusal.code: refusal for refusal in Currency.refusals}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A posting with why it is made."""

    work: rules.Work
    cause: Cause
    reverses: UUID | None = None


def prepared(
    posting: Posting, cause: Cause, *, terms: rules.Terms = rules.PLAIN, reverses: UUID | None = None
) -> Request:
    """A posting with a transaction id of its own, ready to be walked."""
    return Request(work=rules.prepare(posting, new_id(), terms), cause=cause, reverses=reverses)


def raise_refused(outcome: Outcome) -> None:
    """Raises what an outcome refuses."""
    if outcome.refusal is not None:
        raise REFUSALS[outcome.refusal](outcome.detail)


def level_grant(user_id: UUID, level: int) -> UUID:
    """Id of the grant that pays a level: the same for ever, so that it pays once whatever is undone and reached again."""
    return uuid5(LEVELS_NAMESPACE, f"{user_id}:{level}")


class Posts:
    """Posts, and keeps levels."""

    at: Site
    _group: GroupCommit[Request, Outcome]
    _kinds: dict[str, rules.Kind]
    _kinds_version: int
    _level_rewards: dict[int, Reward] | None

    async def post(self, postings: list[Posting]) -> list[Outcome]:
        """See the contract."""
        cause = current_cause.get() or _fresh_cause()
        posted = [self._group.submit(prepared(posting, cause)) for posting in postings]
        outcomes = [await posted[0]] if len(posted) == 1 else list(await asyncio.gather(*posted))
        crash_point(POSTED)
        return outcomes

    async def _post_together(self, turn: Turn[Request]) -> list[Outcome]:
        # Pipelined: the journal's lock is free again while the disk is waited for. The next batch has begun by then, and
        # asks for the lock while this one commits: the database passes it on, and no round trip is between them.
        async with self.at.db.tx(pipelined=True) as tx:
            await tx.begin()
            done = await self.apply(tx, await turn.take())
            turn.pass_on()
            if not self._group.waiting:  # nobody needs the lock: to wait for the disk at once is a round trip less
                tx.pipelined = False
        return [one.outcome for one in done]

    async def apply(self, tx: Tx, requests: list[Request]) -> list[rules.Done]:
        """Posts requests in their order within a transaction, under the journal's lock; each is whole or refused, none
        fails another.
        """
        works = [asked.work for asked in requests if asked.work.problem is None]
        places = {place for work in works for place in work.places}
        loaded = await repository.load(tx, places, {(w.owner, w.posting.key) for w in works})
        await self._renew_kinds(tx, loaded.currencies)
        walked = iter(rules.walk(works, loaded.accounts, self._kinds, loaded.known))
        found = [
            next(walked) if r.work.problem is None else rules.no(r.work, "invalid_posting", r.work.problem)
            for r in requests
        ]
        writes = [
            repository.Write(done=d, cause=r.cause, reverses=r.reverses, transfer_ids=[new_id() for _ in d.entries])
            for r, d in zip(requests, found, strict=True)
            if d.fresh
        ]
        if writes:
            for write in writes:
                _say(tx, write)
            await repository.store(tx, loaded.accounts, writes, loaded.last)
            await _keep_notes(tx, writes)
            await self._levels(tx, writes)
        return found

    async def _lock(self, tx: Tx) -> None:
        """Takes the journal and the newest rules of currencies."""
        await self._renew_kinds(tx, await repository.lock_journal(tx))

    async def _renew_kinds(self, tx: Tx, version: int) -> None:
        if version != self._kinds_version:
            self._kinds, self._kinds_version = await repository.kinds(tx), version

    async def _levels(self, tx: Tx, writes: list[repository.Write]) -> None:
        marks: list[repository.Mark] = []
        for write in writes:
            for account, before, after in write.done.xp:
                was, now = rules.level_of(before), rules.level_of(after)
                user_id, transaction_id = UUID(account.removeprefix("user:")), write.done.outcome.transaction_id
                for level in range(was + 1, now + 1):
                    marks.append(repository.Mark(user_id, level, after, transaction_id, write.cause, new_id()))
                for level in range(was, now, -1):
                    lost = LevelLost(user_id=user_id, level=level, xp=after, transaction_id=transaction_id)
                    tx.emit(lost, cause=write.cause)
        if marks:
            await self._reached(tx, marks)

    async def _reached(self, tx: Tx, marks: list[repository.Mark]) -> None:
        # A level is lost by an undo alone, which is never one of several: so no level comes twice here.
        marked = await repository.mark_levels(tx, marks)
        if self._level_rewards is None:
            rewards = await repository.level_rewards(tx)
            self._level_rewards = {level: msgspec.json.decode(text, type=Reward) for level, text in rewards.items()}
        for mark in marks:
            first, earlier = marked[mark.user_id, mark.level]
            event = LevelReached(
                user_id=mark.user_id,
                level=mark.level,
                xp=mark.xp,
                transaction_id=mark.transaction_id,
                earlier=earlier,
            )
            reached = tx.emit(event, cause=mark.cause, event_id=mark.event_id)
            reward = self._level_rewards.get(mark.level)
            if first and reward is not None:
                grant_id = level_grant(mark.user_id, mark.level)
                title = f"reaching level {mark.level}"
                reason = Reason(kind="level", id=grant_id, title=title, ref=str(mark.level))
                tx.emit(grant(grant_id, mark.user_id, reward, reason), cause=reached)


def _say(tx: Tx, write: repository.Write) -> None:
    posting, outcome = write.done.work.posting, write.done.outcome
    for transfer_id, entry in zip(write.transfer_ids, write.done.entries, strict=True):
        debit, credit = entry.transfer.debit, entry.transfer.credit
        legs: list[tuple[type[Any], str, str, int | None, int | None]] = [
            (CurrencyDebited, debit, credit, entry.debit_balance, entry.debit_number),
            (CurrencyCredited, credit, debit, entry.credit_balance, entry.credit_number),
        ]
        for event, account, other, balance, number in legs:
            if account.startswith("user:"):
                said = event(
                    user_id=UUID(account.removeprefix("user:")),
                    currency=entry.transfer.currency,
                    amount=entry.transfer.amount,
                    balance=balance,
                    number=number,
                    transaction_id=outcome.transaction_id,
                    transfer_id=transfer_id,
                    source=other,
                    transaction_type=posting.transaction_type,
                    reason=posting.reason,
                    note=posting.note,
                )
                tx.emit(said, cause=write.cause)
        owing = rules.player_owing(credit)
        if owing is not None and entry.credit_balance is not None:
            owed = CurrencyOwed(
                user_id=owing,
                currency=entry.transfer.currency,
                amount=entry.transfer.amount,
                debt=entry.credit_balance,
                transaction_id=outcome.transaction_id,
                transfer_id=transfer_id,
                transaction_type=posting.transaction_type,
                reason=posting.reason,
                note=posting.note,
            )
            tx.emit(owed, cause=write.cause)


async def _keep_notes(tx: Tx, writes: list[repository.Write]) -> None:
    rows = []
    for write in writes:
        posting, outcome = write.done.work.posting, write.done.outcome
        if posting.note and outcome.accepted:
            accounts = [account for transfer in posting.transfers for account in (transfer.debit, transfer.credit)]
            rows.append((outcome.transaction_id, people_of(write.cause.actor, *accounts), posting.note))
    await repository.add_notes(tx, rows)


def _fresh_cause() -> Cause:
    identifier = new_id()
    return Cause(correlation_id=identifier, causation_id=identifier)
