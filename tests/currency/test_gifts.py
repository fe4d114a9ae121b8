"""Gifts between players: what arrives, what a day allows, and what a purse held before."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from questhall.contracts.currency import Currency, Posting, Transfer
from questhall.contracts.identity import Identity
from questhall.kernel.ids import new_id
from questhall.kernel.testing import PASSWORD, Hall, HallUser


async def fill(hall: Hall, user: HallUser, amount: int, currency: str = "coins") -> None:
    move = Transfer(debit="mint:test", credit=f"user:{user.user_id}", currency=currency, amount=amount)
    await hall.actions(Currency).post([Posting(key=str(new_id()), transfers=[move], transaction_type="test")])
    await hall.drain()


async def send(
    user: HallUser, to: str, amount: Any, *, key: str = "", currency: str = "coins", note: str = ""
) -> httpx.Response:
    body = {"to": to, "currency": currency, "amount": amount, "note": note}
    return await user.client.post("/transfers", json=body, headers={"idempotency-key": key or str(new_id())})


async def later(hall: Hall, user: HallUser, by: timedelta) -> None:
    """Time goes by, longer than a session lasts."""
    hall.clock.advance(by)
    answer = await user.client.post("/auth/login", json={"username": user.username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text


async def amount_of(user: HallUser, currency: str = "coins") -> int:
    items = (await user.client.get("/me/balances")).json()["items"]
    return next(item["amount"] for item in items if item["currency"] == currency)


async def test_a_gift_arrives_once_and_both_see_who_and_why(hall: Hall) -> None:
    ann, bob = await hall.user("ann"), await hall.user("bob")
    await fill(hall, ann, 100)
    first = await send(ann, "Bob", 30, key="k", note="for the review")
    again = await send(ann, "Bob", 30, key="k", note="for the review")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", first.json())
    await hall.drain()
    assert (await amount_of(ann), await amount_of(bob)) == (70, 30)
    for user, other, amount in ((ann, "bob", -30), (bob, "ann", 30)):
        row = (await user.client.get("/me/transactions")).json()["items"][0]
        assert (row["amount"], row["transaction_type"], row["reason"]) == (amount, "gift", "for the review")
        assert row["party"] == {"username": other, "display_name": other}
        lines = (await user.client.get("/me/history")).json()["items"]
        assert any("30 coins" in line["text"] and line["detail"] == "for the review" for line in lines)
    assert first.json() == {"transaction_id": row["transaction_id"], "currency": "coins", "amount": 30, "balance": 70}
    # Each is told it from their own side: the other's balance is nobody else's.
    for user, title, balance in ((ann, "-30 coins", 70), (bob, "+30 coins", 30)):
        step = (await user.client.get(f"/why/transaction/{row['transaction_id']}")).json()["steps"][0]
        assert (step["title"], step["facts"]["balance"]) == (title, balance)
        assert str(ann.user_id) not in step["detail"]
        assert str(bob.user_id) not in step["detail"]
    stranger = await hall.user("eve")
    assert (await stranger.client.get(f"/why/transaction/{row['transaction_id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"to": "nobody"}, 404, "user_not_found"),
        ({"to": "ann"}, 422, "own_purse"),
        ({"amount": 0}, 422, "invalid_amount"),
        ({"amount": -5}, 422, "invalid_amount"),
        ({"amount": 2**63}, 422, None),
        ({"amount": 1.5}, 422, None),
        ({"currency": "xp"}, 422, "not_allowed_for_currency"),
        ({"currency": "gems"}, 422, "not_allowed_for_currency"),
        ({"currency": "none"}, 422, "unknown_currency"),
        ({"amount": 41}, 409, "insufficient_funds"),
        ({"note": "\u202egnp.exe"}, 422, None),
        ({"note": "x" * 201}, 422, None),
        ({"from": "bob"}, 422, None),
        ({"to": "b" * 33}, 422, None),
        ({"note": "thanks\n+500 coins"}, 422, None),
        ({"note": "\u200b"}, 422, None),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_is_no_gift_is_refused_and_moves_nothing(
    hall: Hall, body: dict[str, Any], status: int, code: str | None
) -> None:
    ann, bob = await hall.user("ann"), await hall.user("bob")
    for currency in ("coins", "xp", "gems"):
        await fill(hall, ann, 40, currency)
    sent = {"to": "bob", "currency": "coins", "amount": 5, **body}
    answer = await ann.client.post("/transfers", json=sent, headers={"idempotency-key": "k"})
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code
    assert (await amount_of(ann), await amount_of(bob)) == (40, 0)
    bare = await ann.client.post("/transfers", json={"to": "bob", "currency": "coins", "amount": 5})
    assert (bare.status_code, bare.json()["code"]) == (400, "idempotency_key_required")


async def test_a_new_account_gives_little_and_an_old_one_more_and_a_day_ends(hall: Hall) -> None:
    ann, bob = await hall.user("ann"), await hall.user("bob")
    await fill(hall, ann, 5000)
    assert (await send(ann, "bob", 50)).status_code == 201
    over = await send(ann, "bob", 1)
    assert (over.status_code, over.json()["code"]) == (409, "gift_limit")
    assert "50 are given today" in over.json()["detail"]
    await later(hall, ann, timedelta(days=1))
    assert (await send(ann, "bob", 50)).status_code == 201, "a new day"
    await later(hall, ann, timedelta(days=6))
    assert (await send(ann, "bob", 500)).status_code == 201, "and no new account any more"
    assert (await send(ann, "bob", 1)).json()["code"] == "gift_limit"
    await later(hall, bob, timedelta(0))
    assert (await amount_of(ann), await amount_of(bob)) == (4400, 600)
    await hall.run_job(Currency, "forget_gift_days")
    async with hall.database(Currency).read() as tx:
        assert await tx.fetchval("SELECT count(DISTINCT day) FROM gift_days") == 1
    assert (await send(ann, "bob", 1)).json()["code"] == "gift_limit", "today is still counted"


async def test_a_hundred_gifts_at_once_stay_within_the_day(hall: Hall) -> None:
    ann, bob = await hall.user("ann"), await hall.user("bob")
    await fill(hall, ann, 1000)
    answers = await asyncio.gather(*(send(ann, "bob", 7) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [409] * 13
    assert (await amount_of(ann), await amount_of(bob)) == (951, 49)


async def test_nobody_gathers_more_than_a_day_lets_them(hall: Hall) -> None:
    manager = await hall.user("boss", role="manager")
    row = next(row for row in (await manager.client.get("/currencies")).json()["items"] if row["code"] == "coins")
    change = {"take_day_max": 80}
    answer = await manager.client.patch(
        "/admin/currencies/coins", json=change, headers={"if-match": f'"{row["version"]}"'}
    )
    assert answer.status_code == 200, answer.text
    givers = [await hall.user(f"giver{n}") for n in range(2)]
    bob = await hall.user("bob")
    for giver in givers:
        await fill(hall, giver, 100)
    assert (await send(givers[0], "bob", 50)).status_code == 201
    assert (await send(givers[1], "bob", 31)).json()["code"] == "gift_limit"
    assert (await send(givers[1], "bob", 30)).status_code == 201
    assert await amount_of(bob) == 80


async def test_who_is_suspended_gets_no_gift(hall: Hall) -> None:
    ann, bob = await hall.user("ann"), await hall.user("bob")
    await fill(hall, ann, 40)
    await hall.actions(Identity).set_status(bob.user_id, "suspended", reason="for a test")
    assert (await send(ann, "bob", 5)).json()["code"] == "user_not_found"


async def test_a_gift_that_was_made_is_answered_again_whatever_became_of_who_took_it(hall: Hall) -> None:
    ann, bob = await hall.user("ann"), await hall.user("bob")
    await fill(hall, ann, 40)
    first = await send(ann, "bob", 5, key="k", note="  ")
    assert first.status_code == 201, "a note of spaces is none"
    await hall.actions(Identity).set_status(bob.user_id, "suspended", reason="for a test")
    again = await send(ann, "bob", 5, key="k", note="  ")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert (await send(ann, "bob", 5)).json()["code"] == "user_not_found"
    assert await amount_of(ann) == 35


async def test_a_purse_as_it_was(hall: Hall) -> None:
    ann, bob = await hall.user("ann"), await hall.user("bob")
    began = hall.clock.now()
    hall.clock.advance(timedelta(hours=1))
    await fill(hall, ann, 40)
    filled = hall.clock.now()
    hall.clock.advance(timedelta(hours=1))
    assert (await send(ann, "bob", 5)).status_code == 201

    async def at(user: HallUser, moment: str | None) -> dict[str, int]:
        answer = await user.client.get("/me/balances/past", params={} if moment is None else {"at": moment})
        assert answer.status_code == 200, answer.text
        return {item["currency"]: item["amount"] for item in answer.json()["items"]}

    assert await at(ann, began.isoformat()) == {}
    assert await at(ann, filled.isoformat()) == {"coins": 40}
    assert await at(ann, (filled - timedelta(microseconds=1)).isoformat()) == {}
    assert await at(ann, None) == {"coins": 35}
    assert await at(bob, None) == {"coins": 5}
    assert (await ann.client.get("/me/balances/past", params={"at": "yesterday"})).status_code == 422


async def test_a_purse_as_it_was_holds_what_had_moved_by_the_times_that_its_rows_tell(hall: Hall) -> None:
    ann = await hall.user("ann")
    after, before = hall.clock.now() + timedelta(hours=2), hall.clock.now() + timedelta(hours=1)
    for amount, at in ((40, after), (5, before)):  # as two at once may: who began first had the journal's lock last
        hall.clock.advance(at - hall.clock.now())
        await fill(hall, ann, amount)
    answer = await ann.client.get("/me/balances/past", params={"at": before.isoformat()})
    assert [item["amount"] for item in answer.json()["items"]] == [5]
