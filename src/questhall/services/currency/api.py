"""HTTP of currency."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from questhall.contracts.currency import (
    AMOUNT_MAX,
    CurrencyChanged,
    CurrencyExists,
    GiftLimit,
    InvalidAmount,
    NotAllowedForCurrency,
    Outcome,
    OwnPurse,
    PlayerUnclear,
    Posting,
    Transfer,
    UnknownCurrency,
)
from questhall.contracts.identity import Identity, UserBrief, UserNotFound
from questhall.kernel.access import Caller
from questhall.kernel.http import (
    SIGNED_IN,
    After,
    Idempotent,
    Limit,
    Page,
    Request,
    Response,
    Time,
    cursor_of,
    get,
    if_match,
    patch,
    post,
    read_cursor,
    read_time,
)
from questhall.kernel.ids import new_id
from questhall.kernel.text import check_names, check_reasons
from questhall.services.currency import repository, rules
from questhall.services.currency.actions import CurrencyActions, prepared, raise_refused

Reason = Annotated[str, msgspec.Meta(pattern=r"\S", min_length=3, max_length=500)]
# `$` alone would let a last line break through.
Code = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,30}(:[a-z0-9_-]{1,40})?$(?!\n)")]
# One line: nobody writes a second one into another's wallet.
Note = Annotated[str, msgspec.Meta(pattern=r"^[^\n\r\v\f\x85\u2028\u2029]*$(?!\n)", max_length=200)]
DayMax = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)]
Label = Annotated[str, msgspec.Meta(pattern=r"^\S(.*\S)?$(?!\n)", max_length=60)]


class BalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """What a player has of a currency."""

    currency: str
    name: str
    icon: str
    amount: int
    held: int
    available: int
    debt: int
    debt_why: UUID | None
    """The transfer by which the debt last rose: its why is at ``/why/transaction/{id}``. Null when nothing is owed."""
    number: int
    """Transfers of this account so far: a lower one never overwrites a purse."""


class LevelView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a player stands on the published curve."""

    level: int
    xp: int
    floor_xp: int
    next_xp: int


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """A player's balances and level."""

    items: list[BalanceView]
    level: LevelView


class PastBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What a player had of a currency at a moment; one that is not named had never moved."""

    currency: str
    amount: int
    debt: int


class PastWallet(msgspec.Struct, frozen=True, kw_only=True):
    """A player's balances at a moment."""

    at: datetime
    items: list[PastBalance]


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """The player at the other end of a gift."""

    username: str
    display_name: str


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a player's ledger; ``amount`` is negative when it left the purse."""

    id: UUID
    transaction_id: UUID
    currency: str
    amount: int
    balance: int
    source: str
    transaction_type: str
    reason: str
    created_at: datetime
    party: Party | None
    """Who gave it or got it, if that is a player who is here."""


class Gift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gift to another player, by their name; they read the note."""

    to: Annotated[str, msgspec.Meta(max_length=32)]
    currency: Annotated[str, msgspec.Meta(max_length=72)]
    amount: int
    note: Note = ""

    def __post_init__(self) -> None:
        """Refuses a note that does not say what it shows, or shows nothing."""
        if self.note.strip():
            check_names(note=self.note)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A gift that was made, and what is left."""

    transaction_id: UUID
    currency: str
    amount: int
    balance: int


class CurrencyInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A currency to be added."""

    code: Code
    name: Label
    icon: Label = "coin"
    transferable: bool = False
    spendable: bool = True
    give_day_max: DayMax = 500
    """What a player may give of it in a day (UTC)."""
    take_day_max: DayMax = 2000
    """What a player may take of it in a day, from all who give."""
    give_new_max: DayMax = 50
    """What an account may give in a day while it is new: seven days."""

    def __post_init__(self) -> None:
        """Refuses a name or icon that does not say what it shows, or shows nothing."""
        check_names(name=self.name, icon=self.icon)


class CurrencyChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may change of a currency."""

    name: Label | None = None
    icon: Label | None = None
    transferable: bool | None = None
    spendable: bool | None = None
    active: bool | None = None
    give_day_max: DayMax | None = None
    take_day_max: DayMax | None = None
    give_new_max: DayMax | None = None

    def __post_init__(self) -> None:
        """Refuses a name or icon that does not say what it shows, or shows nothing."""
        check_names(name=self.name, icon=self.icon)


class CurrencyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A currency and its rules."""

    code: str
    name: str
    icon: str
    transferable: bool
    spendable: bool
    active: bool
    give_day_max: int
    take_day_max: int
    give_new_max: int
    version: int


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An admin gives (``amount`` above zero) or takes (below), and says why; the player by name or by id, not both."""

    currency: str
    amount: int
    reason: Reason
    username: str | None = None
    user_id: UUID | None = None

    def __post_init__(self) -> None:
        """Refuses a reason that does not say what it shows, or shows nothing."""
        check_reasons(reason=self.reason)


class Reversal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a transaction is undone."""

    reason: Reason

    def __post_init__(self) -> None:
        """Refuses a reason that does not say what it shows, or shows nothing."""
        check_reasons(reason=self.reason)


@get("/me/balances", permission=SIGNED_IN)
async def read_balances(actions: CurrencyActions, caller: Caller) -> Wallet:
    """My purse and my level."""
    async with actions.at.db.read() as tx:
        rows = await repository.purse(tx, caller.user)
        whys = await repository.newest_debts(tx, caller.user) if any(row["debt"] for row in rows) else {}
    items: list[BalanceView] = []
    for row in rows:
        if row["balance"] is None and (not row["active"] or ":" in row["code"]):
            continue
        amount, held = row["balance"] or 0, row["held"] or 0
        items.append(
            BalanceView(
                currency=row["code"],
                name=row["name"],
                icon=row["icon"],
                amount=amount,
                held=held,
                available=amount - held,
                debt=row["debt"],
                debt_why=whys.get(row["code"]) if row["debt"] > 0 else None,
                number=row["number"] or 0,
            )
        )
    xp = next((row["balance"] or 0 for row in rows if row["code"] == "xp"), 0)
    level = rules.level_of(xp)
    view = LevelView(level=level, xp=xp, floor_xp=rules.floor_of(level), next_xp=rules.floor_of(level + 1))
    return Wallet(items=items, level=view)


@get("/me/balances/past", permission=SIGNED_IN)
async def read_past_balances(actions: CurrencyActions, caller: Caller, at: Time = None) -> PastWallet:
    """My purse as it was at a moment (now, if none is given): what had moved until then, that moment included."""
    moment = read_time("at", at) or actions.at.clock.now()
    async with actions.at.db.read() as tx:
        mine = await repository.balances_at(tx, f"user:{caller.user}", moment)
        debts = await repository.balances_at(tx, f"debt:{caller.user}", moment)
    items = [
        PastBalance(
            currency=code,
            amount=mine.get(code, 0),
            debt=debts.get(code, 0),
        )
        for code in sorted({*mine, *debts})
    ]
    return PastWallet(at=moment, items=items)


@get("/me/transactions", permission=SIGNED_IN)
async def list_transactions(
    actions: CurrencyActions, caller: Caller, limit: Limit = 25, after: After = None, currency: str | None = None
) -> Page[TransferView]:
    """My ledger, newest first."""
    start = read_cursor(after, int)
    async with actions.at.db.read() as tx:
        rows = await repository.wallet(tx, caller.user, currency, start[0] if start else None, limit + 1)
    parties = await _parties(actions, [row["source"] for row in rows[:limit]])
    items = [
        TransferView(
            **{name: row[name] for name in TransferView.__struct_fields__ if name != "party"},
            party=parties.get(row["source"]),
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=cursor_of(rows[limit - 1]["seq"]) if len(rows) > limit else None)


async def _parties(actions: CurrencyActions, accounts: list[str]) -> dict[str, Party]:
    ids = {UUID(account.removeprefix("user:")) for account in accounts if account.startswith("user:")}
    users = await actions.at.stub(Identity).users(sorted(ids)) if ids else []
    here = [one for one in users if one.status != "erased"]
    return {f"user:{one.user_id}": Party(username=one.username, display_name=one.display_name) for one in here}


@post("/transfers", permission=SIGNED_IN, status=201, idempotency="required", refuses=(UserNotFound, GiftLimit))
async def give(actions: CurrencyActions, caller: Caller, data: Gift, idempotent: Idempotent) -> Response[Given]:
    """Give to another player, where the currency allows gifts."""
    identity = actions.at.stub(Identity)
    taker = await identity.user_by_username(data.to)
    giver = (await identity.users([caller.user]))[0]

    async def effect(tx: Any) -> Given:
        # Refused here and not before: what was given under this key stays given, whatever has become of the taker.
        if taker is None or taker.status != "active":
            raise UserNotFound
        if taker.user_id == caller.user:
            raise OwnPurse
        outcome = await actions.give(tx, giver, taker, data.currency, data.amount, data.note)
        # Of the two purses, the giver's alone is the giver's to know.
        return Given(
            transaction_id=outcome.transaction_id,
            currency=data.currency,
            amount=data.amount,
            balance=outcome.balances[f"user:{caller.user}|{data.currency}"],
        )

    return await idempotent.run(effect)


@get("/currencies", permission=SIGNED_IN)
async def list_currencies(actions: CurrencyActions) -> Page[CurrencyRow]:
    """All currencies."""
    async with actions.at.db.read() as tx:
        rows = await repository.currencies(tx)
    return Page(items=[_currency(row) for row in rows])


def _currency(row: Any) -> CurrencyRow:
    return CurrencyRow(**{name: row[name] for name in CurrencyRow.__struct_fields__})


@post("/admin/currencies", permission="currency:write", status=201, idempotency="optional")
async def add_currency(actions: CurrencyActions, data: CurrencyInput, idempotent: Idempotent) -> Response[CurrencyRow]:
    """Add a currency."""

    async def effect(tx: Any) -> CurrencyRow:
        row = await repository.add_currency(tx, msgspec.structs.asdict(data))
        if row is None:
            raise CurrencyExists
        await repository.renew_currencies(tx)
        tx.emit(CurrencyChanged(code=row["code"], name=row["name"], icon=row["icon"], active=row["active"]))
        return _currency(row)

    return await idempotent.run(effect)


@patch("/admin/currencies/{code:str}", permission="currency:write")
async def change_currency(
    actions: CurrencyActions, code: str, data: CurrencyChange, request: Request[Any, Any, Any]
) -> CurrencyRow:
    """Change a currency's rules."""
    changes = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None}
    if code == rules.PROGRESS and (data.transferable or data.spendable or data.active is False):
        raise NotAllowedForCurrency("xp is what levels are made of: it is never given, spent or closed")
    async with actions.at.db.tx() as tx:
        if code not in await repository.kinds(tx):
            raise UnknownCurrency
        row = await repository.change_currency(tx, code, if_match(request), changes)
        await repository.renew_currencies(tx)
        tx.emit(CurrencyChanged(code=row["code"], name=row["name"], icon=row["icon"], active=row["active"]))
    return _currency(row)


@post("/admin/transactions", permission="currency:grant", status=201, idempotency="required", refuses=(UserNotFound,))
async def grant(actions: CurrencyActions, caller: Caller, data: Grant, idempotent: Idempotent) -> Response[Outcome]:
    """Give or take, with a reason."""
    user = await _player(actions, data)
    if data.amount == 0 or abs(data.amount) > AMOUNT_MAX:
        raise InvalidAmount(errors=[{"pointer": "#/amount", "detail": "not 0, at most 2^53 - 1"}])

    async def effect(tx: Any) -> Outcome:
        if user is None:
            raise UserNotFound
        account, other = f"user:{user.user_id}", "mint:admin" if data.amount > 0 else "sink:admin"
        debit, credit = (other, account) if data.amount > 0 else (account, other)
        transfer = Transfer(debit=debit, credit=credit, currency=data.currency, amount=abs(data.amount))
        posting = Posting(key=f"admin:{new_id()}", transfers=[transfer], transaction_type="admin", note=data.reason)
        # Taking reaches what can't be spent; giving has the same bounds as everyone's.
        terms = rules.Terms(forced=data.amount < 0)
        outcome = (await actions.apply(tx, [prepared(posting, tx.cause, terms=terms)]))[0].outcome
        raise_refused(outcome)
        return outcome

    return await idempotent.run(effect)


async def _player(actions: CurrencyActions, data: Grant) -> UserBrief | None:
    if (data.username is None) == (data.user_id is None):
        raise PlayerUnclear("give `username` or `user_id`, one of them")
    identity = actions.at.stub(Identity)
    if data.user_id is not None:
        return next((user for user in await identity.users([data.user_id]) if user.status != "erased"), None)
    return await identity.user_by_username(data.username or "")


@post(
    "/admin/transactions/{transaction_id:uuid}/reverse", permission="currency:grant", status=201, idempotency="required"
)
async def reverse_transaction(
    actions: CurrencyActions, transaction_id: UUID, data: Reversal, idempotent: Idempotent
) -> Response[Outcome]:
    """Undo a transaction, once."""

    async def effect(tx: Any) -> Outcome:
        return await actions.reverse(tx, transaction_id, note=data.reason)

    return await idempotent.run(effect)
