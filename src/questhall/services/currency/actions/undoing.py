"""Undoing: a transaction is reversed once; what can't be taken back becomes a debt."""

from __future__ import annotations

from uuid import UUID

from questhall.contracts.currency import (
    AlreadyReversed,
    NothingToReverse,
    Outcome,
    Posting,
    TransactionNotFound,
    Transfer,
)
from questhall.kernel.contract import Refusal, Reverted
from questhall.kernel.database import Tx
from questhall.kernel.forgoing import forgo
from questhall.services.currency import repository, rules
from questhall.services.currency.actions.posting import Posts, level_grant, prepared, raise_refused


class Undoing(Posts):
    """Reverses transactions."""

    async def reverse(self, tx: Tx, transaction_id: UUID, reason: str = "", *, note: str = "") -> Outcome:
        """A new transaction that undoes one, once only; what levels it takes away had paid is taken back too.

        Refuses ``transaction_not_found``, ``already_reversed``, ``nothing_to_reverse``; and, for a system's own account
        such as escrow, ``insufficient_funds``. A refusal must roll the transaction (or a savepoint of it) back: it is not
        kept. ``note``: a reason in a person's own words.
        """
        await repository.lock_journal(tx)
        found = await repository.transaction(tx, transaction_id)
        if found is None:
            raise TransactionNotFound
        row, transfers = found
        if row["reverses"] is not None or await repository.reversed_by(tx, row["id"]) is not None:
            raise AlreadyReversed
        # What was owed before is not made by this transaction: it paid a debt, and owes it again once undone.
        undone = [t for t in reversed(transfers) if not _of_debt(t["debit"], t["credit"])]
        if not undone:
            raise NothingToReverse
        back = [
            Transfer(debit=t["credit"], credit=t["debit"], currency=t["currency"], amount=t["amount"]) for t in undone
        ]
        key = f"reverse:{row['id']}"
        posting = Posting(key=key, transfers=back, transaction_type="reversal", reason=reason, note=note)
        terms = rules.Terms(forced=True, debts=True, paid=tuple(t["paid"] for t in undone))
        done = (await self.apply(tx, [prepared(posting, tx.cause, terms=terms, reverses=row["id"])]))[0]
        raise_refused(done.outcome)
        for account, before, after in done.xp:
            lost = list(range(rules.level_of(before), rules.level_of(after), -1))
            if lost:
                user_id = UUID(account.removeprefix("user:"))
                await repository.fell(tx, user_id, lost, done.outcome.transaction_id)
                await self.take_back_levels(tx, user_id, lost)
        return done.outcome

    async def take_back_levels(self, tx: Tx, user_id: UUID, levels: list[int]) -> None:
        """Reverses what these levels have paid a player, as far as that is not done yet; what waits is never paid."""
        await repository.forgo_grants(tx, user_id, [level_grant(user_id, level) for level in levels])
        keys = [f"reward:{level_grant(user_id, level)}" for level in levels]
        for transaction_id in await repository.paid_under(tx, f"user:{user_id}", keys):
            if await repository.reversed_by(tx, transaction_id) is None:  # one taken back may have taken back another
                await self.reverse(tx, transaction_id, "the level was lost")

    async def revert(self, event_ids: list[UUID]) -> Reverted:
        """See the contract: reverses every transaction that these events caused."""
        undone: list[UUID] = []
        kept: dict[str, str] = {}
        async with self.at.db.tx() as tx:
            await forgo(tx, event_ids)
            await repository.lock_journal(tx)
            await repository.forgo(tx, event_ids)
            for transaction_id in await repository.caused_by(tx, event_ids):
                try:
                    async with tx.savepoint():
                        await self.reverse(tx, transaction_id, "undone")
                except AlreadyReversed:  # by a level that fell with another of these
                    pass
                except Refusal as refusal:
                    kept[str(transaction_id)] = refusal.code
                    continue
                undone.append(transaction_id)
        return Reverted(undone=undone, kept=kept)


def _of_debt(debit: str, credit: str) -> bool:
    return rules.DEBT_CONTRA in (debit, credit)
