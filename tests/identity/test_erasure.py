"""I19: an erased player's canary strings are nowhere; the books stay whole; whatever is cut off is done after all."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from questhall.contracts.audit import Audit
from questhall.contracts.currency import Currency
from questhall.contracts.identity import Identity
from questhall.contracts.integrations import Integrations
from questhall.contracts.quests import Quests
from questhall.kernel import background
from questhall.kernel.rpc import ServiceAbsent
from questhall.kernel.testing import PASSWORD, Hall, HallUser
from questhall.services.integrations import repository as deliveries
from tests.identity.canary import AGENT, CANARY, LOGIN, live, scenery, sightings, sign_up
from tests.quests.test_quests import did
from tests.realtime.test_socket import ended, open_socket, served, subscribe
from tests.test_story import merged

WORDS = (CANARY, "chatham")
READ_BY_OTHERS = (
    "/admin/users?limit=100&q=canary",
    "/admin/users?limit=100",
    "/admin/outbox",
    "/admin/invites",
    "/audit/events?limit=100",
    "/achievements/board",
    "/sources/acme/links",
    "/sources/acme/waiting",
    "/sources/acme/deliveries",
    "/me/transactions",
    "/me/history?limit=100",
    "/users/canary-user",
)


async def leave(bird: HallUser, password: str = PASSWORD) -> httpx.Response:
    return await bird.client.request("DELETE", "/me", json={"password": password})


async def run(hall: Hall) -> None:
    """Until the erasure is done, as time goes by."""
    for _ in range(8):
        hall.clock.advance(timedelta(seconds=3))
        await hall.run_job(Identity, "background")


async def finished(hall: Hall) -> bool:
    async with hall.database(Identity).read() as tx:
        return bool(await tx.fetchval("SELECT count(*) > 0 AND bool_and(finished_at IS NOT NULL) FROM erasures"))


async def populated(hall: Hall) -> tuple[HallUser, HallUser, HallUser]:
    """A canary that has done everything, a manager, and another player."""
    hook, manager, other = await scenery(hall)
    bird = await sign_up(hall)
    await live(hall, manager, other, bird, hook)
    return bird, manager, other


async def test_an_erased_players_words_are_nowhere(hall: Hall, capfd: pytest.CaptureFixture[str]) -> None:
    async with served(hall) as address:
        bird, manager, other = await populated(hall)
        async with open_socket(address, bird) as socket:
            await subscribe(socket)
            asked = await bird.client.post("/me/export")
            await hall.run_job(Identity, "background")
            archive = (await bird.client.get("/me/export")).text
            places = await sightings(hall, *WORDS)
            # It has to sit in many places first, or nothing is shown by its absence.
            for place in (
                "identity.users.username",
                "identity.users.timezone",
                "identity.sessions.agent",
                "identity.mails.recipient",
                "identity.invites.note",
                "identity.archive_parts.items",
                "currency.notes.note",
                "integrations.links.account",
                "integrations.deliveries.body",
                "integrations.deliveries.external_id",
                "achievements.achievement_acts.value",
                "achievements.achievement_awards.revoked_reason",
                "achievements.players.timezone",
                "quests.user_quests.progress",
                "quests.quest_acts.value",
                "redis",
            ):
                assert any(one.startswith(place) for one in places), f"{place} is not put to the test: {places}"
            assert not any(one.startswith("audit.event_log") for one in places), "sealed there from the first"
            answer = await leave(bird)
            assert (answer.status_code, answer.json()["status"]) == (202, "queued"), answer.text
            assert await ended(socket) == 4401
        await run(hall)
        await hall.drain()
    assert await finished(hall)
    assert await sightings(hall, *WORDS) == []
    admin: HallUser = hall.admin  # type: ignore[attr-defined]
    assert (await admin.client.post("/auth/login", json={"username": "ada", "password": PASSWORD})).status_code == 200
    for reader in (admin, manager, other):
        for path in READ_BY_OTHERS:
            answer = await reader.client.get(path)
            said = answer.text.replace("canary-user", "") if path == "/users/canary-user" else answer.text
            assert not any(word in said.lower() for word in WORDS), f"{reader.username} {path}: {answer.text}"
    assert CANARY in archive.lower()
    assert asked.status_code == 202
    logged = capfd.readouterr()
    lines = (logged.out + logged.err).lower()
    assert "request" in lines
    assert [line for line in lines.splitlines() if any(word in line for word in (*WORDS, AGENT.lower()))] == []


async def test_the_books_stay_and_the_name_is_nobodys(hall: Hall) -> None:
    bird, _, other = await populated(hall)
    before = [await _balance(hall, bird.user_id), await _balance(hall, other.user_id)]
    await hall.actions(Audit).seal()
    await leave(bird)
    await run(hall)
    await hall.actions(Audit).seal()
    assert [await _balance(hall, bird.user_id), await _balance(hall, other.user_id)] == before
    assert (await hall.actions(Currency).verify()).problems == []
    assert await hall.actions(Audit).verify() == []
    [brief] = await hall.actions(Identity).users([bird.user_id])
    assert (brief.display_name, brief.status, brief.private) == ("Somebody who left", "erased", True)
    await other.client.post("/auth/login", json={"username": other.username, "password": PASSWORD})
    gift = next(row for row in (await other.client.get("/me/transactions")).json()["items"] if row["amount"] == 10)
    assert (gift["transaction_type"], gift["reason"]) == ("gift", "")
    stranger = hall.client()
    body = {"username": "Canary-User", "email": "canary-mail@example.org", "password": PASSWORD}
    again = await stranger.post("/auth/register", json=body)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "#/username")
    renamed = await stranger.post("/auth/register", json={**body, "username": "somebody-new"})
    assert renamed.status_code == 201, "the address is free"
    [said] = await hall.log("user.deleted")
    assert said["data"] == {"user_id": str(bird.user_id), "reason": ""}
    registered = next(e for e in await hall.log("user.registered") if e["subject"] == str(bird.user_id))
    assert (registered["data"]["username"], registered["data"]["erased"]) == ("", True)


async def _balance(hall: Hall, user_id: Any) -> int:
    async with hall.database(Currency).read() as tx:
        return await tx.fetchval(
            "SELECT balance FROM accounts WHERE owner = $1 AND currency = 'coins'", f"user:{user_id}"
        )


async def test_it_is_asked_with_the_password_and_ends_every_way_in(hall: Hall) -> None:
    await hall.user("ada", role="admin")
    wren = await hall.user("wren")
    token = (await wren.client.post("/me/tokens", json={"name": "script"})).json()["secret"]
    elsewhere = hall.client()
    await elsewhere.post("/auth/login", json={"username": "wren", "password": PASSWORD})
    wrong = await leave(wren, "not the password at all")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    assert (await wren.client.get("/me")).status_code == 200
    done = await leave(wren)
    assert done.status_code == 202
    assert done.headers["location"] == f"/api/v1/jobs/{done.json()['id']}"
    await hall.drain()
    by_token = hall.client()
    by_token.headers["authorization"] = f"Bearer {token}"
    for client in (wren.client, elsewhere, by_token):
        assert (await client.get("/me")).status_code == 401
    login = await hall.client().post("/auth/login", json={"username": "wren", "password": PASSWORD})
    assert (login.status_code, login.json()["code"]) == (401, "wrong_credentials")


async def test_the_last_admin_stays(hall: Hall) -> None:
    ada = await hall.user("ada", role="admin")
    assert (await leave(ada)).json()["code"] == "last_admin"
    bob = await hall.user("bob", role="admin")
    body = {"reason": "they asked by letter"}
    assert (await ada.client.post(f"/admin/users/{bob.user_id}/erase", json=body)).status_code == 202
    assert (await leave(ada)).json()["code"] == "last_admin"


async def test_an_admin_erases_with_a_reason_that_stays(hall: Hall) -> None:
    ada, wren = await hall.user("ada", role="admin"), await hall.user("wren")
    path = f"/admin/users/{wren.user_id}/erase"
    assert (await wren.client.post(path, json={"reason": "whatever"})).status_code == 403
    assert (await ada.client.post(path, json={"reason": ""})).status_code == 422
    asked = await ada.client.post(path, json={"reason": "they asked by letter"})
    assert (asked.status_code, asked.json()["owner"]) == (202, str(ada.user_id))
    assert (await ada.client.post(path, json={"reason": "again"})).status_code == 404
    await run(hall)
    await ada.client.post("/auth/login", json={"username": "ada", "password": PASSWORD})
    job = (await ada.client.get(f"/jobs/{asked.json()['id']}")).json()
    assert (job["status"], job["done"], job["total"]) == ("done", 14, 14)
    [said] = await hall.log("user.deleted")
    assert (said["data"]["reason"], said["actor"]) == ("they asked by letter", f"admin:{ada.user_id}")


async def test_a_service_that_is_away_is_waited_for(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    bird, _, _ = await populated(hall)
    await leave(bird)

    async def away(**_: Any) -> Any:
        raise ServiceAbsent("away")

    with monkeypatch.context() as patched:
        patched.setattr(hall.actions(Quests), "forget", away, raising=False)
        await run(hall)
        assert not await finished(hall)
        assert any(place.startswith("identity.erasures.names") for place in await sightings(hall, *WORDS))
    await run(hall)
    assert await finished(hall)
    assert await sightings(hall, *WORDS) == []


async def test_what_was_still_on_its_way_is_forgotten_too(hall: Hall) -> None:
    bird, _, _ = await populated(hall)
    running = hall.installation.process.running
    async with running["achievements"].consumer.parking.lock:  # its events wait
        async with running["integrations"].site.db.tx() as tx:
            tx.emit(did(bird, repo="canary/late"))
        await leave(bird)
        for _ in range(4):
            hall.clock.advance(timedelta(seconds=3))
            await running["identity"].scheduler.run("background")
        assert not await finished(hall), "an event of theirs has yet to arrive"
    await hall.drain()
    await run(hall)
    assert await finished(hall)
    assert await sightings(hall, *WORDS) == []


async def test_an_erasure_that_is_cut_off_anywhere_is_finished(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    bird, _, _ = await populated(hall)
    await leave(bird)
    hall.clock.advance(timedelta(seconds=3))
    running = hall.installation.process.running
    cuts = 0

    def cut(*_: object) -> None:
        nonlocal cuts
        cuts += 1
        raise asyncio.CancelledError

    async def cut_off_once(service: str) -> None:
        """The service has forgotten, and nobody has noted it yet."""
        forget = hall.installation.process.actions[service].forget

        async def forgets(**asked: Any) -> Any:
            monkeypatch.setattr(hall.installation.process.actions[service], "forget", forget)
            await forget(**asked)
            cut()

        monkeypatch.setattr(hall.installation.process.actions[service], "forget", forgets)

    for service in running.keys() - {"identity"}:
        await cut_off_once(service)
    monkeypatch.setattr(background, "crash_point", cut)  # and after each step that was noted
    while not await finished(hall):
        before = cuts
        with contextlib.suppress(asyncio.CancelledError):
            await running["identity"].scheduler.run("background")
        hall.clock.advance(timedelta(seconds=3))
        assert cuts > before or await finished(hall), "it is taken up each time"
    assert cuts > 2 * len(running)
    await hall.drain()
    assert await sightings(hall, *WORDS) == []


async def test_an_erasure_that_failed_is_taken_up_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    bird, _, _ = await populated(hall)
    await leave(bird)

    async def broken(**_: Any) -> Any:
        raise ValueError("a mistake")

    with monkeypatch.context() as patched:
        patched.setattr(hall.actions(Quests), "forget", broken)
        for _ in range(8):
            hall.clock.advance(timedelta(minutes=2))
            await hall.run_job(Identity, "background")
    async with hall.database(Identity).read() as tx:
        assert await tx.fetchval("SELECT status FROM background_jobs WHERE kind = 'erase'") == "failed"
    await hall.run_job(Identity, "resume_erasures")
    await run(hall)
    assert await finished(hall)
    assert await sightings(hall, *WORDS) == []


@pytest.mark.tampers
async def test_the_search_can_find_something(hall: Hall) -> None:
    await hall.user("ada", role="admin")
    wren = await hall.user("wren")
    admin = await asyncpg.connect(hall.admin_url)
    await admin.execute(
        "ALTER TABLE quests.players ADD COLUMN motto text; UPDATE quests.players SET motto = 'My Canary'"
    )
    await admin.close()
    cache = hall.installation.process.cache
    await cache.set(cache.key("somewhere"), "a canary", ttl_s=60)
    await leave(wren)
    await run(hall)
    found = await sightings(hall, CANARY)
    assert found == ["quests.players.motto: 2", f"redis {cache.key('somewhere').encode()!r}"]


async def test_acts_of_one_who_left_wait_for_nobody(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "FORGOTTEN_AT_ONCE", 2)  # in several pages
    bird, _, _ = await populated(hall)
    await leave(bird)
    await run(hall)
    async with hall.database(Integrations).read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM links") == 0
        assert await tx.fetchval("SELECT count(*) FROM waiting WHERE account = $1", LOGIN) == 0
        assert await tx.fetchval("SELECT count(*) FROM deliveries WHERE body IS NULL") >= 4
    assert await sightings(hall, *WORDS) == []


async def test_words_that_a_player_chose_take_nothing_of_others_along(hall: Hall) -> None:
    hook, _, other = await scenery(hall)
    boss = await hall.user("boss", role="admin")
    payload = merged()
    payload["sender"] = payload["pull_request"]["user"] = {"login": "stranger", "id": 9, "type": "User"}
    assert (await hook.send("pull_request", payload)).status_code == 202
    key = {"idempotency-key": "mine"}
    body = {"username": other.username, "currency": "coins", "amount": 5, "reason": "a start"}
    gift = (await boss.client.post("/admin/transactions", json=body, headers=key)).json()
    assert (
        await hall.client().post("/auth/password/forgot", json={"email": f"{other.username}@example.org"})
    ).status_code == 202
    for name, shown in (("it", "pull_request"), ("coins", "coins"), ("stranger", f"{other.username}@example.org")):
        bird = await hall.user(name)
        etag = (await bird.client.get("/me")).headers["etag"]
        changed = await bird.client.patch("/me", json={"display_name": shown}, headers={"if-match": etag})
        assert changed.status_code == 200, changed.text
        assert (await leave(bird)).status_code == 202
    await run(hall)
    async with hall.database(Integrations).read() as tx:
        row = await tx.fetchrow(
            "SELECT body IS NOT NULL AS body, detail, external_id FROM deliveries ORDER BY id DESC LIMIT 1"
        )
    assert row is not None
    assert (row["body"], row["detail"]) == (True, "waits for an account link: stranger")
    assert not row["external_id"].startswith("erased")
    again = await boss.client.post("/admin/transactions", json=body, headers=key)
    assert again.json() == gift
    async with hall.database(Identity).read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM mails WHERE user_id = $1", other.user_id) > 0


async def test_who_left_is_paid_nothing_more(hall: Hall) -> None:
    bird, manager = await hall.user("bird"), await hall.user("mia", role="admin")
    assert (await leave(bird)).status_code == 202
    await run(hall)
    body = {"user_id": str(bird.user_id), "currency": "coins", "amount": 5, "reason": "a canary"}
    answer = await manager.client.post("/admin/transactions", json=body, headers={"idempotency-key": "late"})
    assert answer.json()["code"] == "user_not_found"


async def test_an_export_and_an_erasure_at_once_do_not_wait_for_each_other(hall: Hall) -> None:
    bird = await hall.user("bird")
    assert (await bird.client.post("/me/export")).status_code == 202
    async with hall.database(Identity).tx() as tx:
        # As a step of the export holds its job, and then asks for the player's row.
        await tx.execute("SELECT FROM background_jobs WHERE kind = 'export' FOR UPDATE")
        leaving = asyncio.create_task(leave(bird), context=contextvars.Context())
        async with asyncio.timeout(10):
            while not await tx.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                await asyncio.sleep(0.01)
        await tx.execute("SET LOCAL lock_timeout = '500ms'")
        await tx.execute("SELECT FROM users WHERE id = $1 FOR KEY SHARE", bird.user_id)
    assert (await leaving).status_code == 202
    await run(hall)
    assert await finished(hall)
