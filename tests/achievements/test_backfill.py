"""Backfill: the past counts too, each event once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from questhall.contracts.achievements import Achievements
from questhall.contracts.audit import Audit
from questhall.contracts.currency import LevelReached
from questhall.contracts.identity import Identity
from questhall.kernel.contract import Event
from questhall.kernel.ids import new_id
from questhall.kernel.testing import PASSWORD, START, Hall, HallUser
from questhall.services.achievements import backfill
from tests.achievements.test_badges import publish, view
from tests.quests.test_quests import did

COUNT = {"event": "activity.recorded", "count": 400}
RULES: dict[str, dict[str, Any]] = {
    "count": COUNT,
    "distinct": {**COUNT, "distinct": "data.attributes.page"},
    "sum": {**COUNT, "sum": "data.attributes.minutes"},
    "window": {**COUNT, "window": "P1D"},
    "streak": {"event": "activity.recorded", "streak": 1000},
}


def act(user: HallUser, number: int) -> Event:
    return did(user, at=START - timedelta(days=number % 7), page=number % 5, minutes=2)


async def ask(hall: Hall, badge: UUID) -> httpx.Response:
    author: HallUser = hall.author  # type: ignore[attr-defined]
    return await author.client.post(f"/achievements/{badge}/backfill")


async def run(hall: Hall) -> None:
    await hall.run_job(Achievements, "background")


async def counted(hall: Hall, user: HallUser, badge: UUID) -> Any:
    """The player's counter, as it is kept."""
    async with hall.database(Achievements).read() as tx:
        row = await tx.fetchval(
            "SELECT (SELECT jsonb_agg(value) FROM jsonb_each(progress)) FROM user_achievements "
            "WHERE user_id = $1 AND achievement_id = $2",
            user.user_id,
            badge,
        )
    return row


def rule_of(name: str, slug: str) -> dict[str, Any]:
    return {"slug": slug, "name": slug, "requirements": RULES[name]}


async def test_the_past_counts_and_pays(hall: Hall) -> None:
    wren, ben = await hall.user("wren"), await hall.user("ben")
    await hall.record("integrations", *(act(wren, n) for n in range(3)), act(ben, 1))
    requirements = {"event": "activity.recorded", "count": 3}
    badge = await publish(hall, {"slug": "early", "name": "Early", "requirements": requirements, "xp_reward": 25})
    assert (await view(wren, badge))["mine"]["have"] == 0
    asked = await ask(hall, badge)
    assert (asked.status_code, asked.json()["status"], asked.json()["total"]) == (202, "queued", None)
    assert asked.headers["location"] == f"/api/v1/jobs/{asked.json()['id']}"
    assert (await ask(hall, badge)).json()["id"] == asked.json()["id"], "one at a time"
    await run(hall)
    author: HallUser = hall.author  # type: ignore[attr-defined]
    job = (await author.client.get(f"/jobs/{asked.json()['id']}")).json()
    assert (job["status"], job["done"], job["total"]) == ("done", 4, 4)
    assert job["result"] == {"looked_at": 4, "awarded": 1}
    for other in (wren.client, hall.client()):
        assert (await other.get(f"/jobs/{job['id']}")).status_code in (401, 404), "another's job is nobody's business"
    assert (await author.client.get(f"/jobs/{new_id()}")).json()["code"] == "job_not_found"
    mine = (await view(wren, badge))["mine"]
    assert (mine["have"], len(mine["awards"])) == (3, 1)
    assert (await view(ben, badge))["mine"]["have"] == 1
    assert (await wren.client.get("/me/balances")).json()["level"]["xp"] == 25
    why = (await wren.client.get(f"/why/badge/{mine['awards'][0]['award_id']}")).json()
    assert [step["kind"] for step in why["steps"]][:2] == ["badge", "activity"], "it leads back to the act of then"
    assert await hall.log("badge.progressed") == [], "nobody is told of steps of long ago"


@pytest.mark.parametrize("name", RULES)
async def test_past_and_present_side_by_side_count_each_event_once(
    hall: Hall, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "PART", 3)
    wren = await hall.user("wren")
    early = await publish(hall, rule_of(name, "from-the-start"))
    await hall.record("integrations", *(act(wren, n) for n in range(40)))
    late = await publish(hall, rule_of(name, "late"))
    await ask(hall, late)

    async def live() -> None:
        for n in range(40, 64):
            await hall.record("integrations", act(wren, n))

    await asyncio.gather(run(hall), live())
    assert await counted(hall, wren, late) == await counted(hall, wren, early)
    await ask(hall, late)
    await run(hall)
    assert await counted(hall, wren, late) == await counted(hall, wren, early), "once more changes nothing"


@pytest.mark.parametrize("name", RULES)
async def test_what_the_backfill_saw_first_is_not_counted_again(hall: Hall, name: str) -> None:
    wren = await hall.user("wren")
    badge = await publish(hall, rule_of(name, "late"))
    running = hall.installation.process.running
    async with running["achievements"].consumer.parking.lock:  # its events wait
        async with hall.database(Audit).read() as tx:
            before = await tx.fetchval("SELECT last FROM positions")
        async with running["integrations"].site.db.tx() as tx:
            tx.emit(act(wren, 1))
        await _until_logged(hall, before + 1)
        await ask(hall, badge)
        await running["achievements"].scheduler.run("background")
        once = await counted(hall, wren, badge)
        assert once is not None
    await hall.drain()
    assert await counted(hall, wren, badge) == once


async def _until_logged(hall: Hall, position: int) -> None:
    async with asyncio.timeout(10):
        while await hall.actions(Audit).position() < position:
            await asyncio.sleep(0.01)


async def test_what_the_log_has_yet_to_take_is_waited_for(hall: Hall) -> None:
    wren = await hall.user("wren")
    hall.author = await hall.user("mia", role="manager")  # type: ignore[attr-defined]
    running = hall.installation.process.running
    async with running["audit"].consumer.parking.lock:
        async with running["integrations"].site.db.tx() as tx:
            tx.emit(act(wren, 1))
        async with asyncio.timeout(10):
            while await _handled(hall) == 0:
                await asyncio.sleep(0.01)
        badge = await publish(hall, rule_of("count", "late"))
        asked = (await ask(hall, badge)).json()
        await running["achievements"].scheduler.run("background")
        assert await counted(hall, wren, badge) is None
    await hall.drain()
    hall.clock.advance(timedelta(seconds=2))
    await run(hall)
    author: HallUser = hall.author  # type: ignore[attr-defined]
    assert (await author.client.get(f"/jobs/{asked['id']}")).json()["status"] == "done"
    assert '"have": 1' in await counted(hall, wren, badge)


async def _handled(hall: Hall) -> int:
    async with hall.database(Achievements).read() as tx:
        return await tx.fetchval(
            "SELECT count(*) FROM inbox i WHERE i.event_id > (SELECT max(user_id::text)::uuid FROM players)"
        )


async def test_what_was_undone_is_not_counted(hall: Hall) -> None:
    wren = await hall.user("wren")
    said = await hall.record("integrations", *(act(wren, n) for n in range(4)))
    await hall.actions(Achievements).revert([said[0].id])
    badge = await publish(hall, rule_of("count", "late"))
    await ask(hall, badge)
    await run(hall)
    assert (await view(wren, badge))["mine"]["have"] == 3
    await hall.actions(Achievements).revert([said[1].id])
    assert (await view(wren, badge))["mine"]["have"] == 2, "and what it counted can be taken back"


async def test_an_undo_meanwhile_finds_each_event_counted_or_never_counted(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "PART", 1)
    wren = await hall.user("wren")
    said = await hall.record("integrations", *(act(wren, n) for n in range(24)))
    badge = await publish(hall, rule_of("count", "late"))
    await ask(hall, badge)
    actions = hall.actions(Achievements)
    await asyncio.gather(run(hall), *(actions.revert([event.id]) for event in said[::2]))
    assert (await view(wren, badge))["mine"]["have"] == 12


async def test_a_job_that_was_cut_off_goes_on_where_it_was(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "PART", 2)
    wren = await hall.user("wren")
    await hall.record("integrations", *(act(wren, n) for n in range(20)))
    badge = await publish(hall, rule_of("count", "late"))
    asked = (await ask(hall, badge)).json()
    author: HallUser = hall.author  # type: ignore[attr-defined]
    scheduler = hall.installation.process.running["achievements"].scheduler
    seen = set()
    for _ in range(200):
        task = asyncio.create_task(scheduler.run("background"))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        job = (await author.client.get(f"/jobs/{asked['id']}")).json()
        seen.add(job["done"])
        if job["status"] == "done":
            break
    assert (job["status"], job["done"]) == ("done", 20)
    assert (await view(wren, badge))["mine"]["have"] == 20
    assert len(seen) > 1, "it was cut off at least once"


async def test_levels_and_badges_that_were_reached_before_count(hall: Hall) -> None:
    wren, ben = await hall.user("wren"), await hall.user("ben")
    await hall.record("currency", LevelReached(user_id=wren.user_id, level=5, xp=1000, transaction_id=new_id()))
    old = await publish(hall, {"slug": "old", "name": "Old", "requirements": {"event": "activity.recorded"}})
    await hall.record("integrations", act(ben, 1))
    high = await publish(hall, {"slug": "high", "name": "High", "requirements": {"level": 5}})
    after = await publish(hall, {"slug": "after", "name": "After", "requirements": {"badge": "old"}})
    for badge in (high, after):
        await ask(hall, badge)
    await run(hall)
    have = [[(await view(user, badge))["mine"]["awards"] != [] for badge in (old, high, after)] for user in (wren, ben)]
    assert have == [[False, True, False], [True, False, True]]


async def test_a_badge_that_is_archived_meanwhile_says_so(hall: Hall) -> None:
    badge = await publish(hall, rule_of("count", "late"))
    asked = (await ask(hall, badge)).json()
    author: HallUser = hall.author  # type: ignore[attr-defined]
    await author.client.post(f"/achievements/{badge}/archive")
    await run(hall)
    job = (await author.client.get(f"/jobs/{asked['id']}")).json()
    assert (job["status"], job["problem"]["code"]) == ("failed", "achievement_not_found")
    assert (await ask(hall, badge)).json()["code"] == "achievement_not_found"
    wren = await hall.user("wren")
    assert (await wren.client.post(f"/achievements/{badge}/backfill")).status_code == 403


async def test_a_new_version_meanwhile_is_counted_whole(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "PART", 2)
    wren = await hall.user("wren")
    await hall.record("integrations", *(act(wren, n) for n in range(10)))
    badge = await publish(hall, rule_of("count", "late"))
    await ask(hall, badge)
    author: HallUser = hall.author  # type: ignore[attr-defined]
    work = asyncio.create_task(run(hall))
    draft = await author.client.get(f"/achievements/{badge}/draft")
    changed = {**draft.json(), "requirements": {**COUNT, "where": "data.attributes.page == 1"}}
    etag = {"if-match": draft.headers["etag"]}
    assert (await author.client.patch(f"/achievements/{badge}", json=changed, headers=etag)).status_code == 200
    assert (await author.client.post(f"/achievements/{badge}/publish")).status_code == 200
    await work
    await ask(hall, badge)
    await run(hall)
    assert (await view(wren, badge))["mine"]["have"] == 2


async def test_a_backfill_counts_nothing_for_who_was_erased(hall: Hall) -> None:
    wren = await hall.user("wren")
    await hall.record("integrations", *(act(wren, n) for n in range(4)))
    requirements = {"event": "activity.recorded", "count": 6}
    await hall.record("currency", LevelReached(user_id=wren.user_id, level=2, xp=100, transaction_id=new_id()))
    badge = await publish(hall, {"slug": "early", "name": "Early", "requirements": requirements, "xp_reward": 25})
    level = await publish(hall, {"slug": "there", "name": "There", "requirements": {"level": 2}, "xp_reward": 25})
    await ask(hall, badge)
    await run(hall)
    assert (await wren.client.request("DELETE", "/me", json={"password": PASSWORD})).status_code == 202
    for _ in range(8):
        hall.clock.advance(timedelta(seconds=3))
        await hall.run_job(Identity, "background")
    earned = await hall.log("badge.earned")
    for one in (badge, level):
        await ask(hall, one)
    await run(hall)
    assert await hall.log("badge.earned") == earned
    async with hall.database(Achievements).read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM achievement_acts WHERE user_id = $1", wren.user_id) == 0


async def test_another_author_sees_the_job_that_is_under_way(hall: Hall) -> None:
    badge = await publish(hall, rule_of("count", "late"))
    asked = (await ask(hall, badge)).json()
    second = await hall.user("mo", role="manager")
    same = await second.client.post(f"/achievements/{badge}/backfill")
    assert same.json()["id"] == asked["id"]
    assert (await second.client.get(f"/jobs/{asked['id']}")).status_code == 200
