"""currency: the only writer of any balance."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from questhall.contracts.rewards import RewardGranted, RewardSettled
from questhall.kernel.contract import Contract, Event, PersonalText, Refusal, call

AMOUNT_MAX = 2**53 - 1
"""Largest amount, sum or balance, in the smallest unit: what JSON numbers carry exactly."""


class CurrencyCredited(Event, frozen=True, kw_only=True):
    """A player's balance rose."""

    type: ClassVar[str] = "currency.credited"
    others: ClassVar[tuple[str, ...]] = ("source",)
    user_id: UUID
    currency: str
    amount: int
    balance: int
    number: int
    """The account's transfer number: a lower one never overwrites a purse."""
    transaction_id: UUID
    transfer_id: UUID
    source: str
    """System account or player that it came from, such as ``mint:quests``."""
    transaction_type: str
    reason: str = ""
    note: PersonalText = ""


class CurrencyDebited(Event, frozen=True, kw_only=True):
    """A player's balance fell."""

    type: ClassVar[str] = "currency.debited"
    others: ClassVar[tuple[str, ...]] = ("source",)
    user_id: UUID
    currency: str
    amount: int
    balance: int
    number: int
    transaction_id: UUID
    transfer_id: UUID
    source: str
    transaction_type: str
    reason: str = ""
    note: PersonalText = ""


class CurrencyOwed(Event, frozen=True, kw_only=True):
    """A player owes (more of) a currency: what was to be taken back was not there any more."""

    type: ClassVar[str] = "currency.owed"
    user_id: UUID
    currency: str
    amount: int
    """What came to be owed now; a payment of it is a ``currency.debited`` to ``sink:debt``."""
    debt: int
    """All that is owed of this currency after it."""
    transaction_id: UUID
    transfer_id: UUID
    transaction_type: str
    reason: str = ""
    note: PersonalText = ""


class LevelReached(Event, frozen=True, kw_only=True):
    """A player's total XP passed a level: for the first time, or again after an undo took it away."""

    type: ClassVar[str] = "level.reached"
    user_id: UUID
    level: int
    xp: int
    transaction_id: UUID
    earlier: list[UUID] = []
    """Events that said so before, oldest first. Where one of them still counts, this one is not counted too."""


class LevelLost(Event, frozen=True, kw_only=True):
    """An undo took a player below a level."""

    type: ClassVar[str] = "level.lost"
    user_id: UUID
    level: int
    xp: int
    transaction_id: UUID


class CurrencyChanged(Event, frozen=True, kw_only=True):
    """A currency was added or its rules changed."""

    type: ClassVar[str] = "currency.changed"
    subject_field: ClassVar[str] = "code"
    personal: ClassVar[bool] = False
    code: str
    name: str
    icon: str
    active: bool


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``amount`` (1 to AMOUNT_MAX, smallest unit) of ``currency`` from one account to another.

    Accounts are named ``user:<id>``, ``guild:<id>``, ``escrow:<id>``, ``mint:<what>``, ``sink:<what>`` ...
    """

    debit: str
    credit: str
    currency: str
    amount: int


class Posting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A transaction to post: linked transfers, all or none, under a key that is unique for ever."""

    key: str
    transfers: list[Transfer]
    transaction_type: str
    reason: str = ""
    """Of a rule; sealed with the transaction, for ever."""
    note: str = ""
    """What a person wrote; kept beside the books, until somebody whom it concerns is erased."""
    rule: dict[str, Any] | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The first and final answer to a key."""

    key: str
    transaction_id: UUID
    accepted: bool
    refusal: str | None = None
    """Code of the refusal: ``insufficient_funds``, ``in_debt`` ..."""
    detail: str = ""
    replayed: bool = False
    balances: dict[str, int] = {}
    """``account|currency`` to the balance after, for the accounts that carry one."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Money set aside: neither spendable nor gone until it is committed, voided or expires."""

    hold_id: UUID
    account: str
    currency: str
    amount: int
    expires_at: datetime
    state: str


class CurrencyView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of currency, as others show it."""

    code: str
    name: str
    icon: str
    active: bool
    transferable: bool
    spendable: bool


class InsufficientFunds(Refusal):
    """The account does not hold enough."""

    code: ClassVar[str] = "insufficient_funds"
    title: ClassVar[str] = "There is not enough in the purse"


class InDebt(Refusal):
    """The account owes this currency; credits pay the debt first."""

    code: ClassVar[str] = "in_debt"
    title: ClassVar[str] = "A debt has to be paid first"


class UnknownCurrency(Refusal):
    """No such currency."""

    code: ClassVar[str] = "unknown_currency"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "There is no such currency"


class NotAllowedForCurrency(Refusal):
    """The currency can't be used so: XP is neither transferable nor spendable."""

    code: ClassVar[str] = "not_allowed_for_currency"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This currency can't be used so"


class InvalidAmount(Refusal):
    """Not a whole amount from 1 to AMOUNT_MAX, or a sum passes AMOUNT_MAX."""

    code: ClassVar[str] = "invalid_amount"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The amount can't be used"


class InvalidPosting(Refusal):
    """A key, account or text that can't be written down; such an answer is not kept."""

    code: ClassVar[str] = "invalid_posting"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The transaction can't be used"


class HoldExpired(Refusal):
    """The hold ran out before it was committed; final."""

    code: ClassVar[str] = "hold_expired"
    title: ClassVar[str] = "The hold has expired"


class HoldNotOpen(Refusal):
    """The hold was committed or voided already."""

    code: ClassVar[str] = "hold_not_open"
    title: ClassVar[str] = "The hold is not open"


class TransactionNotFound(Refusal):
    """No such transaction."""

    code: ClassVar[str] = "transaction_not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such transaction"


class AlreadyReversed(Refusal):
    """A transaction is reversed once only."""

    code: ClassVar[str] = "already_reversed"
    title: ClassVar[str] = "The transaction was reversed already"


class NothingToReverse(Refusal):
    """The transaction only paid a debt, which is made by no transaction of its own."""

    code: ClassVar[str] = "nothing_to_reverse"
    title: ClassVar[str] = "It only paid a debt: there is nothing to take back"


class CurrencyExists(Refusal):
    """There is a currency with this code."""

    code: ClassVar[str] = "currency_exists"
    title: ClassVar[str] = "There is such a currency already"


class PlayerUnclear(Refusal):
    """Neither a player's name nor their id was given, or both."""

    code: ClassVar[str] = "player_unclear"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "It is not clear whom this is for"


class GiftLimit(Refusal):
    """The day's limit of gifts is reached: of who gives, or of who takes."""

    code: ClassVar[str] = "gift_limit"
    title: ClassVar[str] = "That is more than a day's gifts"


class OwnPurse(Refusal):
    """A gift to oneself."""

    code: ClassVar[str] = "own_purse"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "It is in your purse already"


class KeyReused(Refusal):
    """The key was used for another transaction."""

    code: ClassVar[str] = "idempotency_key_reused"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The key was used for something else"


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof of the ledger found."""

    transfers: int
    accounts: int
    blocks: int
    problems: list[str]

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.problems

    def lines(self) -> list[str]:
        """For people."""
        head = f"{self.transfers} transfers, {self.accounts} accounts, {self.blocks} sealed blocks"
        if self.ok:
            return [head, "The ledger is whole: the chain, every sum and every balance."]
        return [head, *(f"NOT WHOLE: {problem}" for problem in self.problems)]


class Currency(Contract):
    """Calls that currency answers."""

    name: ClassVar[str] = "currency"
    events: ClassVar[tuple[type[Event], ...]] = (
        CurrencyCredited,
        CurrencyDebited,
        CurrencyOwed,
        LevelReached,
        LevelLost,
        CurrencyChanged,
        RewardSettled,
        RewardGranted,
    )
    refusals: ClassVar[tuple[type[Refusal], ...]] = (
        InsufficientFunds,
        InDebt,
        UnknownCurrency,
        NotAllowedForCurrency,
        InvalidAmount,
        InvalidPosting,
        HoldExpired,
        HoldNotOpen,
        TransactionNotFound,
        AlreadyReversed,
        NothingToReverse,
        CurrencyExists,
        PlayerUnclear,
        GiftLimit,
        OwnPurse,
        KeyReused,
    )
    explains: ClassVar[tuple[str, ...]] = ("transaction", "level")

    @call("store", "guilds", "payments", "quests", "achievements", "bench")
    async def post(self, postings: list[Posting]) -> list[Outcome]:
        """Posts each (all of it, or nothing of it) and answers in order; one refused never fails its neighbours."""
        raise NotImplementedError

    @call("store", "guilds")
    async def hold(self, key: str, account: str, currency: str, amount: int, expires_in_s: int) -> Hold:
        """Sets money of a player, guild or escrow aside for 0 to 31,622,400 s, under a key that is unique for ever.

        Refuses ``insufficient_funds``, ``in_debt``, ``unknown_currency``, ``not_allowed_for_currency``: final under the
        key. Refuses ``invalid_amount``, ``invalid_posting``, ``idempotency_key_reused`` too, which are not kept.
        """
        raise NotImplementedError

    @call("store", "guilds")
    async def commit(self, hold_id: UUID, credit: str, reason: str = "") -> Outcome:
        """Pays an open hold to ``credit``. Refuses ``hold_expired`` (final), ``hold_not_open``, ``idempotency_key_reused``.

        Any other refusal (such as ``invalid_posting``) leaves the hold open.
        """
        raise NotImplementedError

    @call("store", "guilds")
    async def void(self, hold_id: UUID) -> Hold:
        """Gives an open hold back, first to what its owner owes; on one that is voided already, the same answer."""
        raise NotImplementedError

    @call("cli", "audit")
    async def verify(self) -> Verification:
        """Proves chain, sums and balances in one pass over the journal, and says where not."""
        raise NotImplementedError

    @call("*")
    async def currencies(self) -> list[CurrencyView]:
        """All kinds, active or not."""
        raise NotImplementedError
