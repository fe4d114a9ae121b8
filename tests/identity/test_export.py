"""Export: everything of one player, of nobody else, in bounded memory; kept some days."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tracemalloc
from datetime import timedelta
from typing import Any

import httpx
import pytest

from questhall.contracts.identity import Identity, UserLogin
from questhall.contracts.quests import Quests
from questhall.kernel import background, sections
from questhall.kernel.contract import Contract
from questhall.kernel.rpc import ServiceAbsent
from questhall.kernel.service import discover
from questhall.kernel.testing import PASSWORD, START, Hall, HallUser
from tests.identity.canary import live, scenery, sign_up

EVENTS = 8000


async def run(hall: Hall) -> None:
    await hall.run_job(Identity, "background")


async def fetched(user: HallUser) -> dict[str, Any]:
    answer = await user.client.get("/me/export")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.content)


def says(archive: dict[str, Any], service: str, section: str, **wanted: Any) -> bool:
    return any(wanted.items() <= entry.items() for entry in archive["services"][service][section])


async def test_an_archive_has_what_every_service_keeps(hall: Hall) -> None:
    hook, manager, other = await scenery(hall)
    bird = await sign_up(hall)
    await live(hall, manager, other, bird, hook)
    asked = await bird.client.post("/me/export")
    assert (asked.status_code, asked.json()["status"], asked.json()["owner"]) == (202, "queued", str(bird.user_id))
    assert asked.headers["location"] == f"/api/v1/jobs/{asked.json()['id']}"
    early = await bird.client.get("/me/export")
    assert (early.status_code, early.json()["code"]) == (404, "no_archive")
    await run(hall)
    job = (await bird.client.get(f"/jobs/{asked.json()['id']}")).json()
    assert (job["status"], job["done"], job["result"]["missing"]) == ("done", job["total"], [])
    answer = await bird.client.get("/me/export")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="questhall-2026-03-02.json"'
    archive = json.loads(answer.content)
    assert (archive["format"], archive["user_id"], archive["missing"]) == ("questhall.archive/1", str(bird.user_id), [])
    assert job["result"]["entries"] == sum(len(x) for s in archive["services"].values() for x in s.values())
    assert says(archive, "identity", "profile", email="canary-mail@example.org", timezone="Pacific/Chatham")
    assert says(archive, "identity", "tokens", name="canary token")
    assert says(archive, "identity", "sessions", agent="CanaryBrowser/1.0")
    assert says(archive, "integrations", "accounts", account="canary-gh")
    assert says(archive, "currency", "transactions", amount=-10, reason="canary note out")
    assert says(archive, "currency", "balances", currency="coins", balance=40)
    assert says(archive, "achievements", "badges", slug="kind", revoked_reason="canary was not")
    assert says(archive, "quests", "runs", slug="wander", state="in_progress")
    acts = [e["data"] for e in archive["services"]["audit"]["events"] if e["type"] == "activity.recorded"]
    assert [act["attributes"].get("title") for act in acts][:3] == [f"canary title {n}" for n in (1, 2, 3)]
    # Of others there is no more than the player may see anyway.
    assert str(manager.user_id) not in answer.text
    assert "wren@example.org" not in answer.text
    assert "argon2" not in answer.text


async def test_it_is_anothers_for_nobody_and_the_same_while_it_is_gathered(hall: Hall) -> None:
    ann, bob = await hall.user("ann"), await hall.user("bob")
    first, again = await ann.client.post("/me/export"), await ann.client.post("/me/export")
    assert first.json()["id"] == again.json()["id"]
    await run(hall)
    assert (await bob.client.get("/me/export")).json()["code"] == "no_archive"
    assert (await bob.client.get(f"/jobs/{first.json()['id']}")).status_code == 404
    assert (await hall.client().get("/me/export")).status_code == 401
    assert (await hall.client().post("/me/export")).status_code == 401
    assert (await fetched(ann))["user_id"] == str(ann.user_id)
    assert (await ann.client.post("/me/export")).json()["id"] != first.json()["id"]
    assert (await fetched(ann))["user_id"] == str(ann.user_id), "the old one stays until the new one is there"
    await run(hall)
    async with hall.database(Identity).read() as tx:
        assert await tx.fetchval("SELECT count(DISTINCT job_id) FROM archive_parts") == 1, "and then it goes"
    answers: list[httpx.Response] = [await ann.client.post("/me/export") for _ in range(6)]
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "rate_limited")
    assert int(answers[-1].headers["retry-after"]) > 60


async def test_it_goes_after_some_days(hall: Hall) -> None:
    ann = await hall.user("ann")
    await ann.client.post("/me/export")
    await run(hall)
    hall.clock.advance(timedelta(days=7, seconds=1))
    await ann.client.post("/auth/login", json={"username": "ann", "password": PASSWORD})
    assert (await ann.client.get("/me/export")).json()["code"] == "no_archive"
    await hall.run_job(Identity, "sweep_identity")
    async with hall.database(Identity).read() as tx:
        assert await tx.fetchval("SELECT (SELECT count(*) FROM archives) + (SELECT count(*) FROM archive_parts)") == 0


async def test_a_service_that_stays_away_is_named(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await hall.user("ann")
    asked = (await ann.client.post("/me/export")).json()

    async def away(**_: Any) -> Any:
        raise ServiceAbsent("away")

    monkeypatch.setattr(hall.actions(Quests), "archive_of", away, raising=False)
    await run(hall)
    assert (await ann.client.get(f"/jobs/{asked['id']}")).json()["status"] == "running", "it is waited for"
    hall.clock.advance(timedelta(minutes=11))
    await run(hall)
    archive = await fetched(ann)
    assert archive["missing"] == ["quests"]
    assert "quests" not in archive["services"]
    assert "identity" in archive["services"]


async def test_an_archive_that_was_cut_off_is_whole(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "ENTRIES_MAX", 1)
    ann = await hall.user("ann")
    for number in range(4):
        await ann.client.post("/me/tokens", json={"name": f"token {number}"})
    await hall.drain()
    asked = (await ann.client.post("/me/export")).json()
    cuts = 0

    def cut(*_: object) -> None:
        nonlocal cuts
        cuts += 1
        raise asyncio.CancelledError

    monkeypatch.setattr(background, "crash_point", cut)  # after each step
    while (await ann.client.get(f"/jobs/{asked['id']}")).json()["status"] != "done":
        with contextlib.suppress(asyncio.CancelledError):
            await hall.installation.process.running["identity"].scheduler.run("background")
    assert cuts > 10
    archive = await fetched(ann)
    assert [token["name"] for token in archive["services"]["identity"]["tokens"]] == [f"token {n}" for n in range(4)]


async def test_a_long_history_needs_little_memory(hall: Hall) -> None:
    ann = await hall.user("ann")
    events = [
        UserLogin(user_id=ann.user_id, local_day=(START + timedelta(days=n)).date(), timezone="UTC")
        for n in range(EVENTS)
    ]
    await hall.record("identity", *events)
    await ann.client.post("/me/export")
    await run(hall)
    async with hall.database(Identity).read() as tx:
        sizes = [
            row[0] for row in await tx.fetch("SELECT json_array_length(('[' || items || ']')::json) FROM archive_parts")
        ]
    assert len(sizes) > 6
    assert max(sizes) == sections.ENTRIES_MAX, "no step has more in hand"
    archive = await hall.actions(Identity).archive(ann.user_id)
    tracemalloc.start()
    size = 0
    async for piece in hall.actions(Identity).archive_text(archive):
        size += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size, "it is never there as a whole"
    assert len((await fetched(ann))["services"]["audit"]["events"]) == EVENTS + 2 + 1


def test_every_service_forgets() -> None:
    forgetting = {service.name: service.actions.forget is not Contract.forget for service in discover()}  # type: ignore[attr-defined]
    assert all(forgetting.values()), forgetting
