"""Authoring: what can't be played or paid can't be saved, and no rule closes a loop."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from questhall.kernel.ids import new_id
from questhall.kernel.testing import START, Hall
from tests.quests.test_quests import MERGE, READ, coins, did, mine, publish


def counts(slug: str, event: str = "quest.completed", where: str | None = None, **more: Any) -> dict[str, Any]:
    objective = {"id": "it", "label": "It", "event": event} | ({} if where is None else {"where": where})
    return {"slug": slug, "title": slug, "objectives": [objective], "auto_accept": True, **more}


async def draft(hall: Hall, definition: dict[str, Any]) -> UUID:
    made = await hall.author.client.post("/quests", json=definition)  # type: ignore[attr-defined]
    assert made.status_code == 201, made.text
    return UUID(made.json()["id"])


async def refused(hall: Hall, quest: UUID) -> dict[str, Any]:
    answer = await hall.author.client.post(f"/quests/{quest}/publish")  # type: ignore[attr-defined]
    assert answer.status_code == 422, answer.text
    return answer.json()


async def test_quests_that_set_each_other_off_are_not_published(hall: Hall) -> None:
    await publish(hall, counts("first", where="data.slug == 'second'", kind="repeatable"))
    await publish(hall, counts("second", where="data.slug == 'third'"))
    third = await draft(hall, counts("third", where="data.slug.startsWith('fir')", kind="daily"))
    problem = await refused(hall, third)
    assert (problem["code"], problem["cycle"]) == ("rule_cycle", ["first", "third", "second", "first"])
    assert (await (await hall.user("wren")).client.get(f"/quests/{third}")).status_code == 404
    await publish(hall, counts("fourth", where="data.slug == 'first'"))


async def test_quests_that_wait_for_each_other_are_not_published(hall: Hall) -> None:
    await publish(hall, MERGE)
    own = await draft(hall, {**READ, "slug": "own", "prerequisites": {"quests": ["own"]}})
    assert (await refused(hall, own))["cycle"] == ["own", "own"]
    lost = await draft(hall, {**READ, "slug": "lost", "prerequisites": {"quests": ["merge-one", "nowhere"]}})
    assert [e["pointer"] for e in (await refused(hall, lost))["errors"]] == ["#/prerequisites/quests/1"]


async def test_xp_for_every_level_is_a_loop_and_for_one_level_is_none(hall: Hall) -> None:
    pays = {"rewards": {"currencies": {"xp": 50}}}
    await publish(hall, MERGE)
    loop = await draft(hall, counts("levels", "level.reached", kind="repeatable", **pays))
    assert (await refused(hall, loop))["cycle"] == ["levels", "levels"]
    await publish(hall, counts("fifth", "level.reached", "data.level == 5", kind="repeatable", **pays))
    await publish(hall, counts("any", "level.reached", **pays))


async def test_a_quest_never_counts_its_own_completion(hall: Hall) -> None:
    await publish(hall, counts("three", kind="repeatable", rewards={"currencies": {"coins": 7}}))
    await publish(hall, {**MERGE, "rewards": {}})
    wren = await hall.user("wren")
    await hall.record("integrations", did(wren))
    assert [e["data"]["slug"] for e in await hall.log("quest.completed")] == ["merge-one", "three"]
    assert await coins(wren) == 7


async def test_what_nobody_takes_cant_be_promised(hall: Hall) -> None:
    author = await hall.user("mia", role="manager")
    for rewards, pointer in (
        ({"currencies": {"doubloons": 5}}, "#/rewards/currencies/doubloons"),
        ({"pets": [{"pet_id": str(new_id())}]}, "#/rewards/pets"),
        ({"achievements": [str(new_id())]}, "#/rewards/achievements"),
    ):
        answer = await author.client.post("/quests", json={**MERGE, "rewards": rewards})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    reviewed = [{"id": "a", "label": "A", "mode": "reviewed"}]
    answer = await author.client.post("/quests", json={**MERGE, "objectives": reviewed})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/objectives/0/mode")


async def test_a_key_publishes_once_and_a_tick_counts_once(hall: Hall) -> None:
    quest = await publish(hall, {**READ, "objectives": [{**READ["objectives"][0], "count": 3}]})
    author, wren = hall.author, await hall.user("wren")  # type: ignore[attr-defined]
    for _ in range(2):
        answer = await author.client.post(f"/quests/{quest}/publish", headers={"idempotency-key": "again"})
        assert (answer.status_code, answer.json()["version"]) == (200, 2)
    answers = [
        await wren.client.post(f"/quests/{quest}/complete", json={}, headers={"idempotency-key": "tick"})
        for _ in range(3)
    ]
    assert [a.json()["mine"]["objectives"][0]["have"] for a in answers] == [1, 1, 1]
    assert [a.headers.get("idempotency-replayed") for a in answers] == [None, "true", "true"]
    assert (await mine(wren, quest))["objectives"][0]["have"] == 1


async def test_who_is_on_the_way_sees_what_they_play(hall: Hall) -> None:
    objective = {**MERGE["objectives"][0], "count": 2}
    quest, wren = await publish(hall, {**MERGE, "objectives": [objective]}), await hall.user("wren")
    await hall.record("integrations", did(wren))
    author = hall.author  # type: ignore[attr-defined]
    head = await author.client.get(f"/quests/{quest}/draft")
    harder = {**head.json(), "title": "Harder", "objectives": [{**objective, "id": "other", "count": 5}]}
    await author.client.patch(f"/quests/{quest}", json=harder, headers={"if-match": head.headers["etag"]})
    await author.client.post(f"/quests/{quest}/publish")
    seen = (await wren.client.get(f"/quests/{quest}")).json()
    assert (seen["version"], seen["title"], seen["mine"]["objectives"][0]["need"]) == (1, MERGE["title"], 2)
    assert (await author.client.get(f"/quests/{quest}")).json()["title"] == "Harder"
    await author.client.post(f"/quests/{quest}/archive")
    kept = (await wren.client.get("/me/quests")).json()["items"]
    assert [(q["status"], q["mine"]["state"], q["mine"]["allowed"]) for q in kept] == [
        ("archived", "in_progress", ["abandon"])
    ]
    await hall.record("integrations", did(wren))
    assert (await wren.client.get("/me/quests")).json()["items"] == []


async def test_lists_are_filtered_and_paged(hall: Hall) -> None:
    for n in range(5):
        await publish(hall, {**READ, "slug": f"read-{n}", "title": f"Read {n}", "category": f"c{n % 2}"})
    await publish(hall, {**MERGE, "description": "Ship ÄPFEL", "auto_accept": False})
    wren, ben = await hall.user("wren"), await hall.user("ben")

    async def titles(query: str) -> list[str]:
        answer = await wren.client.get(f"/quests?{query}")
        assert answer.status_code == 200, answer.text
        return [quest["slug"] for quest in answer.json()["items"]]

    assert await titles("kind=one_off") == ["merge-one"]
    assert await titles("category=c1") == ["read-1", "read-3"]
    assert await titles("q=äpfel") == ["merge-one"]
    merge = (await wren.client.get("/quests?kind=one_off")).json()["items"][0]["id"]
    await ben.client.post(f"/quests/{merge}/accept")
    assert await titles("state=accepted") == [], "another player's run"
    await wren.client.post(f"/quests/{merge}/accept")
    assert await titles("state=accepted") == ["merge-one"]
    for path in ("/quests", "/me/quests"):
        seen, after = [], ""
        while True:
            page = (await wren.client.get(f"{path}?limit=2{after}")).json()
            seen += [quest["slug"] for quest in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert sorted(seen) == sorted(["merge-one", *(f"read-{n}" for n in range(5))])
    assert (await wren.client.get("/quests?kind=nonsense")).status_code in (400, 422)
    assert (await wren.client.get("/quests?after=nonsense")).status_code in (400, 422)


MOVES = ("accept", "abandon", "complete")
STATES = {
    "locked": [],
    "available": ["accept", "complete"],
    "accepted": ["abandon", "complete"],
    "in_progress": ["abandon", "complete"],
    "completed": [],
    "abandoned": ["accept", "complete"],
    "archived": [],
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("move", MOVES)
async def test_every_move_in_every_state(hall: Hall, state: str, move: str) -> None:
    definition = {**READ, "objectives": [{**READ["objectives"][0], "count": 3}]}
    if state == "locked":
        definition["available_from"] = START.replace(year=2030).isoformat()
    quest, wren = await publish(hall, definition), await hall.user("wren")
    path = f"/quests/{quest}"
    if state in ("accepted", "abandoned"):
        await wren.client.post(f"{path}/accept")
    for _ in range({"in_progress": 1, "completed": 3}.get(state, 0)):
        await wren.client.post(f"{path}/complete", json={})
    if state == "abandoned":
        await wren.client.post(f"{path}/abandon")
    if state == "archived":
        await hall.author.client.post(f"{path}/archive")  # type: ignore[attr-defined]
    before = (await wren.client.get(path)).json()["mine"]
    answer = await wren.client.post(f"{path}/{move}", json={} if move == "complete" else None)
    if move in STATES[state]:
        assert answer.status_code == 200, answer.text
        return
    if state == "archived":
        assert answer.status_code == 404
        return
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["allowed"]) == (409, "illegal_move", STATES[state])
    assert problem["state"] == before["state"]
    assert (await wren.client.get(path)).json()["mine"] == before, "a refused move changes nothing"


@pytest.mark.parametrize(
    ("times", "pointer"),
    [
        ({"available_from": "2026-01-01T00:00:00"}, "#/available_from"),
        ({"available_from": "2026-01-01"}, "#/available_from"),
        ({"available_from": 1767225600}, "#/available_from"),
        (
            {"available_from": "2026-01-01T00:00:00Z", "available_until": "2026-02-01T00:00:00"},
            "#/available_until",
        ),
    ],
)
async def test_a_time_without_a_zone_is_refused(hall: Hall, times: dict[str, Any], pointer: str) -> None:
    author = await hall.user("mia", role="manager")
    answer = await author.client.post("/quests", json={**MERGE, **times})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    zoned = {"available_from": "2026-01-01T00:00:00+02:00", "available_until": "2026-07-01T00:00:00Z"}
    made = await author.client.post("/quests", json={**MERGE, **zoned})
    assert made.status_code == 201, made.text
    assert (await author.client.post(f"/quests/{made.json()['id']}/publish")).status_code == 200
