"""Parts of rewards that wait for their currency, and debts that their player may ask about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from questhall.contracts.currency import AMOUNT_MAX, Currency, Posting, Transfer
from questhall.contracts.rewards import Reason, Reward, RewardRevoked, grant
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall, HallUser
from questhall.services.currency.actions import rewarding
from questhall.services.currency.actions.posting import level_grant


async def test_a_part_waits_for_its_currency_and_is_credited_once_it_is_there_unless_undone(hall: Hall) -> None:
    mia = await hall.user("mia", role="manager")
    reason = Reason(kind="quest", id=new_id(), title="a walk")
    events = [grant(new_id(), mia.user_id, Reward(currencies={"coins": 3, "stardust": 7}), reason) for _ in range(2)]
    said = [(await hall.record("identity", event))[0] for event in events]
    await hall.run_job(Currency, "settle_waiting")
    assert len(await hall.log("reward.settled")) == 2, "the coins alone"
    await hall.actions(Currency).revert([said[1].id])
    body = {"code": "stardust", "name": "Stardust"}
    assert (await mia.client.post("/admin/currencies", json=body)).status_code == 201
    for _ in range(2):
        await hall.run_job(Currency, "settle_waiting")
    wallet = (await mia.client.get("/me/balances")).json()
    amounts = {item["currency"]: item["amount"] for item in wallet["items"]}
    assert (amounts["coins"], amounts["stardust"]) == (3, 7)
    settled = {event["data"]["part_id"] for event in await hall.log("reward.settled")}
    assert settled == {f"{events[0].grant_id}:0", f"{events[0].grant_id}:1", f"{events[1].grant_id}:0"}


async def test_a_reward_that_cant_be_written_or_held_waits_in_sight_and_stops_nobody(hall: Hall) -> None:
    wren = await hall.user("wren")
    mint = Transfer(debit="mint:t", credit=f"user:{wren.user_id}", currency="coins", amount=1)
    await hall.actions(Currency).post([Posting(key="1", transfers=[mint], transaction_type="test")])
    walk = Reason(kind="quest", id=new_id(), title="a walk")
    endless = Reason(kind="quest", id=new_id(), title="long " * 2000)  # its rule is more than the journal takes
    events = [
        grant(new_id(), wren.user_id, Reward(currencies={"coins": 2}), endless),
        grant(new_id(), wren.user_id, Reward(currencies={"coins": AMOUNT_MAX}), walk),
        grant(new_id(), wren.user_id, Reward(currencies={"coins": 4}), walk),
    ]
    await hall.record("identity", *events)
    async with hall.database(Currency).read() as tx:
        rows = await tx.fetch("SELECT part_id, refusal FROM unsettled_parts")
    assert {row["part_id"]: row["refusal"] for row in rows} == {
        f"{events[0].grant_id}:0": "invalid_posting",
        f"{events[1].grant_id}:0": "invalid_amount",
    }
    assert (await _coins(wren))["amount"] == 5


async def test_what_has_no_room_waits_alone_until_there_is_some(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewarding, "SWEEP_MAX", 1)
    full, wren = await hall.user("full"), await hall.user("wren")
    ledger = hall.actions(Currency)
    rich = [
        Posting(
            key=str(player.user_id),
            transfers=[Transfer(debit="mint:t", credit=f"user:{player.user_id}", currency="coins", amount=AMOUNT_MAX)],
            transaction_type="test",
        )
        for player in (full, wren)
    ]
    assert [outcome.refusal for outcome in await ledger.post(rich)] == [None, None]
    walk = Reason(kind="quest", id=new_id(), title="a walk")
    given = [
        grant(new_id(), player.user_id, Reward(currencies={"xp": 8, "coins": 3, "gems": 2}), walk)
        for player in (full, wren)
    ]
    await hall.record("identity", *given)
    async with hall.database(Currency).read() as tx:
        part_ids = [row[0] for row in await tx.fetch("SELECT part_id FROM unsettled_parts")]
    for player in (full, wren):
        assert await _amounts(player) == {"xp": 8, "coins": AMOUNT_MAX, "gems": 2, "guild_tokens": 0}
    spend = Transfer(debit=f"user:{wren.user_id}", credit="sink:t", currency="coins", amount=10)
    assert (await ledger.post([Posting(key="2", transfers=[spend], transaction_type="test")]))[0].accepted
    for _ in range(4):  # one part a time: that of who is still rich keeps the other from nothing
        hall.clock.advance(timedelta(minutes=1))
        await hall.run_job(Currency, "settle_waiting")
    assert [(await _coins(player))["amount"] for player in (full, wren)] == [AMOUNT_MAX, AMOUNT_MAX - 7]
    settled = [event["data"]["part_id"] for event in await hall.log("reward.settled")]
    assert len(part_ids) == 2
    assert len(settled) == len(set(settled)) == 5
    revoked = RewardRevoked(grant_id=given[1].grant_id, user_id=wren.user_id, reason="a cheat")
    await hall.record("identity", revoked, revoked)
    assert await _amounts(wren) == {"xp": 0, "coins": AMOUNT_MAX - 10, "gems": 0, "guild_tokens": 0}


async def test_what_a_level_paid_part_by_part_is_taken_back_with_it(hall: Hall) -> None:
    mia = await hall.user("mia", role="manager")
    ledger, gems = hall.actions(Currency), "/admin/currencies/gems"
    closed = await mia.client.patch(gems, json={"active": False}, headers={"if-match": '"1"'})
    assert closed.status_code == 200
    xp = Transfer(debit="mint:t", credit=f"user:{mia.user_id}", currency="xp", amount=1000)
    given = (await ledger.post([Posting(key="xp", transfers=[xp], transaction_type="test")]))[0]
    await hall.drain()
    await mia.client.patch(gems, json={"active": True}, headers={"if-match": '"2"'})
    await hall.run_job(Currency, "settle_waiting")
    assert await _amounts(mia) == {"xp": 1000, "coins": 3 * 20 + 50, "gems": 5, "guild_tokens": 0}
    async with hall.database(Currency).read() as tx:
        key = f"reward:{level_grant(mia.user_id, 5)}"
        paid = await tx.fetch("SELECT key FROM keys WHERE key LIKE $1 || '%' AND refusal IS NULL", key)
    assert len(paid) == 2, "coins at once, gems by the part's own key"
    async with hall.database(Currency).tx() as tx:
        await ledger.reverse(tx, given.transaction_id, "a cheat")
    await hall.drain()
    assert set((await _amounts(mia)).values()) == {0}


async def test_what_a_lost_level_would_have_paid_is_never_paid(hall: Hall) -> None:
    mia = await hall.user("mia", role="manager")
    ledger, gems = hall.actions(Currency), "/admin/currencies/gems"
    await mia.client.patch(gems, json={"active": False}, headers={"if-match": '"1"'})
    xp = Transfer(debit="mint:t", credit=f"user:{mia.user_id}", currency="xp", amount=1000)
    given = (await ledger.post([Posting(key="xp", transfers=[xp], transaction_type="test")]))[0]
    await hall.drain()
    async with hall.database(Currency).tx() as tx:
        await ledger.reverse(tx, given.transaction_id, "a cheat")
    await mia.client.patch(gems, json={"active": True}, headers={"if-match": '"2"'})
    await hall.run_job(Currency, "settle_waiting")
    assert set((await _amounts(mia)).values()) == {0}


async def _amounts(player: HallUser) -> dict[str, int]:
    items = (await player.client.get("/me/balances")).json()["items"]
    return {item["currency"]: item["amount"] for item in items}


async def test_a_debtor_is_told_sees_why_and_reads_of_what_was_paid_back(hall: Hall) -> None:
    wren = await hall.user("wren")
    ledger, account = hall.actions(Currency), f"user:{wren.user_id}"
    given = Transfer(debit="mint:t", credit=account, currency="coins", amount=30)
    spent = Transfer(debit=account, credit="sink:t", currency="coins", amount=30)
    made = await ledger.post(
        [Posting(key=str(n), transfers=[t], transaction_type="test") for n, t in enumerate((given, spent))]
    )
    async with hall.database(Currency).tx() as tx:
        undone = await ledger.reverse(tx, made[0].transaction_id, "a cheat")
    await hall.drain()
    told = [event["data"] for event in await hall.log("currency.owed")]
    assert [(data["user_id"], data["amount"], data["debt"]) for data in told] == [(str(wren.user_id), 30, 30)]
    coins = await _coins(wren)
    assert (coins["debt"], coins["debt_why"]) == (30, told[0]["transfer_id"])
    origin = await ledger.explain("transaction", coins["debt_why"])
    assert (origin.owner, origin.step.title) == (wren.user_id, "+30 coins owed")
    assert origin.step.facts["reason"] == "a cheat"
    for name in (coins["debt_why"], undone.transaction_id):
        assert (await wren.client.get(f"/why/transaction/{name}")).status_code == 200

    walk = Reason(kind="quest", id=new_id(), title="a long walk")
    await hall.record("identity", grant(new_id(), wren.user_id, Reward(currencies={"coins": 50}), walk))
    coins = await _coins(wren)
    assert (coins["amount"], coins["debt"], coins["debt_why"]) == (20, 0, None)
    lines = [line["text"] for line in (await wren.client.get("/me/history?limit=3")).json()["items"]]
    assert sorted(lines) == [
        "You owe 30 coins: what comes in pays it back first",
        "You paid back 30 coins that you owed",
        "You received 50 coins for a long walk",
    ]
    paid = (await wren.client.get("/me/transactions?limit=1")).json()["items"][0]
    assert (paid["amount"], paid["source"]) == (-30, "sink:debt")
    assert (await ledger.explain("transaction", paid["id"])).step.detail == "paid back what was owed"


async def _coins(player: HallUser) -> dict[str, Any]:
    items = (await player.client.get("/me/balances")).json()["items"]
    return next(item for item in items if item["currency"] == "coins")
