"""The walk that applies postings one by one to balances in memory."""

from __future__ import annotations

import msgspec

from questhall.contracts.currency import AMOUNT_MAX, Outcome, Transfer
from questhall.services.currency.rules.postings import DEBT_CONTRA, OWING, Work, carries, debt_account

PROGRESS = "xp"
"""The currency of levels: never given away or spent, whatever its row says."""


class Account(msgspec.Struct):
    """A balance in memory, while a batch is walked."""

    balance: int = 0
    held: int = 0
    paid: int = 0
    number: int = 0
    touched: bool = False


class Entry(msgspec.Struct, frozen=True):
    """A transfer that was made."""

    transfer: Transfer
    paid: int
    debit_balance: int | None
    credit_balance: int | None
    debit_number: int | None
    credit_number: int | None


class Kind(msgspec.Struct, frozen=True):
    """What may be done with a currency."""

    transferable: bool
    spendable: bool
    active: bool


class Known(msgspec.Struct, frozen=True):
    """The first answer to a key."""

    fingerprint: bytes
    outcome: Outcome


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a posting, and the transfers it made (none when it was refused or answered before)."""

    work: Work
    outcome: Outcome
    entries: list[Entry]
    fresh: bool
    fingerprint: bytes = b""
    xp: list[tuple[str, int, int]] = []
    """Players whose total XP it changed: account, before, after."""


Accounts = dict[tuple[str, str], Account]


class _Refused(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def no(work: Work, code: str, detail: str) -> Done:
    """A refusal that is not kept: the posting was never looked at, or is asked again."""
    return Done(work=work, outcome=_outcome(work, code, detail), entries=[], fresh=False)


def walk(
    works: list[Work], accounts: Accounts, kinds: dict[str, Kind], known: dict[tuple[str, str], Known]
) -> list[Done]:
    """Applies postings one after the other; each sees the effects of those before it. Changes ``accounts``.

    The outcomes equal running each alone in this order. A refused posting changes nothing.
    """
    answers = dict(known)
    done: list[Done] = []
    for work in works:
        done.append(_one(work, accounts, kinds, answers))
    return done


def _one(work: Work, accounts: Accounts, kinds: dict[str, Kind], answers: dict[tuple[str, str], Known]) -> Done:
    posting = work.posting
    mark = work.fingerprint
    place = (work.owner, posting.key)
    before = answers.get(place)
    if before is not None:
        if before.fingerprint != mark:
            outcome = _outcome(work, "idempotency_key_reused", "the key was used for another transaction")
            return Done(work=work, outcome=outcome, entries=[], fresh=False)
        outcome = msgspec.structs.replace(before.outcome, replayed=True)
        return Done(work=work, outcome=outcome, entries=[], fresh=False)
    saved: dict[tuple[str, str], Account] = {}
    entries: list[Entry] = []
    xp: list[tuple[str, int, int]] = []
    try:
        _check(work, kinds)
        for number, transfer in enumerate(posting.transfers):
            _move(work, number, transfer, accounts, saved, entries)
        outcome = _accepted(work, entries)
        # What a transaction makes of a total counts, not what its transfers pass through: a debt paid at once is no rise.
        xp = [
            (place[0], before.balance, accounts[place].balance)
            for place, before in saved.items()
            if place[1] == PROGRESS and place[0].startswith("user:") and accounts[place].balance != before.balance
        ]
    except _Refused as refused:
        accounts.update(saved)
        if work.terms.again:
            return no(work, refused.code, refused.detail)
        entries = []
        outcome = _outcome(work, refused.code, refused.detail)
    answers[place] = Known(mark, outcome)
    return Done(work=work, outcome=outcome, entries=entries, fresh=True, fingerprint=mark, xp=xp)


def _check(work: Work, kinds: dict[str, Kind]) -> None:
    for transfer in work.posting.transfers:
        kind = kinds.get(transfer.currency)
        # What was given in a currency that is closed can still be undone.
        if kind is None or not (kind.active or work.terms.forced):
            raise _Refused("unknown_currency", f"there is no currency {transfer.currency}")
        if not 0 < transfer.amount <= AMOUNT_MAX:
            raise _Refused("invalid_amount", f"an amount is 1 to {AMOUNT_MAX}")
        if transfer.debit.startswith("user:") and not work.terms.forced:
            if not kind.spendable or transfer.currency == PROGRESS:
                raise _Refused("not_allowed_for_currency", f"{transfer.currency} can't be spent")
            if transfer.credit.startswith("user:") and not kind.transferable:
                raise _Refused("not_allowed_for_currency", f"{transfer.currency} can't be given away")


def _row(accounts: Accounts, saved: dict[tuple[str, str], Account], place: tuple[str, str]) -> Account:
    account = accounts.setdefault(place, Account())
    if place not in saved:
        saved[place] = msgspec.structs.replace(account)
    return account


def _move(
    work: Work,
    number: int,
    transfer: Transfer,
    accounts: Accounts,
    saved: dict[tuple[str, str], Account],
    entries: list[Entry],
) -> None:
    amount, currency, terms = transfer.amount, transfer.currency, work.terms
    paid = terms.paid[number] if terms.paid else 0
    if transfer.debit.startswith(OWING):
        account = _row(accounts, saved, (transfer.debit, currency))
        debt = _row(accounts, saved, (debt_account(transfer.debit), currency))
        if debt.balance > 0 and not (terms.forced or terms.promised):
            raise _Refused("in_debt", f"{debt.balance} {currency} are owed")
        missing = amount - _there(account, transfer.credit)
        if missing > 0 and terms.debts:
            owed = Transfer(debit=DEBT_CONTRA, credit=debt_account(transfer.debit), currency=currency, amount=missing)
            _post(owed, 0, accounts, saved, entries)
            amount -= missing
    if amount > 0:
        _post(msgspec.structs.replace(transfer, amount=amount), paid, accounts, saved, entries)
        paid -= entries[-1].paid
    if amount < transfer.amount:
        # Who gave it gets all of it back: what is missing is advanced out of what the debt will bring in.
        advanced = Transfer(
            debit=DEBT_CONTRA, credit=transfer.credit, currency=currency, amount=transfer.amount - amount
        )
        _post(advanced, max(0, paid), accounts, saved, entries)
    if transfer.credit.startswith(OWING):
        _pay_debt(transfer, accounts, saved, entries)


def _there(account: Account, credit: str) -> int:
    """What may leave an account; to ``payments:`` (a refund) the paid units alone."""
    free = account.balance - account.held
    return min(free, account.paid) if credit.startswith("payments:") else free


def _pay_debt(
    transfer: Transfer, accounts: Accounts, saved: dict[tuple[str, str], Account], entries: list[Entry]
) -> None:
    place = (debt_account(transfer.credit), transfer.currency)
    debt = _row(accounts, saved, place)
    part = min(debt.balance, transfer.amount)
    if part > 0:
        for debit in (transfer.credit, place[0]):
            paying = Transfer(debit=debit, credit=DEBT_CONTRA, currency=transfer.currency, amount=part)
            _post(paying, 0, accounts, saved, entries)


def _post(
    transfer: Transfer,
    paid: int,
    accounts: Accounts,
    saved: dict[tuple[str, str], Account],
    entries: list[Entry],
) -> None:
    """Moves an amount; ``paid`` is how many units of it should be paid ones, where that can be chosen."""
    amount, currency = transfer.amount, transfer.currency
    paid = amount if transfer.debit.startswith("payments:") else min(paid, amount)
    debit = credit = None
    if carries(transfer.debit):
        debit = _row(accounts, saved, (transfer.debit, currency))
        there = _there(debit, transfer.credit)
        if there < amount:
            raise _Refused("insufficient_funds", f"{there} {currency} are there, {amount} are needed")
        # Given units go first, so that what was paid for can be refunded longest; a refund takes the paid ones alone.
        given = debit.balance - debit.paid
        refund = transfer.credit.startswith("payments:")
        paid = amount if refund else max(amount - given, min(paid, debit.paid))
        debit.balance -= amount
        debit.paid -= paid
        debit.number += 1
        debit.touched = True
    if carries(transfer.credit):
        credit = _row(accounts, saved, (transfer.credit, currency))
        if credit.balance + amount > AMOUNT_MAX:
            raise _Refused("invalid_amount", f"a balance is at most {AMOUNT_MAX}")
        credit.balance += amount
        credit.paid += paid
        credit.number += 1
        credit.touched = True
    entries.append(
        Entry(
            transfer,
            paid,
            None if debit is None else debit.balance,
            None if credit is None else credit.balance,
            None if debit is None else debit.number,
            None if credit is None else credit.number,
        )
    )


def _accepted(work: Work, entries: list[Entry]) -> Outcome:
    balances: dict[str, int] = {}
    for entry in entries:
        for account, after in (
            (entry.transfer.debit, entry.debit_balance),
            (entry.transfer.credit, entry.credit_balance),
        ):
            if after is not None:
                balances[f"{account}|{entry.transfer.currency}"] = after
    return Outcome(key=work.posting.key, transaction_id=work.transaction_id, accepted=True, balances=balances)


def _outcome(work: Work, code: str, detail: str) -> Outcome:
    return Outcome(
        key=work.posting.key, transaction_id=work.transaction_id, accepted=False, refusal=code, detail=detail
    )
