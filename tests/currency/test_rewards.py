"""Parts of rewards that wait for their currency, and debts that their player may ask about."""

from __future__ import annotations

from questhall.contracts.currency import Currency, Posting, Transfer
from questhall.contracts.rewards import Reason, Reward, grant
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall


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


async def test_a_debtor_sees_why(hall: Hall) -> None:
    wren = await hall.user("wren")
    ledger, account = hall.actions(Currency), f"user:{wren.user_id}"
    given = Transfer(debit="mint:t", credit=account, currency="coins", amount=30)
    spent = Transfer(debit=account, credit="sink:t", currency="coins", amount=30)
    made = await ledger.post(
        [Posting(key=str(n), transfers=[t], transaction_type="test") for n, t in enumerate((given, spent))]
    )
    async with hall.database(Currency).tx() as tx:
        undone = await ledger.reverse(tx, made[0].transaction_id, "a cheat")
    wallet = (await wren.client.get("/me/balances")).json()
    assert {item["currency"]: item["debt"] for item in wallet["items"]}["coins"] == 30
    origin = await ledger.explain("transaction", str(undone.transaction_id))
    assert origin.owner == wren.user_id
    assert origin.step.facts["reason"] == "a cheat"
    assert (await wren.client.get(f"/why/transaction/{undone.transaction_id}")).status_code == 200
