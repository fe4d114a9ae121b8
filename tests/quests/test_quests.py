"""quests: states, counting, periods, versions, streaks, races."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from questhall.contracts.currency import Currency, Posting, Transfer
from questhall.contracts.integrations import ActivityRecorded
from questhall.contracts.quests import Quests
from questhall.kernel.ids import new_id
from questhall.kernel.testing import START, Hall, HallUser

MERGE = {
    "slug": "merge-one",
    "title": "Merge a pull request",
    "objectives": [
        {
            "id": "merge",
            "label": "Merge",
            "event": "activity.recorded",
            "where": "data.kind == 'github.pull_request.merged'",
        }
    ],
    "rewards": {"currencies": {"xp": 120, "coins": 15}},
    "auto_accept": True,
}
READ = {
    "slug": "read-pages",
    "title": "Read 20 pages",
    "kind": "daily",
    "objectives": [{"id": "read", "label": "Read", "mode": "manual"}],
    "rewards": {"currencies": {"xp": 20, "coins": 5}},
    "auto_accept": True,
}


def did(
    user: HallUser, kind: str = "github.pull_request.merged", at: datetime = START, **more: Any
) -> ActivityRecorded:
    identifier = new_id()
    return ActivityRecorded(
        activity_id=identifier,
        user_id=user.user_id,
        source="acme",
        source_id=identifier,
        kind=kind,
        external_id=str(identifier),
        occurred_at=at,
        recorded_at=more.pop("recorded_at", at),
        delivery_id=identifier,
        waited=more.pop("waited", False),
        attributes=more,
    )


async def publish(hall: Hall, definition: dict[str, Any]) -> UUID:
    author = getattr(hall, "author", None) or await hall.user("mia", role="manager")
    hall.author = author  # type: ignore[attr-defined]
    made = await author.client.post("/quests", json=definition)
    assert made.status_code == 201, made.text
    done = await author.client.post(f"/quests/{made.json()['id']}/publish")
    assert done.status_code == 200, done.text
    return UUID(made.json()["id"])


async def mine(user: HallUser, quest: UUID) -> dict[str, Any]:
    return (await user.client.get(f"/quests/{quest}")).json()["mine"]


async def coins(user: HallUser) -> int:
    items = (await user.client.get("/me/balances")).json()["items"]
    return {item["currency"]: item["amount"] for item in items}["coins"]


async def test_an_act_completes_a_quest_and_pays_once(hall: Hall) -> None:
    quest, wren = await publish(hall, MERGE), await hall.user("wren")
    said = (await hall.record("integrations", did(wren), did(wren, "github.push"), did(wren)))[0]
    state = await mine(wren, quest)
    assert (state["state"], state["times_completed"], state["allowed"]) == ("completed", 1, [])
    assert await coins(wren) == 15 + 20, "the quest, and level 2"
    completed = await hall.log("quest.completed")
    assert len(completed) == 1
    assert completed[0]["causation_id"] == said.id
    reward = (await hall.log("reward.granted"))[0]
    assert reward["causation_id"] == completed[0]["id"]
    assert reward["data"]["reason"]["version"] == 1


async def test_64_acts_at_once_complete_it_once(hall: Hall) -> None:
    await publish(hall, MERGE)
    wren = await hall.user("wren")
    await asyncio.gather(*(hall.record("integrations", did(wren)) for _ in range(64)))
    assert len(await hall.log("quest.completed")) == 1
    daily = await publish(hall, READ)
    answers = await asyncio.gather(*(wren.client.post(f"/quests/{daily}/complete", json={}) for _ in range(64)))
    assert sorted({a.status_code for a in answers}) == [200, 409]
    assert sum(a.status_code == 200 for a in answers) == 1
    await hall.drain()
    assert len(await hall.log("quest.completed")) == 2


async def test_moves_that_are_not_legal_say_what_is(hall: Hall) -> None:
    quest, wren = await publish(hall, {**MERGE, "auto_accept": False}), await hall.user("wren")
    path = f"/quests/{quest}"
    answer = await wren.client.post(f"{path}/abandon")
    assert (answer.status_code, answer.json()["code"], answer.json()["allowed"]) == (409, "illegal_move", ["accept"])
    await hall.record("integrations", did(wren))
    assert (await mine(wren, quest))["state"] == "available", "not accepted, so not counted"
    assert (await wren.client.post(f"{path}/accept")).json()["mine"]["state"] == "accepted"
    assert (await wren.client.post(f"{path}/accept")).status_code == 409
    assert (await wren.client.post(f"{path}/complete", json={})).json()["code"] == "illegal_move"
    assert (await wren.client.post(f"{path}/abandon")).json()["mine"]["state"] == "available"
    await wren.client.post(f"{path}/accept")
    await hall.record("integrations", did(wren))
    assert (await mine(wren, quest))["state"] == "completed"
    assert (await wren.client.post(f"{path}/accept")).status_code == 409
    assert (await wren.client.get(f"/quests/{new_id()}")).status_code == 404


async def test_counts_distinct_values_and_order(hall: Hall) -> None:
    quest = await publish(
        hall,
        {
            **MERGE,
            "combine": "in_order",
            "objectives": [
                {
                    "id": "repos",
                    "label": "Push to two repositories",
                    "event": "activity.recorded",
                    "where": "data.kind == 'github.push'",
                    "count": 2,
                    "distinct": "data.attributes.repo",
                },
                MERGE["objectives"][0],
            ],
        },
    )
    wren = await hall.user("wren")
    await hall.record(
        "integrations", did(wren), did(wren, "github.push", repo="a/b"), did(wren, "github.push", repo="a/b")
    )
    assert [o["have"] for o in (await mine(wren, quest))["objectives"]] == [1, 0], "the merge came too early"
    await hall.record("integrations", did(wren, "github.push"), did(wren, "github.push", repo="a/c"), did(wren))
    assert (await mine(wren, quest))["state"] == "completed"


async def test_a_daily_is_done_once_a_local_day(hall: Hall) -> None:
    quest, wren = await publish(hall, READ), await hall.user("wren", timezone="Pacific/Auckland")
    path = f"/quests/{quest}/complete"
    assert (await wren.client.post(path, json={})).status_code == 200
    assert (await wren.client.post(path, json={})).status_code == 409
    hall.clock.advance(timedelta(hours=3))  # past midnight in Auckland
    assert (await wren.client.post(path, json={})).status_code == 200
    await hall.drain()
    streak = (await wren.client.get("/me/streaks")).json()["items"][0]
    assert (streak["length"], streak["today_done"]) == (2, True)


async def test_cooldown_cap_and_diminishing_returns(hall: Hall) -> None:
    definition = {**MERGE, "kind": "repeatable", "cooldown_s": 600, "daily_cap": 3, "diminishing": 0.5}
    definition["rewards"] = {"currencies": {"coins": 100}}
    quest, wren = await publish(hall, definition), await hall.user("wren")
    for minutes in (0, 5, 10, 20, 30, 40):
        await hall.record("integrations", did(wren, at=START + timedelta(minutes=minutes)))
    assert await coins(wren) == 100 + 50 + 25
    hall.clock.set(START + timedelta(minutes=45))
    assert (await mine(wren, quest))["state"] == "cooling_down"


async def test_prerequisites_open_with_quests_and_levels(hall: Hall) -> None:
    first = await publish(hall, {**MERGE, "rewards": {"currencies": {"xp": 100}}})
    gated = {**READ, "slug": "later", "kind": "one_off", "prerequisites": {"quests": ["merge-one"], "level": 2}}
    later, wren = await publish(hall, gated), await hall.user("wren")
    assert (await mine(wren, later))["state"] == "locked"
    assert (await wren.client.post(f"/quests/{later}/complete", json={})).status_code == 409
    await hall.record("integrations", did(wren))
    assert (await mine(wren, first))["state"] == "completed"
    assert (await mine(wren, later))["state"] == "available"
    assert (await wren.client.post(f"/quests/{later}/complete", json={})).status_code == 200


async def test_a_level_that_is_lost_and_reached_again_opens_anew_and_counts_once(hall: Hall) -> None:
    objective = {"id": "rise", "label": "Rise", "event": "level.reached", "where": "data.level == 2"}
    pays = {"auto_accept": True, "kind": "repeatable", "rewards": {"currencies": {"coins": 5}}}
    rise = await publish(hall, {**MERGE, **pays, "slug": "rise", "objectives": [objective]})
    gated = await publish(hall, {**READ, "slug": "later", "kind": "one_off", "prerequisites": {"level": 2}})
    wren, ledger = await hall.user("wren"), hall.actions(Currency)
    xp = Transfer(debit="mint:t", credit=f"user:{wren.user_id}", currency="xp", amount=100)
    for number in range(3):
        assert (await mine(wren, gated))["state"] == "locked"
        given = (await ledger.post([Posting(key=str(number), transfers=[xp], transaction_type="test")]))[0]
        await hall.drain()
        assert (await mine(wren, gated))["state"] == "available"
        assert (await mine(wren, rise))["times_completed"] == 1
        if number == 1:  # now what the level was counted for is undone too
            await hall.actions(Quests).revert([e["id"] for e in await hall.log("level.reached")])
            assert (await mine(wren, rise))["times_completed"] == 0
        async with hall.database(Currency).tx() as tx:
            await ledger.reverse(tx, given.transaction_id, "a cheat")
        await hall.drain()


async def test_runs_finish_under_the_version_they_began_with(hall: Hall) -> None:
    objective = {**MERGE["objectives"][0], "count": 2}
    quest, wren, ben = (
        await publish(hall, {**MERGE, "objectives": [objective]}),
        await hall.user("wren"),
        await hall.user("ben"),
    )
    await hall.record("integrations", did(wren))
    author = hall.author  # type: ignore[attr-defined]
    draft = await author.client.get(f"/quests/{quest}/draft")
    harder = {**draft.json(), "objectives": [{**objective, "count": 5}]}
    stale = await author.client.patch(f"/quests/{quest}", json=harder, headers={"if-match": '"99"'})
    assert stale.status_code == 412
    saved = await author.client.patch(f"/quests/{quest}", json=harder, headers={"if-match": draft.headers["etag"]})
    assert saved.status_code == 200, saved.text
    await author.client.post(f"/quests/{quest}/publish")
    await hall.record("integrations", did(wren), did(ben))
    assert [event["data"]["version"] for event in await hall.log("quest.completed")] == [1]
    assert (await mine(ben, quest))["objectives"][0]["need"] == 5


async def test_a_run_expires(hall: Hall) -> None:
    objective = {**MERGE["objectives"][0], "count": 2}
    quest, wren = (
        await publish(hall, {**MERGE, "objectives": [objective], "expires_after_s": 3600}),
        await hall.user("wren"),
    )
    await hall.record("integrations", did(wren))
    hall.clock.advance(timedelta(hours=2))
    await hall.run_job(Quests, "sweep_runs")
    assert len(await hall.log("quest.expired")) == 1
    await hall.record("integrations", did(wren, at=hall.clock.now()))
    assert (await mine(wren, quest))["objectives"][0]["have"] == 1, "a new run"


async def test_freezes_cover_missed_days_and_then_it_breaks(hall: Hall) -> None:
    definition = {**MERGE, "kind": "repeatable"}
    await publish(hall, definition)
    wren = await hall.user("wren")
    for day in range(7):
        hall.clock.set(START + timedelta(days=day))
        await hall.record("integrations", did(wren, at=hall.clock.now()))
    for day in (8, 9, 10):
        hall.clock.set(START + timedelta(days=day))
        await hall.run_job(Quests, "sweep_streaks")
    assert len(await hall.log("streak.frozen")) == 1
    broken = await hall.log("streak.broken")
    assert [event["data"]["length"] for event in broken] == [7]
    # A late act of the day that was missed: it is as if it had been kept all along.
    await hall.record("integrations", did(wren, at=START + timedelta(days=8)), did(wren, at=START + timedelta(days=9)))
    streaks = (await (await sign_in(hall, wren)).client.get("/me/streaks")).json()["items"][0]
    assert streaks["length"] == 9
    assert streaks["best"] == 9


async def sign_in(hall: Hall, user: HallUser) -> HallUser:
    client = hall.client()
    from questhall.kernel.testing import PASSWORD

    await client.post("/auth/login", json={"username": user.username, "password": PASSWORD})
    return HallUser(user.user_id, user.username, client)


async def test_waiting_activity_pays_and_leaves_streaks_alone(hall: Hall) -> None:
    await publish(hall, {**MERGE, "kind": "repeatable"})
    wren = await hall.user("wren")
    await hall.record("integrations", did(wren, waited=True))
    assert await coins(wren) > 0
    assert await hall.log("streak.extended") == []


async def test_revert_takes_completion_and_streak_back(hall: Hall) -> None:
    quest, wren = await publish(hall, {**MERGE, "kind": "repeatable"}), await hall.user("wren")
    said = (await hall.record("integrations", did(wren)))[0]
    actions = hall.actions(Quests)
    assert len((await actions.revert([said.id])).undone) == 1
    assert (await actions.revert([said.id])).undone == []
    assert (await mine(wren, quest))["times_completed"] == 0
    assert (await wren.client.get("/me/streaks")).json()["items"][0]["length"] == 0


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"objectives": []}, "#/objectives"),
        ({"objectives": [{"id": "a", "label": "A", "event": "nothing.happened"}]}, "#/objectives/0/event"),
        (
            {"objectives": [{"id": "a", "label": "A", "event": "user.login", "where": "data.x =="}]},
            "#/objectives/0/where",
        ),
        (
            {"objectives": [{"id": "a", "label": "A", "event": "user.login", "where": "secret.x == 1"}]},
            "#/objectives/0/where",
        ),
        ({"rewards": {"currencies": {"coins": -5}}}, "#/rewards/currencies/coins"),
        ({"rewards": {"items": [{"item_id": str(new_id())}]}}, "#/rewards/items"),
        ({"kind": "seasonal"}, "#/kind"),
        ({"surprise": True}, "#"),
        ({"title": ""}, "#/title"),
    ],
)
async def test_what_cant_be_played_cant_be_saved(hall: Hall, change: dict[str, Any], pointer: str) -> None:
    author = await hall.user("mia", role="manager")
    answer = await author.client.post("/quests", json={**MERGE, **change})
    assert answer.status_code == 422, answer.text
    assert any(error["pointer"].startswith(pointer) for error in answer.json()["errors"]), answer.json()
    assert (await author.client.get("/quests?status=draft")).json()["items"] == []
    wren = await hall.user("wren")
    assert (await wren.client.post("/quests", json=MERGE)).status_code == 403
    assert (await wren.client.get("/quests?status=draft")).status_code == 403


async def test_a_condition_is_tried_before_it_is_saved(hall: Hall) -> None:
    author = await hall.user("mia", role="manager")
    good = await author.client.post("/quests/check", json={"where": "data.kind.startsWith('github.')"})
    assert good.json() == {"ok": True, "problem": None, "result": True}
    anything = {"where": "data.kind.matches('.+')", "sample": {"kind": "x"}}
    tried = await author.client.post("/quests/check", json=anything)
    assert (tried.status_code, tried.json()) == (200, {"ok": True, "problem": None, "result": True})
    for bad in ("1 +", "data.x.all(a, data.x.all(b, data.x.all(c, true)))", "x" * 1100):
        answer = (await author.client.post("/quests/check", json={"where": bad})).json()
        assert (answer["ok"], bool(answer["problem"])) == (False, True), bad


async def test_planned_leave_keeps_a_streak(hall: Hall) -> None:
    await publish(hall, {**MERGE, "kind": "repeatable"})
    wren = await hall.user("wren")
    await hall.record("integrations", did(wren))
    until = (START + timedelta(days=5)).date().isoformat()
    assert (await wren.client.post("/me/streaks/leave", json={"until": until})).status_code == 204
    hall.clock.set(datetime(2026, 3, 8, 10, tzinfo=UTC))
    await hall.run_job(Quests, "sweep_streaks")
    await hall.record("integrations", did(wren, at=hall.clock.now()))
    assert await hall.log("streak.broken") == []
    assert [event["data"]["length"] for event in await hall.log("streak.extended")] == [1, 2]


async def test_a_run_of_an_older_version_counts_by_its_own_conditions(hall: Hall) -> None:
    objective = {**MERGE["objectives"][0], "count": 2}
    quest, wren = (
        await publish(hall, {**MERGE, "kind": "repeatable", "objectives": [objective]}),
        await hall.user("wren"),
    )
    await hall.record("integrations", did(wren))
    author = hall.author  # type: ignore[attr-defined]
    draft = await author.client.get(f"/quests/{quest}/draft")
    other = {**objective, "id": "push", "where": "data.kind == 'github.push'", "count": 1}
    await author.client.patch(
        f"/quests/{quest}", json={**draft.json(), "objectives": [other]}, headers={"if-match": draft.headers["etag"]}
    )
    await author.client.post(f"/quests/{quest}/publish")
    await hall.record("integrations", did(wren, "github.push"))
    assert await hall.log("quest.completed") == [], "the run under way asks for merges"
    await author.client.post(f"/quests/{quest}/archive")
    await hall.record("integrations", did(wren))
    assert [event["data"]["version"] for event in await hall.log("quest.completed")] == [1]
    await hall.record("integrations", did(wren, "github.push"), did(wren))
    assert len(await hall.log("quest.completed")) == 1, "archived: nothing begins"


async def test_one_event_counts_for_one_run(hall: Hall) -> None:
    both = [{**MERGE["objectives"][0], "id": name} for name in ("a", "b")]
    await publish(hall, {**MERGE, "kind": "repeatable", "objectives": both, "combine": "any"})
    wren = await hall.user("wren")
    await hall.record("integrations", did(wren))
    assert len(await hall.log("quest.completed")) == 1


async def test_a_daily_can_be_said_for_yesterday_once(hall: Hall) -> None:
    quest, wren = await publish(hall, READ), await hall.user("wren", timezone="America/New_York")
    path = f"/quests/{quest}/complete"
    assert (await wren.client.post(path, json={})).status_code == 200
    assert (await wren.client.post(path, json={"yesterday": True})).status_code == 200
    assert (await wren.client.post(path, json={"yesterday": True})).status_code == 409
    assert (await wren.client.post(path, json={})).status_code == 409, "today stays done"
    await hall.drain()
    assert (await wren.client.get("/me/streaks")).json()["items"][0]["length"] == 2
    other = await publish(hall, {**READ, "slug": "once", "kind": "one_off"})
    assert (await wren.client.post(f"/quests/{other}/complete", json={"yesterday": True})).status_code == 409


async def test_a_tick_can_be_taken_back_by_its_request(hall: Hall) -> None:
    quest, wren = await publish(hall, READ), await hall.user("wren")
    await wren.client.post(f"/quests/{quest}/complete", json={})
    await hall.drain()
    request = (await hall.log("quest.completed"))[0]["causation_id"]
    assert len((await hall.actions(Quests).revert([request])).undone) == 1
    assert (await wren.client.post(f"/quests/{quest}/complete", json={})).status_code == 200
