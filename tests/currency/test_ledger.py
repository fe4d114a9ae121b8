"""The ledger: sums, keys, debts, holds, reversal, proof."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from questhall.contracts.currency import (
    AMOUNT_MAX,
    Currency,
    HoldExpired,
    HoldNotOpen,
    InDebt,
    InsufficientFunds,
    Outcome,
    Posting,
    Transfer,
)
from questhall.contracts.rewards import Reason, Reward, grant
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall


def move(debit: str, credit: str, amount: int, currency: str = "coins") -> Transfer:
    return Transfer(debit=debit, credit=credit, currency=currency, amount=amount)


def posting(key: str, *transfers: Transfer, kind: str = "test") -> Posting:
    return Posting(key=key, transfers=list(transfers), transaction_type=kind)


async def post(hall: Hall, key: str, *transfers: Transfer, kind: str = "test") -> Outcome:
    return (await hall.actions(Currency).post([posting(key, *transfers, kind=kind)]))[0]


async def whole(hall: Hall) -> None:
    await hall.run_job(Currency, "seal_journal")
    proof = await hall.actions(Currency).verify()
    assert proof.problems == []


def account() -> str:
    return f"user:{new_id()}"


async def test_a_transaction_is_whole_or_not_at_all(hall: Hall) -> None:
    a, b = account(), account()
    assert (await post(hall, "k1", move("mint:test", a, 100))).accepted
    refused = await post(hall, "k2", move(a, b, 60), move(a, b, 60))
    assert (refused.accepted, refused.refusal) == (False, "insufficient_funds")
    done = await post(hall, "k3", move(a, b, 60), move(b, "sink:test", 10))
    assert done.balances == {f"{a}|coins": 40, f"{b}|coins": 50}
    await whole(hall)


async def test_the_same_key_has_one_answer_for_ever_also_at_once(hall: Hall) -> None:
    a = account()
    outcomes = await asyncio.gather(*(post(hall, "once", move("mint:test", a, 7)) for _ in range(64)))
    assert {o.transaction_id for o in outcomes} == {outcomes[0].transaction_id}
    assert sum(not o.replayed for o in outcomes) == 1
    other = await post(hall, "once", move("mint:test", a, 8))
    assert other.refusal == "idempotency_key_reused"
    poor = await post(hall, "no", move(a, "sink:test", 100))
    await post(hall, "more", move("mint:test", a, 1000))
    again = await post(hall, "no", move(a, "sink:test", 100))
    assert (poor.refusal, again.refusal, again.replayed) == ("insufficient_funds", "insufficient_funds", True)
    await whole(hall)


async def test_one_refused_never_fails_its_neighbours(hall: Hall) -> None:
    a, b = account(), account()
    outcomes = await hall.actions(Currency).post(
        [
            posting("1", move("mint:t", a, 10)),
            posting("2", move(b, "sink:t", 1)),
            posting("3", move(a, b, 10)),
            posting("4", move(b, "sink:t", 10)),
            posting("5", move("mint:t", b, 5, "doubloons")),
        ]
    )
    assert [o.refusal for o in outcomes] == [None, "insufficient_funds", None, None, "unknown_currency"]
    await whole(hall)


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1, 2**63, 2**80])
async def test_amounts_outside_the_bounds_are_refused_before_sql(hall: Hall, amount: int) -> None:
    assert (await post(hall, "x", move("mint:t", account(), amount))).refusal == "invalid_amount"


async def test_a_sum_past_the_bound_is_refused(hall: Hall) -> None:
    a = account()
    assert (await post(hall, "1", move("mint:t", a, AMOUNT_MAX))).accepted
    assert (await post(hall, "2", move("mint:t", a, 1))).refusal == "invalid_amount"


async def test_xp_is_neither_spent_nor_given(hall: Hall) -> None:
    a, b = account(), account()
    await post(hall, "1", move("mint:t", a, 100, "xp"))
    assert (await post(hall, "2", move(a, "sink:t", 1, "xp"))).refusal == "not_allowed_for_currency"
    assert (await post(hall, "3", move(a, b, 1, "xp"))).refusal == "not_allowed_for_currency"
    await post(hall, "4", move("mint:t", a, 10, "gems"))
    assert (await post(hall, "5", move(a, b, 1, "gems"))).refusal == "not_allowed_for_currency"
    assert (await post(hall, "6", move(a, "sink:t", 1, "gems"))).accepted


async def test_paid_gems_are_told_from_given_ones(hall: Hall) -> None:
    a = account()
    await post(hall, "1", move("payments:stripe", a, 10, "gems"))
    await post(hall, "2", move("mint:t", a, 5, "gems"))
    await post(hall, "3", move(a, "sink:t", 7, "gems"))
    async with hall.database(Currency).read() as tx:
        row = await tx.fetchrow("SELECT balance, paid FROM accounts WHERE owner = $1 AND currency = 'gems'", a)
        assert row is not None
        assert (row["balance"], row["paid"]) == (8, 8), "given ones went first"
        assert await tx.fetchval("SELECT paid FROM transfers WHERE debit = $1", a) == 2


async def test_what_cant_be_taken_back_is_a_debt_that_credits_pay_first(hall: Hall) -> None:
    a = account()
    granted = await post(hall, "g", move("mint:t", a, 100))
    await post(hall, "s", move(a, "sink:t", 70))
    ledger = hall.actions(Currency)
    async with hall.database(Currency).tx() as tx:
        assert (await ledger.reverse(tx, granted.transaction_id, "a cheat")).accepted
    user = a.removeprefix("user:")
    async with hall.database(Currency).read() as tx:
        assert await tx.fetchval("SELECT balance FROM accounts WHERE owner = $1", f"debt:{user}") == 70
        assert await tx.fetchval("SELECT balance FROM accounts WHERE owner = $1", a) == 0
    assert (await post(hall, "c1", move("mint:t", a, 50))).balances[f"{a}|coins"] == 0
    assert (await post(hall, "c2", move(a, "sink:t", 1))).refusal == "in_debt"
    with pytest.raises(InDebt):
        await ledger.hold("h", a, "coins", 1, 60)
    assert (await post(hall, "c3", move("mint:t", a, 50))).balances[f"{a}|coins"] == 30
    assert (await post(hall, "c4", move(a, "sink:t", 30))).accepted
    await whole(hall)


async def test_a_transaction_is_reversed_once_also_at_once(hall: Hall) -> None:
    admin = await hall.user("ada", role="admin")
    wren = await hall.user("wren")
    body = {"username": "wren", "currency": "coins", "amount": 50, "reason": "welcome"}
    assert (await admin.client.post("/admin/transactions", json=body)).json()["code"] == "idempotency_key_required"
    made = await admin.client.post("/admin/transactions", json=body, headers={"idempotency-key": "a"})
    again = await admin.client.post("/admin/transactions", json=body, headers={"idempotency-key": "a"})
    assert made.status_code == 201, made.text
    assert again.json() == {**made.json()}
    assert (
        await wren.client.post("/admin/transactions", json=body, headers={"idempotency-key": "b"})
    ).status_code == 403
    path = f"/admin/transactions/{made.json()['transaction_id']}/reverse"
    answers = await asyncio.gather(
        *(admin.client.post(path, json={"reason": "oops"}, headers={"idempotency-key": f"r{n}"}) for n in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    wallet = (await wren.client.get("/me/balances")).json()
    assert {b["currency"]: b["amount"] for b in wallet["items"]}["coins"] == 0
    rows = (await wren.client.get("/me/transactions?limit=1")).json()
    assert (rows["items"][0]["amount"], rows["items"][0]["balance"]) == (-50, 0)
    more = (await wren.client.get(f"/me/transactions?after={rows['next']}")).json()
    assert [(row["amount"], row["reason"]) for row in more["items"]] == [(50, "welcome")]
    await whole(hall)


async def test_holds_set_money_aside_and_their_end_is_final(hall: Hall) -> None:
    ledger, a = hall.actions(Currency), account()
    await post(hall, "1", move("mint:t", a, 100))
    hold = await ledger.hold("h1", a, "coins", 60, 60)
    assert (await ledger.hold("h1", a, "coins", 60, 60)).hold_id == hold.hold_id
    with pytest.raises(InsufficientFunds):
        await ledger.hold("h2", a, "coins", 41, 60)
    assert (await post(hall, "2", move(a, "sink:t", 41))).refusal == "insufficient_funds"
    assert (await ledger.commit(hold.hold_id, "sink:t")).accepted
    assert (await ledger.commit(hold.hold_id, "sink:t")).replayed
    with pytest.raises(HoldNotOpen):
        await ledger.void(hold.hold_id)
    short = await ledger.hold("h3", a, "coins", 40, 0)
    with pytest.raises(HoldExpired):
        await ledger.commit(short.hold_id, "sink:t")
    with pytest.raises(HoldExpired):
        await ledger.commit(short.hold_id, "sink:t")
    freed = await ledger.hold("h4", a, "coins", 40, 0)
    await hall.run_job(Currency, "expire_holds")
    with pytest.raises(HoldExpired):
        await ledger.commit(freed.hold_id, "sink:t")
    await whole(hall)


async def test_a_reward_is_paid_once_and_raises_levels_that_pay_once(hall: Hall) -> None:
    wren = await hall.user("wren")
    reason = Reason(kind="quest", id=new_id(), title="a long walk", version=3)
    event = grant(new_id(), wren.user_id, Reward(currencies={"xp": 650, "coins": 10}), reason)
    await hall.record("quests" if "quests" in hall.installation.process.running else "identity", event)
    wallet = (await wren.client.get("/me/balances")).json()
    assert wallet["level"] == {"level": 4, "xp": 650, "floor_xp": 600, "next_xp": 1000}
    assert {b["currency"]: b["amount"] for b in wallet["items"]}["coins"] == 10 + 3 * 20
    assert [e["data"]["level"] for e in await hall.log("level.reached")] == [2, 3, 4]
    ledger = hall.actions(Currency)
    async with hall.database(Currency).tx() as tx:
        async with hall.database(Currency).read() as other:
            paid = await other.fetchval("SELECT transaction_id FROM keys WHERE key = $1", f"reward:{event.grant_id}")
        await ledger.reverse(tx, paid, "undone")
    await hall.drain()
    assert [e["data"]["level"] for e in await hall.log("level.lost")] == [4, 3, 2]
    for number in (1, 2):
        again = grant(new_id(), wren.user_id, Reward(currencies={"xp": 200}), reason)
        await hall.record("identity", again)
        reached = [e for e in await hall.log("level.reached") if e["data"]["level"] == 2]
        assert reached[number]["data"]["earlier"] == [str(e["id"]) for e in reached[:number]], "it is told each time"
        assert (await hall.actions(Currency).explain("level", f"{wren.user_id}:2")).step.detail == "reached at 200 XP"
        wallet = (await wren.client.get("/me/balances")).json()
        assert {b["currency"]: b["amount"] for b in wallet["items"]}["coins"] == 0, "and pays once for ever"
        async with hall.database(Currency).read() as tx:
            paid = await tx.fetchval("SELECT transaction_id FROM keys WHERE key = $1", f"reward:{again.grant_id}")
        async with hall.database(Currency).tx() as tx:
            await ledger.reverse(tx, paid, "undone")
        await hall.drain()
    levels = [e for e in await hall.log("reward.granted") if e["data"]["reason"]["kind"] == "level"]
    assert len(levels) == 3
    await whole(hall)


async def test_the_journal_cant_be_changed_by_the_service(hall: Hall) -> None:
    await post(hall, "1", move("mint:t", account(), 5))
    for sql in ("UPDATE transfers SET amount = 6", "DELETE FROM transfers", "TRUNCATE transfers", "DELETE FROM keys"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with hall.database(Currency).tx() as tx:
                await tx.execute(sql)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE currency.transfers SET amount = amount + 1 WHERE seq = 2", "transfer 2"),
        ("UPDATE currency.transfers SET debit = 'mint:other' WHERE seq = 1", "chain is broken in transfers 1 to 3"),
        ("UPDATE currency.accounts SET balance = balance + 1", "its postings give"),
        ("DELETE FROM currency.transfers WHERE seq = 3", "were sealed and are not there"),
    ],
)
@pytest.mark.tampers
async def test_one_edited_row_is_found_and_said_where(hall: Hall, damage: str, says: str) -> None:
    a = account()
    for n in range(3):
        await post(hall, str(n), move("mint:t", a, 5))
    await whole(hall)
    admin = await asyncpg.connect(hall.admin_url)
    await admin.execute("SET session_replication_role = replica")
    await admin.execute(damage)
    await admin.close()
    problems = (await hall.actions(Currency).verify()).problems
    assert any(says in problem for problem in problems), problems


async def test_currencies_are_added_at_run_time(hall: Hall) -> None:
    manager = await hall.user("mia", role="manager")
    body = {"code": "stardust", "name": "Stardust", "transferable": True}
    assert (await manager.client.post("/admin/currencies", json=body)).status_code == 201
    assert (await manager.client.post("/admin/currencies", json=body)).json()["code"] == "currency_exists"
    assert (await post(hall, "1", move("mint:t", f"user:{manager.user_id}", 5, "stardust"))).accepted
    change = await manager.client.patch(
        "/admin/currencies/stardust", json={"active": False}, headers={"if-match": '"1"'}
    )
    assert change.json()["active"] is False
    assert (await post(hall, "2", move("mint:t", account(), 5, "stardust"))).refusal == "unknown_currency"


async def test_revert_undoes_what_events_caused_once(hall: Hall) -> None:
    wren = await hall.user("wren")
    reason = Reason(kind="quest", id=new_id(), title="a walk")
    event = grant(new_id(), wren.user_id, Reward(currencies={"coins": 10}), reason)
    said = (await hall.record("identity", event))[0]
    ledger = hall.actions(Currency)
    assert len((await ledger.revert([said.id])).undone) == 1
    assert (await ledger.revert([said.id])).undone == []
    await whole(hall)
