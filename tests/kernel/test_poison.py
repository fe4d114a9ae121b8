"""Hostile events: unreadable, failing, hanging, huge, too deep, too old, repeated. Each holds up its own subject alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from questhall.kernel import consumer as consumer_module
from questhall.kernel import parking as parking_module
from questhall.kernel.contract import Envelope
from questhall.kernel.ids import new_id
from tests.kernel.toys import House, Knocked, build_house


@pytest.fixture
async def house(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(parking_module, "BACKOFF_S", (0.01,) * 5)
    async with AsyncExitStack() as stack:
        yield await build_house(stack, database_url, tmp_path)


def knock(who: str, n: int, sequence: int = 1, **changed: Any) -> Envelope[Any]:
    """An event as it comes off the bus: not yet typed."""
    fields: dict[str, Any] = {
        "id": new_id(),
        "type": Knocked.type,
        "source": "door",
        "subject": who,
        "time": datetime.now(UTC),
        "sequence": sequence,
        "correlation_id": new_id(),
        "causation_id": new_id(),
        "actor": "system",
        "depth": 1,
        "traceparent": None,
        "raw": msgspec.json.encode({"who": who, "n": n}),
    }
    return Envelope(**{**fields, **changed})


async def until(what: Callable[[], Any], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await what():
            await asyncio.sleep(0.01)


async def counts_are(house: House, wanted: dict[str, int]) -> None:
    async def reached() -> bool:
        return await house.consumer.parking.counts() == wanted

    await until(reached)


UNREADABLE = {
    "no JSON": b"{",
    "not its type": b'{"who":3}',
    "no UTF-8 and a NUL": b'{"who":"\xff\x00"}',
    "a NUL in a message": b'{"who":"ann","n":"\\u0000"}',
    "empty": b"",
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cant_be_read_is_quarantined_in_its_place(house: House, raw: bytes) -> None:
    """What came before it is done, what comes after it of the same subject waits, and others flow."""
    batch = [knock("ann", 1), knock("ann", 2, raw=raw), knock("ann", 3), knock("ben", 1)]
    await house.consumer.take(batch)
    assert await house.heard() == [("ann", 1), ("ben", 1)]
    waiting = await house.consumer.parking.listing()
    assert [(p.event_id, p.state) for p in waiting] == [(batch[1].id, "quarantined"), (batch[2].id, "behind")]
    assert waiting[0].error
    # A replay of what can't be read finds it as it was; it is not lost.
    await house.consumer.replay(batch[1].id)
    await counts_are(house, {"quarantined": 1, "behind": 1})


@pytest.mark.parametrize(
    "changed", [{"depth": 13}, {"id": UUID(int=new_id().int - (15 * 86_400_000 << 80))}], ids=["too deep", "too old"]
)
async def test_what_is_too_deep_or_too_old_runs_only_when_an_operator_says_so(
    house: House, changed: dict[str, Any]
) -> None:
    event = knock("ann", 1, **changed)
    await house.consumer.take([event])
    assert await house.heard() == []
    assert await house.consumer.parking.counts() == {"quarantined": 1}
    assert await house.consumer.replay(event.id)
    await counts_are(house, {})
    assert await house.heard() == [("ann", 1)]
    await house.consumer.take([event])
    assert await house.consumer.parking.counts() == {}, "it was handled: once more, it is dropped"
    assert await house.heard() == [("ann", 1)]


async def test_depth_twelve_and_thirteen_days_are_fine(house: House) -> None:
    old = UUID(int=new_id().int - (13 * 86_400_000 << 80))
    await house.consumer.take([knock("ann", 1, depth=12), knock("ben", 1, id=old)])
    assert await house.heard() == [("ann", 1), ("ben", 1)]


async def test_a_handler_that_hangs_is_parked_and_others_never_wait_for_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "HANDLER_TIMEOUT_S", 0.3)
    real, hanging = house.actions.heard, True

    async def heard(tx: Any, event: Any) -> None:
        if hanging and event.data.who == "ann":
            await tx.execute("SELECT pg_sleep(60)")
        await real(tx, event)

    monkeypatch.setattr(house.actions, "heard", heard)
    await house.consumer.take([knock("ann", 1), knock("ben", 1)])
    assert await house.heard() == [("ben", 1)]
    # While its retries hang, deliveries of others go on.
    waits: list[float] = []
    loop = asyncio.get_running_loop()
    for n in range(2, 30):
        began = loop.time()
        await house.consumer.take([knock("ben", n)])
        waits.append(loop.time() - began)
        await asyncio.sleep(0.01)
    assert max(waits) < 0.25, "less than one time-out"
    await counts_are(house, {"quarantined": 1})
    hanging = False
    await house.consumer.replay((await house.consumer.parking.listing())[0].event_id)
    await counts_are(house, {})
    assert ("ann", 1) in await house.heard()


async def test_a_megabyte_arrives_and_can_be_parked(house: House) -> None:
    failing = True
    house.actions.fail = lambda event: failing
    who = "ann"
    big = msgspec.json.encode({"who": who, "n": 1, "more": "x" * 1_000_000})
    await house.consumer.take([knock(who, 1, raw=big)])
    await counts_are(house, {"quarantined": 1})
    failing = False
    await house.consumer.replay((await house.consumer.parking.listing())[0].event_id)
    await counts_are(house, {})
    assert await house.heard() == [(who, 1)]


async def test_each_event_three_times_in_any_order_has_the_effects_of_once_in_order(house: House) -> None:
    events = [knock(f"w{n % 4}", n, sequence=n // 4 + 1) for n in range(60)]
    copies = [msgspec.structs.replace(event, typed=None) for event in events for _ in range(3)]
    random.Random(7).shuffle(copies)
    for start in range(0, len(copies), 17):
        await house.consumer.take(copies[start : start + 17])
    await house.settle()
    assert sorted(await house.heard()) == sorted((f"w{n % 4}", n) for n in range(60))
    async with house.porter.read() as tx:
        said = await tx.fetch("SELECT subject, last FROM sequences")
    assert {row["subject"]: row["last"] for row in said} == {f"w{k}": 15 for k in range(4)}, "what it says is said once"


async def test_inbox_partitions_are_made_ahead_and_dropped_past_their_keep(house: House) -> None:
    today = datetime.now(UTC).date()
    async with house.porter.read() as tx:
        await tx.execute("SELECT roll_inbox($1, 3, 14)", today - timedelta(days=20))
        await tx.execute("SELECT roll_inbox($1, 3, 14)", today - timedelta(days=14))
        old = UUID(int=new_id().int - (20 * 86_400_000 << 80))
        await tx.execute("INSERT INTO inbox VALUES ($1), ($2)", old, new_id())
        await tx.execute("SELECT roll_inbox($1, 3, 14)", today)
        parts = {
            row[0]
            for row in await tx.fetch(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'inbox'::regclass"
            )
        }
        left = await tx.fetchval("SELECT count(*) FROM inbox WHERE event_id = $1", old)
    named = {f"inbox_{today + timedelta(days=d):%Y%m%d}" for d in (1, 2, 3)}
    assert named <= parts
    assert f"inbox_{today - timedelta(days=14):%Y%m%d}" in parts
    assert f"inbox_{today - timedelta(days=20):%Y%m%d}" not in parts
    assert left == 0, "its partition went, and so did it"


async def test_later_events_wait_in_order_through_a_restart(database_url: str, tmp_path: Path, house: House) -> None:
    failing = True
    house.actions.fail = lambda event: failing and event.data.n == 1
    await house.consumer.take([knock("ann", 1), knock("ann", 2)])
    await counts_are(house, {"quarantined": 1, "behind": 1})
    async with AsyncExitStack() as stack:
        again = await build_house(stack, database_url, tmp_path, create=False)
        await again.consumer.take([knock("ann", 3), knock("ben", 3)])
        assert await again.heard() == [("ben", 3)], "the held subject is known after a start"
        first = (await again.consumer.parking.listing())[0]
        await again.consumer.replay(first.event_id)
        await counts_are(again, {})
        assert await again.heard("ann") == [("ann", 1), ("ann", 2), ("ann", 3)]


async def test_what_was_handled_after_all_is_not_parked_and_not_run_again(house: House) -> None:
    """A commit that runs out of time may have come through: the error says nothing of it."""
    envelope = knock("ann", 1)
    await house.consumer.take([envelope])
    await house.consumer.parking.park(envelope, "TimeoutError()", "hold")
    assert await house.consumer.parking.counts() == {}
    assert house.consumer.parking.subjects == set()
    await house.consumer.take([knock("ann", 2, sequence=2)])
    assert await house.heard("ann") == [("ann", 1), ("ann", 2)]
