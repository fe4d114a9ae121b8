"""The demo on a whole installation, over HTTP as its command does it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
import uvicorn

from questhall import starter
from questhall.contracts.identity import AlreadyTaken, Identity
from questhall.demo import PEOPLE, Filled, NotNew, content, fill
from questhall.demo.history import DAYS, events_of
from questhall.demo.people import STAR
from questhall.kernel.client import Client
from questhall.kernel.testing import START, Hall
from questhall.kernel.text import is_plain, is_visible

FEW = [person for person in PEOPLE if person.username in (STAR, "jonas", "chloe", "viktor", "tariq", "wren")]
COUNTS = (
    "SELECT 'log ' || type, count(*) FROM audit.event_log "
    # Each run signs in and out.
    "WHERE type NOT IN ('user.login', 'session.started', 'session.revoked', 'token.created') GROUP BY type UNION ALL "
    "SELECT 'users', count(*) FROM identity.users UNION ALL "
    "SELECT 'links', count(*) FROM integrations.links UNION ALL "
    "SELECT 'transfers', count(*) FROM currency.transfers UNION ALL "
    "SELECT 'streak ' || length || ' ' || best, count(*) FROM quests.streaks GROUP BY length, best"
)


class Ended(Exception):
    """As a kill would end it, between two requests."""


class Demo:
    """The command, as far as it goes beyond the API."""

    def __init__(self, hall: Hall, url: str) -> None:
        self.url = url
        self.passwords: dict[str, str] = {}
        self._hall = hall
        self._identity: Any = hall.actions(Identity)

    async def outsiders(self) -> list[tuple[str, str]]:
        return [(one.username, one.role) for one in await self._identity.people_outside("demo.invalid")]

    async def admin(self, username: str, email: str, password: str) -> bool:
        try:
            await self._identity.create_user(username, email, password, True)
        except AlreadyTaken:
            return False
        return True

    async def token(self, username: str) -> str:
        return str(await self._identity.create_token(username))

    async def run(self, *, ends_after: int | None = None) -> Filled:
        def step(done: int, total: int) -> None:
            assert done <= total
            if done == ends_after:
                raise Ended

        client = Client(f"{self.url}/api/v1")
        try:
            return await fill(client, self, step, self.passwords.__setitem__, FEW)
        finally:
            await client.close()
            await self._hall.drain()

    async def counts(self) -> dict[str, int]:
        connection = await asyncpg.connect(self._hall.admin_url)
        try:
            return {row[0]: row[1] for row in await connection.fetch(COUNTS)}
        finally:
            await connection.close()


@pytest.fixture
async def demo(hall: Hall) -> AsyncIterator[Demo]:
    await starter.install(hall.installation.process)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(hall.installation.app, interface="asgi3", log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield Demo(hall, f"http://127.0.0.1:{listener.getsockname()[1]}")
        server.should_exit = True
        await task


async def test_it_is_there_once_and_looks_alive(hall: Hall, demo: Demo) -> None:
    first = await demo.run()
    expected = sum(len(events_of(person, START)) for person in FEW)
    assert (first.people, first.acts, first.already) == (len(FEW), expected, False)
    counts = await demo.counts()
    assert counts["log activity.recorded"] == expected
    assert counts["users"] == len(FEW) + 1
    assert counts["log quest.completed"] > expected / 2
    assert set(demo.passwords) == {STAR, "hallkeeper"}
    async with httpx.AsyncClient(base_url=f"{demo.url}/api/v1") as browser:
        star = {"username": STAR, "password": demo.passwords[STAR]}
        assert (await browser.post("/auth/login", json=star)).status_code == 200
        streak = (await browser.get("/me/streaks")).json()["items"][0]
        assert streak["length"] >= 7
        assert (await browser.get("/me/balances")).json()["level"]["level"] >= 5
        assert (await browser.get("/me/tokens")).json()["items"] == [], "none is left behind"
        assert (await browser.get("/users/viktor")).json()["look"]["outfit"] == "armour"
    recorded = await hall.log("activity.recorded")
    oldest = min(row["data"]["occurred_at"] for row in recorded)
    assert oldest < (START - timedelta(days=DAYS - 5)).isoformat(), "three months are behind it"
    sources = await hall.log("source.changed")
    assert sources[0]["data"]["past_days"] == DAYS + 30, "it is on record that its word on old times is believed"
    # Again, and also when the day is another.
    hall.clock.advance(timedelta(days=1))
    again = await demo.run()
    assert again.already
    assert await demo.counts() == counts


async def test_one_that_was_ended_goes_on_where_it_was(demo: Demo) -> None:
    # In the middle of the content, of the people, and before the last word.
    for step in (3, len(content.QUESTS) + len(content.BADGES) + 9):
        with pytest.raises(Ended):
            await demo.run(ends_after=step)
    assert not (await demo.run()).already
    expected = sum(len(events_of(person, START)) for person in FEW)
    counts = await demo.counts()
    assert counts["log activity.recorded"] == expected
    assert counts["links"] == len(FEW)
    assert counts["log quest.published"] == len(starter.pack("quests")) + len(content.QUESTS)
    assert counts["log achievement.published"] == len(starter.pack("achievements")) + len(content.BADGES)


async def test_a_hall_with_people_of_its_own_is_left_alone(hall: Hall, demo: Demo) -> None:
    await hall.user("ada", role="admin")
    await hall.user("somebody")
    with pytest.raises(NotNew, match="players of its own"):
        await demo.run()
    counts = await demo.counts()
    assert "log source.changed" not in counts
    assert counts["users"] == 2, "no keeper either"


def test_thirty_people_who_are_not_alike() -> None:
    assert len(PEOPLE) == len({person.username for person in PEOPLE}) == 30
    assert len({person.zone for person in PEOPLE}) >= 20
    assert len({str(person.look) for person in PEOPLE}) == 30
    assert all(is_plain(person.name) and is_visible(person.name) for person in PEOPLE)
    acts = {person.username: len(events_of(person, START)) for person in PEOPLE}
    assert acts["wren"] == 0
    assert min(count for name, count in acts.items() if name != "wren") < 15
    assert max(acts.values()) > 150
    assert acts == {person.username: len(events_of(person, START)) for person in PEOPLE}
    named = {*(name for gift in content.GIFTS for name in gift[:2]), *(tick[0] for tick in content.TICKS)}
    assert named <= acts.keys()
