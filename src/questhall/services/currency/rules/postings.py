"""What can be said of a posting before any balance is known: whose it is, what it may touch, whether it is one."""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

import msgspec

from questhall.contracts.currency import Posting, Transfer

CARRYING = ("user:", "guild:", "escrow:", "debt:")
"""Prefixes of accounts with a floor of zero; they carry a running balance."""
OWING = ("user:", "guild:")
"""Prefixes of accounts that can owe."""
DEBT_CONTRA = "sink:debt"
TRANSFERS_MAX = 64
KEY_MAX = 200
TYPE_MAX = 60
REASON_MAX = 2000
RULE_MAX = 8192
_ACCOUNT = re.compile(
    r"(?:(?:user|guild):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?:escrow|mint|sink|payments):[A-Za-z0-9][A-Za-z0-9:_.-]{0,99})"
)
_CURRENCY = re.compile(r"[a-z][a-z0-9_]{1,30}(?::[a-z0-9_-]{1,40})?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a posting may do that others may not."""

    forced: bool = False
    """An admin's or an undo's: takes what can't be spent, and from who is in debt."""
    debts: bool = False
    """What an account does not have becomes a debt."""
    promised: bool = False
    """A hold that is paid: it was set aside before any debt arose."""
    again: bool = False
    """It is asked again until it is accepted: a refusal is not kept under its key."""
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


def player_owing(account: str) -> UUID | None:
    """Whose debt an account is, if it is a player's."""
    kind, _, name = account.partition(":")
    return UUID(name) if kind == "debt" and ":" not in name else None


def malformed(posting: Posting) -> str | None:
    """Why a posting can't even be written down; None if it can. Said before any SQL: it must not fail its neighbours."""
    key = posting.key
    if not 0 < len(key) <= KEY_MAX or not key.isprintable():
        return f"a key has 1 to {KEY_MAX} printable characters"
    if not 0 < len(posting.transaction_type) <= TYPE_MAX or not posting.transaction_type.isprintable():
        return f"a transaction type has 1 to {TYPE_MAX} printable characters"
    if max(len(posting.reason), len(posting.note)) > REASON_MAX or _UNSTORABLE.search(posting.reason + posting.note):
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


def settlement(key: str, account: str, currency: str, amount: int, transaction_id: UUID) -> Work:
    """What pays a debt out of money that is free again: no other posting may name the accounts of debts."""
    transfers = [
        Transfer(debit=debit, credit=DEBT_CONTRA, currency=currency, amount=amount)
        for debit in (account, debt_account(account))
    ]
    posting = Posting(key=key, transfers=transfers, transaction_type="debt")
    return Work(
        posting=posting,
        transaction_id=transaction_id,
        owner=owner_of(posting),
        terms=Terms(forced=True),
        fingerprint=fingerprint(posting),
        places=frozenset(accounts_of(posting)),
    )


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
