"""What every bus promises: one suite, run against each. A subscriber here stands for a consumer, and takes as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from questhall.kernel.bus import BATCH_MAX, Bus
from questhall.kernel.bus.memory import MemoryBus
from questhall.kernel.contract import Envelope
from tests.kernel.test_poison import knock

BUSES: dict[str, Callable[[], Bus]] = {"memory": MemoryBus}


class Taker:
    """Hears some types; what it does with a batch can be changed."""

    def __init__(self, name: str, *types: str) -> None:
        self.name = name
        self.types = types
        self.taken: list[tuple[str, int]] = []
        self.batches: list[int] = []
        self.before: Callable[[list[Envelope[Any]]], Awaitable[None]] | None = None

    def hears(self, event_type: str) -> bool:
        return event_type in self.types

    async def take(self, envelopes: list[Envelope[Any]]) -> None:
        if self.before is not None:
            await self.before(envelopes)
        self.batches.append(len(envelopes))
        self.taken += [(envelope.subject, envelope.sequence) for envelope in envelopes]


@pytest.fixture(params=BUSES)
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    made = BUSES[request.param]()
    yield made
    await made.stop()


def said(count: int, *, subjects: int = 3, event_type: str = "door.knocked") -> list[Envelope[Any]]:
    return [knock(f"w{n % subjects}", n, sequence=n // subjects + 1, type=event_type) for n in range(count)]


async def until(what: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.005)


def in_order(taken: list[tuple[str, int]]) -> bool:
    last: dict[str, int] = {}
    for subject, sequence in taken:
        if sequence != last.get(subject, 0) + 1:
            return False
        last[subject] = sequence
    return True


async def test_each_consumer_hears_all_of_what_it_wants_in_order_in_batches(bus: Bus) -> None:
    one, two, deaf = Taker("one", "door.knocked"), Taker("two", "door.knocked", "door.opened"), Taker("deaf")
    for taker in (one, two, deaf):
        bus.subscribe(taker)
    confirmed: list[int] = []
    await bus.start()
    bus.publish(said(900), list(range(900)), confirmed.extend)
    bus.publish(said(30, event_type="door.opened"), list(range(900, 930)), confirmed.extend)
    await until(bus.idle)
    assert len(one.taken) == 900
    assert in_order(one.taken)
    assert len(two.taken) == 930
    assert deaf.taken == []
    assert max(one.batches) <= BATCH_MAX
    assert sorted(confirmed) == list(range(930)), "each is confirmed, and once"


async def test_what_nobody_hears_is_confirmed_at_once(bus: Bus) -> None:
    bus.subscribe(Taker("one", "door.opened"))
    confirmed: list[int] = []
    await bus.start()
    bus.publish(said(3), [7, 8, 9], confirmed.extend)
    assert confirmed == [7, 8, 9]


async def test_nothing_is_confirmed_before_every_consumer_has_it(bus: Bus) -> None:
    quick, slow = Taker("quick", "door.knocked"), Taker("slow", "door.knocked")
    gate = asyncio.Event()

    async def wait(_envelopes: list[Envelope[Any]]) -> None:
        await gate.wait()

    slow.before = wait
    bus.subscribe(quick)
    bus.subscribe(slow)
    confirmed: list[int] = []
    await bus.start()
    bus.publish(said(500), list(range(500)), confirmed.extend)
    await until(lambda: len(quick.taken) == 500)  # the slow one does not slow the other
    assert confirmed == []
    assert not bus.idle()
    gate.set()
    await until(bus.idle)
    assert sorted(confirmed) == list(range(500))
    assert in_order(slow.taken)


async def test_what_a_consumer_cant_take_now_comes_again_in_order(bus: Bus) -> None:
    taker = Taker("one", "door.knocked")
    failures = 3

    async def fail(_envelopes: list[Envelope[Any]]) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise ConnectionError("its database is away")

    taker.before = fail
    bus.subscribe(taker)
    confirmed: list[int] = []
    await bus.start()
    bus.publish(said(40), list(range(40)), confirmed.extend)
    await until(lambda: len(confirmed) == 40)
    assert in_order(taker.taken)
    assert failures == 0


@pytest.mark.parametrize("make", BUSES.values(), ids=BUSES.keys())
async def test_what_was_not_confirmed_when_it_closed_is_taken_after_a_restart(make: Callable[[], Bus]) -> None:
    """Closed while it is being published to: what is confirmed was taken; the rest, said again, arrives in order."""
    taker = Taker("one", "door.knocked")

    async def slowly(_envelopes: list[Envelope[Any]]) -> None:
        await asyncio.sleep(0.01)

    taker.before = slowly
    events, confirmed = said(2000), list[int]()
    first = make()
    first.subscribe(taker)
    await first.start()

    async def publish() -> None:
        for position, envelope in enumerate(events):
            first.publish([envelope], [position], confirmed.extend)
            await asyncio.sleep(0)

    publishing = asyncio.create_task(publish())
    await until(lambda: len(confirmed) > 50)
    await asyncio.wait_for(first.stop(), 5)
    publishing.cancel()
    assert {(events[position].subject, events[position].sequence) for position in confirmed} <= set(taker.taken)
    again = make()
    again.subscribe(taker)
    await again.start()
    rest = [position for position in range(len(events)) if position not in set(confirmed)]
    again.publish([events[position] for position in rest], rest, confirmed.extend)
    await until(again.idle)
    await again.stop()
    assert sorted(set(confirmed)) == list(range(2000))
    firsts = list(dict.fromkeys(taker.taken))  # one may come twice; a consumer's inbox drops the second
    assert in_order(firsts)
    assert set(taker.taken) == {(event.subject, event.sequence) for event in events}
