"""Pure decisions of the ledger: the walk that applies requests one by one to balances in memory."""

from __future__ import annotations

import hashlib
import math
import re
from uuid import UUID

import msgspec

from questhall.contracts.currency import AMOUNT_MAX, Outcome, Posting, Transfer

CARRYING = ("user:", "guild:", "escrow:", "debt:")
"""Prefixes of accounts with a floor of zero; they carry a running balance."""
OWING = ("user:", "guild:")
"""Prefixes of accounts that can owe."""
DEBT_CONTRA = "sink:debt"
PROGRESS = "xp"
"""The currency of levels: never given away or spent, whatever its row says."""
TRANSFERS_MAX = 64
KEY_MAX = 200
TYPE_MAX = 60
REASON_MAX = 2000
RULE_MAX = 8192
LEVEL_STEP_XP = 50
LEVEL_MAX = 1000
"""The curve ends here (49,950,000 XP): else one large credit would reach millions of levels at once."""

_ACCOUNT = re.compile(
    r"(?:(?:user|guild):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?:escrow|mint|sink|payments):[A-Za-z0-9][A-Za-z0-9:_.-]{0,99})"
)
_CURRENCY = re.compile(r"[a-z][a-z0-9_]{1,30}(?::[a-z0-9_-]{1,40})?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


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


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a posting may do that others may not."""

    forced: bool = False
    """An admin's or an undo's: takes what can't be spent, and from who is in debt."""
    debts: bool = False
    """What an account does not have becomes a debt."""
    promised: bool = False
    """A hold that is paid: it was set aside before any debt arose."""
    paid: tuple[int, ...] = ()
    """For an undo, how many units of each transfer were paid for: as many go back."""


PLAIN = Terms()


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A posting as it is walked, with what can be said of it before any balance is known (see ``prepare``)."""

    posting: Posting
    transaction_id: UUID
    owner: str
    terms: Terms = PLAIN
    problem: str | None = None
    """Why it can't even be written down."""
    fingerprint: bytes = b""
    places: frozenset[tuple[str, str]] = frozenset()
    """Rows that it may touch."""


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


def carries(account: str) -> bool:
    """Whether an account has a floor and a running balance."""
    return account.startswith(CARRYING)


def owner_of(posting: Posting) -> str:
    """The account that a posting belongs to: the first that carries a balance."""
    for transfer in posting.transfers:
        for account in (transfer.credit, transfer.debit):
            if carries(account):
                return account
    return posting.transfers[0].credit if posting.transfers else "nobody"


def fingerprint(posting: Posting) -> bytes:
    """What makes two postings the same request."""
    return hashlib.sha256(msgspec.json.encode((posting.transfers, posting.transaction_type))).digest()


def debt_account(account: str) -> str:
    """Where a player's debts stand."""
    return f"debt:{account.removeprefix('user:')}"


def malformed(posting: Posting) -> str | None:
    """Why a posting can't even be written down; None if it can. Said before any SQL: it must not fail its neighbours."""
    key = posting.key
    if not 0 < len(key) <= KEY_MAX or not key.isprintable():
        return f"a key has 1 to {KEY_MAX} printable characters"
    if not 0 < len(posting.transaction_type) <= TYPE_MAX or not posting.transaction_type.isprintable():
        return f"a transaction type has 1 to {TYPE_MAX} printable characters"
    if len(posting.reason) > REASON_MAX or _UNSTORABLE.search(posting.reason):
        return f"a reason is text of at most {REASON_MAX} characters"
    if posting.rule is not None and not _storable(posting.rule):
        return f"a rule is JSON of at most {RULE_MAX} bytes"
    if not 0 < len(posting.transfers) <= TRANSFERS_MAX:
        return f"a transaction has 1 to {TRANSFERS_MAX} transfers"
    for transfer in posting.transfers:
        for account in (transfer.debit, transfer.credit):
            if not _ACCOUNT.fullmatch(account) or account == DEBT_CONTRA:
                return f"there is no account {account[:120]!a}"
        if transfer.debit == transfer.credit:
            return "a transfer has two accounts"
        if not _CURRENCY.fullmatch(transfer.currency):
            return f"there is no currency {transfer.currency[:80]!a}"
    return None


def _storable(rule: object) -> bool:
    try:
        encoded = msgspec.json.encode(rule)
    except (UnicodeEncodeError, TypeError, msgspec.MsgspecError):
        return False
    return len(encoded) <= RULE_MAX and b"\\u0000" not in encoded


def prepare(posting: Posting, transaction_id: UUID, terms: Terms = PLAIN) -> Work:
    """A posting made ready to be walked: outside of the journal's lock, where it keeps nobody waiting."""
    owner, problem = owner_of(posting), malformed(posting)
    if problem is not None:
        return Work(posting=posting, transaction_id=transaction_id, owner=owner, terms=terms, problem=problem)
    return Work(
        posting=posting,
        transaction_id=transaction_id,
        owner=owner,
        terms=terms,
        fingerprint=fingerprint(posting),
        places=frozenset(accounts_of(posting)),
    )


def no(work: Work, code: str, detail: str) -> Done:
    """A refusal that is not kept: the posting was never looked at."""
    return Done(work=work, outcome=_outcome(work, code, detail), entries=[], fresh=False)


def accounts_of(posting: Posting) -> set[tuple[str, str]]:
    """Rows that a posting may touch, the debts of their owners included."""
    found: set[tuple[str, str]] = set()
    for transfer in posting.transfers:
        for account in (transfer.debit, transfer.credit):
            if carries(account):
                found.add((account, transfer.currency))
            if account.startswith(OWING):
                found.add((debt_account(account), transfer.currency))
    return found


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


# Levels


def level_of(xp: int) -> int:
    """The level of a total: level n begins at 50·n·(n-1) XP; the highest is LEVEL_MAX."""
    return min(LEVEL_MAX, max(1, (1 + math.isqrt(1 + 4 * xp // LEVEL_STEP_XP)) // 2))


def floor_of(level: int) -> int:
    """Total XP at which a level begins."""
    return LEVEL_STEP_XP * level * (level - 1)
