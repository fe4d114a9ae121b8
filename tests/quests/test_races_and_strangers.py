"""What many requests at once, other players and events unlike those an author thought of can't do to a run."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID

import pytest

from questhall.contracts.achievements import Achievements
from questhall.contracts.quests import Quests
from questhall.kernel.testing import START, Hall, HallUser
from tests.achievements.test_badges import publish as publish_badge
from tests.quests.test_quests import MERGE, READ, coins, did, mine, publish

AT_ONCE = 64


async def runs(hall: Hall, user_id: UUID) -> list[dict[str, Any]]:
    """A player's rows, as they are stored."""
    async with hall.database(Quests).read() as tx:
        rows = await tx.fetch("SELECT * FROM user_quests WHERE user_id = $1 ORDER BY quest_id, completion", user_id)
    return [dict(row) for row in rows]


# At once


async def test_many_accepts_at_once_begin_one_run(hall: Hall) -> None:
    quest, wren = await publish(hall, {**MERGE, "auto_accept": False}), await hall.user("wren")
    answers = await asyncio.gather(*(wren.client.post(f"/quests/{quest}/accept") for _ in range(AT_ONCE)))
    assert sorted(a.status_code for a in answers) == [200] + [409] * (AT_ONCE - 1)
    assert {a.json()["state"] for a in answers if a.status_code == 409} == {"accepted"}
    await hall.drain()
    assert [run["state"] for run in await runs(hall, wren.user_id)] == ["accepted"]
    assert len(await hall.log("quest.accepted")) == 1


async def test_many_completes_at_once_pay_once(hall: Hall) -> None:
    quest = await publish(hall, {**READ, "rewards": {"currencies": {"coins": 5}}})
    wren = await hall.user("wren")
    answers = await asyncio.gather(*(wren.client.post(f"/quests/{quest}/complete", json={}) for _ in range(AT_ONCE)))
    assert sorted(a.status_code for a in answers) == [200] + [409] * (AT_ONCE - 1)
    await hall.drain()
    assert [run["state"] for run in await runs(hall, wren.user_id)] == ["completed"]
    assert len(await hall.log("quest.completed")) == len(await hall.log("reward.granted")) == 1
    assert await coins(wren) == 5
    lines = (await wren.client.get("/me/transactions")).json()["items"]
    assert [line["amount"] for line in lines] == [5]


async def test_accepts_and_abandons_at_once_take_turns(hall: Hall) -> None:
    quest, wren = await publish(hall, {**MERGE, "auto_accept": False}), await hall.user("wren")
    moves = ["accept", "abandon"] * (AT_ONCE // 2)
    answers = await asyncio.gather(*(wren.client.post(f"/quests/{quest}/{move}") for move in moves))
    done = [move for move, answer in zip(moves, answers, strict=True) if answer.status_code == 200]
    states = [run["state"] for run in await runs(hall, wren.user_id)]
    assert (len(states), states.count("abandoned")) == (done.count("accept"), done.count("abandon"))
    assert states.count("accepted") == len(states) - states.count("abandoned") <= 1


# Others


def fill(path: str, quest: UUID) -> str:
    return re.sub(r"\{[^}]+\}", str(quest), path.replace("/api/v1", ""))


async def questions(hall: Hall, asker: HallUser, quest: UUID, victim: HallUser) -> list[tuple[str, str, Any]]:
    """Every route of quests about somebody's quest, and with that player named wherever a request could name one."""
    answer = await asker.client.get(str(asker.client.base_url).replace("/api/v1/", "/api/openapi.json"))
    named = {"user_id": str(victim.user_id), "username": victim.username, "user": str(victim.user_id)}
    found: list[tuple[str, str, Any]] = []
    for template, operations in answer.json()["paths"].items():
        if "/quests" not in template and "/streaks" not in template:
            continue
        for method in operations:
            path, query = fill(template, quest), "&".join(f"{name}={value}" for name, value in named.items())
            bodies: list[Any] = [None] if method == "get" else [None, {}, named, {"until": "2026-03-04"}, MERGE]
            found += [(method, asked, body) for asked in (path, f"{path}?{query}") for body in bodies]
    return found


@pytest.mark.parametrize("role", ["player", "manager"])
async def test_no_route_shows_or_moves_what_is_another_players(hall: Hall, role: str) -> None:
    half = {**READ, "objectives": [{**READ["objectives"][0], "count": 3}]}
    quest, merge = await publish(hall, half), await publish(hall, MERGE)
    wren, ben = await hall.user("wren"), await hall.user("ben", role=role)
    await wren.client.post(f"/quests/{quest}/complete", json={})
    await hall.record("integrations", did(wren))
    before = (await runs(hall, wren.user_id), (await wren.client.get("/me/streaks")).json(), await coins(wren))
    assert len(before[0]) == 2
    secrets = {str(wren.user_id), *(str(run["completion_id"]) for run in before[0])}
    asked = [q for one in (quest, merge) for q in await questions(hall, ben, one, wren)]
    assert len({(method, path) for method, path, _ in asked}) >= 40
    fine = 0
    for method, path, body in asked:
        answer = await ben.client.request(method, path, json=body, headers={"if-match": '"1"'})
        assert answer.status_code < 500, (method, path, body, answer.text)
        fine += answer.status_code < 300
        said = answer.text.replace(f"user_id={wren.user_id}", "").replace(f"user={wren.user_id}", "")
        assert not [secret for secret in secrets if secret in said], (method, path, said)
    assert fine > 10, "most questions were none"
    await hall.drain()
    after = (await runs(hall, wren.user_id), (await wren.client.get("/me/streaks")).json(), await coins(wren))
    assert after == before


# Events that no author thought of

ODD: list[dict[str, Any]] = [
    {},
    {"n": "nine", "repo": "acme/x"},
    {"n": None, "repo": None},
    {"n": [9], "repo": {"startsWith": 1}},
    {"n": 9, "repo": 7},
    {"n": 9},
    {"n": True, "repo": "acme/x"},
    {"n": 1e308, "repo": ["acme/x"]},
    {"n": 9, "repo": "acme/x", "tags": 5},
    {"n": 0, "repo": "acme/x", "tags": ["a"]},
]
RULE = {
    "event": "activity.recorded",
    "where": "100 / data.attributes.n > 5 && data.attributes.repo.startsWith('acme/') && data.attributes.tags[0] == 'a'",
    "distinct": "data.attributes.n + 1",
}


async def test_a_condition_that_fails_over_an_event_is_no_match_and_holds_nothing_up(hall: Hall) -> None:
    quest = await publish(hall, {**MERGE, "objectives": [{**RULE, "id": "it", "label": "It"}]})
    badge = {"slug": "odd", "name": "Odd", "requirements": RULE, "xp_reward": 1}
    await publish_badge(hall, badge)
    wren = await hall.user("wren")
    await hall.record("integrations", *(did(wren, at=START, **odd) for odd in ODD))
    assert (await mine(wren, quest))["state"] == "available"
    for contract in (Quests, Achievements):
        async with hall.database(contract).read() as tx:
            assert await tx.fetchval("SELECT count(*) FROM parked") == 0, contract.name
    await hall.record("integrations", did(wren, n=9, repo="acme/x", tags=["a"]))
    assert (await mine(wren, quest))["state"] == "completed"
    assert [e["data"]["slug"] for e in await hall.log("badge.earned")] == ["odd"]


async def test_a_value_to_tell_apart_that_fails_counts_nothing(hall: Hall) -> None:
    rule = {**RULE, "where": "true", "count": 2}
    quest = await publish(hall, {**MERGE, "objectives": [{**rule, "id": "it", "label": "It"}]})
    wren = await hall.user("wren")
    await hall.record("integrations", *(did(wren, **odd) for odd in ODD[:4]))
    assert (await mine(wren, quest))["state"] == "available"
    await hall.record("integrations", did(wren, n=1), did(wren, n=1), did(wren, n="1"), did(wren, n=2))
    assert (await mine(wren, quest))["state"] == "completed"
