"""Holds: money set aside, and its end, which the database's clock decides."""

from __future__ import annotations

from uuid import UUID

from questhall.contracts.currency import (
    AMOUNT_MAX,
    Hold,
    HoldExpired,
    HoldNotOpen,
    InDebt,
    InsufficientFunds,
    InvalidAmount,
    InvalidPosting,
    KeyReused,
    NotAllowedForCurrency,
    Outcome,
    Posting,
    TransactionNotFound,
    Transfer,
    UnknownCurrency,
)
from questhall.kernel.contract import Refusal
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.services.currency import repository, rules
from questhall.services.currency.actions.posting import REFUSALS, Posts, Request, prepared, raise_refused

HOLD_MAX_S = 366 * 86_400


class Holds(Posts):
    """Sets aside, pays, gives back."""

    async def hold(self, key: str, account: str, currency: str, amount: int, expires_in_s: int) -> Hold:
        """See the contract."""
        _check(key, account, currency, amount, expires_in_s)
        async with self.at.db.tx() as tx:
            await self._lock(tx)
            known = await repository.hold_by_key(tx, account, key) or await repository.refused_hold(tx, account, key)
            if known is not None and (known["currency"], known["amount"]) != (currency, amount):
                raise KeyReused
            if known is not None and "state" in known:
                return _hold(known)
            if known is not None:
                raise REFUSALS[known["refusal"]](known["detail"])
            refusal = await self._unfit(tx, account, currency, amount)
            if refusal is None:
                await repository.change_held(tx, account, currency, amount)
                return _hold(await repository.add_hold(tx, account, key, currency, amount, expires_in_s))
            await repository.refuse_hold(tx, account, key, currency, amount, refusal.code, refusal.detail)
        # Raised after the commit, so that the answer stands.
        raise refusal

    async def _unfit(self, tx: Tx, account: str, currency: str, amount: int) -> Refusal | None:
        kind = self._kinds.get(currency)
        if kind is None or not kind.active:
            return UnknownCurrency()
        if not kind.spendable or currency == rules.PROGRESS:
            return NotAllowedForCurrency()
        place, owed = (account, currency), (rules.debt_account(account), currency)
        accounts = (await repository.load(tx, {place, owed}, set())).accounts
        if accounts.get(owed, rules.Account()).balance > 0:
            return InDebt()
        mine = accounts.get(place, rules.Account())
        if amount > mine.balance - mine.held:
            return InsufficientFunds(f"{mine.balance - mine.held} {currency} are there, {amount} are needed")
        return None

    async def commit(self, hold_id: UUID, credit: str, reason: str = "") -> Outcome:
        """See the contract. What decides is the database's clock on the locked row."""
        async with self.at.db.tx() as tx:
            await repository.lock_journal(tx)
            row = await repository.hold(tx, hold_id)
            if row is None:
                raise TransactionNotFound("there is no such hold")
            if row["state"] == "voided":
                raise HoldNotOpen
            if row["state"] != "expired" and not (row["state"] == "open" and row["over"]):
                return await self._pay(tx, row, credit, reason)
            if row["state"] == "open":
                await self._give_back(tx, [await _free(tx, row, "expired")])
        # Raised after the commit, so that the end stands.
        raise HoldExpired

    async def _pay(self, tx: Tx, row: Record, credit: str, reason: str) -> Outcome:
        if row["state"] == "open":
            await _free(tx, row, "committed")
        transfer = Transfer(debit=row["owner"], credit=credit, currency=row["currency"], amount=row["amount"])
        posting = Posting(key=f"hold:{row['id']}", transfers=[transfer], transaction_type="hold", reason=reason)
        asked = prepared(posting, tx.cause, terms=rules.Terms(promised=True))
        outcome = (await self.apply(tx, [asked]))[0].outcome
        raise_refused(outcome)  # rolls back: the hold stays as it was
        return outcome

    async def void(self, hold_id: UUID) -> Hold:
        """See the contract."""
        async with self.at.db.tx() as tx:
            await repository.lock_journal(tx)
            row = await repository.hold(tx, hold_id)
            if row is None:
                raise TransactionNotFound("there is no such hold")
            if row["state"] == "committed":
                raise HoldNotOpen
            if row["state"] == "open":
                row = await _free(tx, row, "voided")
                await self._give_back(tx, [row])
            return _hold(row)

    async def expire_holds(self) -> int:
        """Frees holds whose time is over; answers how many."""
        async with self.at.db.tx() as tx:
            await repository.lock_journal(tx)
            ended = await repository.expire_holds(tx)
            await self._give_back(tx, ended)
            return len(ended)

    async def _give_back(self, tx: Tx, freed: list[Record]) -> None:
        """Money that is free again pays what its owner owes, before anything else can be done with it."""
        owed = {(rules.debt_account(row["owner"]), row["currency"]) for row in freed}
        debts = {place: debt.balance for place, debt in (await repository.load(tx, owed, set())).accounts.items()}
        requests: list[Request] = []
        for row in freed:
            place = (rules.debt_account(row["owner"]), row["currency"])
            part = min(debts.get(place, 0), row["amount"])
            if part > 0:
                debts[place] -= part
                work = rules.settlement(f"freed:{row['id']}", row["owner"], row["currency"], part, new_id())
                requests.append(Request(work=work, cause=tx.cause))
        if requests:
            for done in await self.apply(tx, requests):
                raise_refused(done.outcome)


def _check(key: str, account: str, currency: str, amount: int, expires_in_s: int) -> None:
    probe = Transfer(debit=account, credit="sink:hold", currency=currency, amount=1)
    problem = rules.malformed(Posting(key=key, transfers=[probe], transaction_type="hold"))
    if problem is None and not rules.carries(account):
        problem = f"{account} sets nothing aside"
    if problem is None and not 0 <= expires_in_s <= HOLD_MAX_S:
        problem = f"a hold lasts 0 to {HOLD_MAX_S} s"
    if problem is not None:
        raise InvalidPosting(problem)
    if not 0 < amount <= AMOUNT_MAX:
        raise InvalidAmount(f"an amount is 1 to {AMOUNT_MAX}")


async def _free(tx: Tx, row: Record, state: str) -> Record:
    await repository.change_held(tx, row["owner"], row["currency"], -row["amount"])
    return await repository.end_hold(tx, row["id"], state)


def _hold(row: Record) -> Hold:
    return Hold(
        hold_id=row["id"],
        account=row["owner"],
        currency=row["currency"],
        amount=row["amount"],
        expires_at=row["expires_at"],
        state=row["state"],
    )
