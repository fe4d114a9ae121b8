"""Money set aside: first answers that stay, and what its end pays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from questhall.contracts.currency import (
    Currency,
    HoldExpired,
    InDebt,
    InsufficientFunds,
    KeyReused,
    NothingToReverse,
    UnknownCurrency,
)
from questhall.kernel.testing import Hall
from tests.currency.test_ledger import account, move, post, whole


async def test_a_refused_hold_stays_refused_under_its_key(hall: Hall) -> None:
    ledger, a = hall.actions(Currency), account()
    with pytest.raises(InsufficientFunds) as first:
        await ledger.hold("h", a, "coins", 10, 60)
    with pytest.raises(UnknownCurrency):
        await ledger.hold("d", a, "doubloons", 10, 60)
    await post(hall, "1", move("mint:t", a, 100))
    with pytest.raises(InsufficientFunds) as again:
        await ledger.hold("h", a, "coins", 10, 60)
    assert again.value.detail == first.value.detail == "0 coins are there, 10 are needed"
    with pytest.raises(KeyReused):
        await ledger.hold("h", a, "coins", 11, 60)
    assert (await ledger.hold("other", a, "coins", 10, 60)).state == "open"
    with pytest.raises(UnknownCurrency):
        await ledger.hold("d", a, "doubloons", 10, 60)
    await whole(hall)


async def void(hall: Hall, hold_id: UUID) -> None:
    await hall.actions(Currency).void(hold_id)


async def expire(hall: Hall, _: UUID) -> None:
    await hall.run_job(Currency, "expire_holds")


async def come_late(hall: Hall, hold_id: UUID) -> None:
    with pytest.raises(HoldExpired):
        await hall.actions(Currency).commit(hold_id, "sink:t")


@pytest.mark.parametrize(("end", "seconds"), [(void, 60), (expire, 0), (come_late, 0)])
@pytest.mark.parametrize(("held", "left"), [(100, 70), (20, 0)])
async def test_what_a_hold_gives_back_pays_what_is_owed(
    hall: Hall, end: Callable[[Hall, UUID], Awaitable[None]], seconds: int, held: int, left: int
) -> None:
    ledger, wren = hall.actions(Currency), await hall.user("wren")
    a = f"user:{wren.user_id}"
    given = await post(hall, "1", move("mint:t", a, 30))
    await post(hall, "2", move(a, "sink:t", 30))
    await post(hall, "3", move("mint:t", a, held))
    hold = await ledger.hold("h", a, "coins", held, seconds)
    async with hall.database(Currency).tx() as tx:
        await ledger.reverse(tx, given.transaction_id, "a cheat")
    with pytest.raises(InDebt):
        await ledger.hold("h2", a, "coins", 1, 60)
    await end(hall, hold.hold_id)
    await end(hall, hold.hold_id)
    coins = {item["currency"]: item for item in (await wren.client.get("/me/balances")).json()["items"]}["coins"]
    owed = max(0, 30 - held)
    assert (coins["amount"], coins["held"], coins["debt"]) == (left, 0, owed)
    rows: list[dict[str, Any]] = (await wren.client.get("/me/transactions?limit=1")).json()["items"]
    assert (rows[0]["amount"], rows[0]["source"]) == (-(30 - owed), "sink:debt")
    async with hall.database(Currency).tx() as tx:
        with pytest.raises(NothingToReverse):
            await ledger.reverse(tx, UUID(rows[0]["transaction_id"]), "as if it could be")
    assert (await post(hall, "4", move(a, "sink:t", 1))).refusal == ("in_debt" if owed else None)
    await whole(hall)
