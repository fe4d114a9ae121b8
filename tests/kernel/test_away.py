"""A consumer whose database is away: the others go on, and it gets all of it in order once it is back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from questhall.kernel import relay as relay_module
from questhall.kernel.bus import memory as memory_module
from questhall.kernel.bus.memory import MemoryBus
from questhall.kernel.contract import Envelope
from questhall.kernel.database import Database
from tests.kernel.test_bus import Taker, in_order, said, until
from tests.kernel.toys import House, Knocked, build_house


@asynccontextmanager
async def away(database_url: str, database: Database) -> AsyncIterator[None]:
    """A service's database refuses its connections meanwhile."""
    role = database.dsn.split("://")[1].split(":")[0]
    admin = await asyncpg.connect(database_url)
    try:
        await admin.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)
        yield
    finally:
        await admin.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
        await admin.close()


async def knocks(house: House, first: int, last: int) -> None:
    """Knocks of seven visitors in turn."""
    for begin in range(first, last, 100):
        async with house.door.tx() as tx:
            for n in range(begin, min(begin + 100, last)):
                tx.emit(Knocked(who=f"w{n % 7}", n=n))


async def check_heard(house: House, count: int) -> None:
    """Each once, and each visitor's in order; nothing waits anywhere."""
    heard = await house.heard()
    assert sorted(n for _, n in heard) == list(range(count))
    for who in range(7):
        assert [n for name, n in heard if name == f"w{who}"] == list(range(who, count, 7))
    async with house.door.read() as tx:
        assert await tx.fetchval("SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM kept)") == 0


async def waiting(house: House) -> tuple[int, int]:
    """Rows in the door's outbox, and kept for others."""
    async with house.door.read() as tx:
        row = await tx.fetchrow("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM kept)")
    assert row is not None
    return row[0], row[1]


@pytest.mark.timeout(240)
async def test_twelve_thousand_events_for_who_is_away_hold_nobody_else_up(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        other = Taker("other", "door.knocked")
        house = await build_house(stack, database_url, tmp_path, listener=other)
        relay, most = house.relays[0], 0
        async with away(database_url, house.porter):
            for first in range(0, 12_000, 1_000):
                await knocks(house, first, first + 1_000)
                most = max(most, len(relay._in_flight))
            began = time.monotonic()
            await until(lambda: len(other.taken) == 12_000, 60)
            lasted = time.monotonic() - began
            assert in_order(other.taken)
            await knocks(house, 12_000, 12_100)
            await until(lambda: len(other.taken) == 12_100, 10)
            async with asyncio.timeout(10):
                while (await waiting(house))[0] > memory_module.BATCH_MAX:
                    await asyncio.sleep(0.05)
            assert sum(await waiting(house)) == 12_100, "what it has yet to take is in the tables"
            async with asyncio.timeout(
                10
            ):  # what is being moved from one table to the other is told twice for a moment
                while (await relay.backlog())[0] != 12_100:
                    await asyncio.sleep(0.05)
            assert len(relay._in_flight) <= memory_module.BATCH_MAX
            lanes = {lane.subscriber.name: lane for lane in house.bus._lanes}
            assert len(lanes["porter"].queue) <= relay_module.READ_MAX, "and not in memory"
        await house.settle(120)
        assert most <= relay_module.IN_FLIGHT_MAX
        await check_heard(house, 12_100)
        assert len(other.taken) == 12_100, "nobody hears anything twice"
    assert lasted < 20


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if memory were small: so that few events are many."""
    monkeypatch.setattr(relay_module, "IN_FLIGHT_MAX", 60)
    monkeypatch.setattr(relay_module, "IN_FLIGHT_LOW", 20)
    monkeypatch.setattr(relay_module, "READ_MAX", 25)
    monkeypatch.setattr(memory_module, "BATCH_MAX", 8)


@pytest.mark.usefixtures("small")
async def test_what_is_said_while_it_catches_up_comes_after_what_was_kept(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        other = Taker("other", "door.knocked")
        house = await build_house(stack, database_url, tmp_path, listener=other)
        for turn in range(3):
            async with away(database_url, house.porter):
                await knocks(house, turn * 700, turn * 700 + 400)
                await until(lambda turn=turn: len(other.taken) == turn * 700 + 400, 20)  # type: ignore[misc]
            for n in range(turn * 700 + 400, turn * 700 + 700):
                await knocks(house, n, n + 1)
        await house.settle(60)
        await check_heard(house, 2_100)
        assert in_order(other.taken)
        assert len(other.taken) == 2_100


@pytest.mark.usefixtures("small")
async def test_a_restart_goes_on_with_what_was_kept(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        other = Taker("other", "door.knocked")
        house = await build_house(stack, database_url, tmp_path, listener=other)
        async with away(database_url, house.porter):
            await knocks(house, 0, 500)
            await until(lambda: len(other.taken) == 500, 20)
        await until(lambda: len(house.actions.seen) > 50)
        assert (await waiting(house))[1] > 0
    async with AsyncExitStack() as stack:
        house = await build_house(stack, database_url, tmp_path, create=False)
        await knocks(house, 500, 600)
        await house.settle(30)
        await check_heard(house, 600)


async def test_who_is_away_is_set_aside_until_it_has_all_that_was_kept() -> None:
    bus, confirmed, given_back = MemoryBus(), list[int](), list[int]()
    quick, slow = Taker("quick", "door.knocked"), Taker("slow", "door.knocked")
    back = asyncio.Event()

    async def refuse(_envelopes: list[Envelope[Any]]) -> None:
        if not back.is_set():
            raise ConnectionError("its database is away")

    slow.before = refuse
    bus.subscribe(quick)
    bus.subscribe(slow)
    await bus.start()
    events, confirm = said(30, subjects=1), confirmed.extend
    bus.publish(events[:10], list(range(10)), confirm)
    await until(lambda: len(quick.taken) == 10 and bus.set_aside(confirm) == {"slow": []})
    bus.publish(events[10:20], list(range(10, 20)), confirm)
    assert bus.set_aside(confirm) == {"slow": list(range(10, 20))}, "the ten before are in hand"
    bus.kept(confirm, "slow", list(range(10, 15)))
    assert not bus.rejoin(confirm, "slow"), "five are kept nowhere yet"
    bus.kept(confirm, "slow", list(range(15, 20)))
    await until(lambda: confirmed == list(range(10, 20)))
    bus.publish(events[10:20], list(range(10, 20)), given_back.extend, only="slow")
    back.set()
    await until(lambda: given_back == list(range(10, 20)))
    assert not bus.idle(), "it does not hear the publisher yet"
    assert bus.rejoin(confirm, "slow")
    bus.publish(events[20:], list(range(20, 30)), confirm)
    await until(bus.idle)
    for taker in (quick, slow):
        assert taker.taken == [("w0", n) for n in range(1, 31)], "each once"
    assert sorted(confirmed) == list(range(30))
    await bus.stop()
