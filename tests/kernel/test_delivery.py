"""Events: order, once, parking, quarantine, replay, and what a restart finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from questhall.kernel import database as database_module
from questhall.kernel import parking as parking_module
from questhall.kernel import relay as relay_module
from questhall.kernel.contract import Cause
from questhall.kernel.ids import new_id
from tests.kernel.toys import House, Knocked, build_house


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield await build_house(stack, database_url, tmp_path)


async def test_every_event_arrives_once_and_in_order(house: House) -> None:
    await asyncio.gather(*(house.knock(f"w{n % 5}", n) for n in range(200)))
    await house.settle()
    async with house.door.read() as tx:
        said = await tx.fetch("SELECT subject, last FROM sequences")
    assert sum(row["last"] for row in said) == 200
    assert len(await house.heard()) == 200
    # What one subject's events carry as sequence is the order in which they were heard.
    for who in {f"w{n}" for n in range(5)}:
        assert len(await house.heard(who)) == 40


async def test_order_within_a_subject_follows_the_sequence(house: House) -> None:
    order: list[int] = []
    inner = house.consumer.take

    async def take(envelopes: list[Any]) -> None:
        order.extend(envelope.sequence for envelope in envelopes)
        await inner(envelopes)

    house.consumer.take = take  # type: ignore[method-assign]
    await asyncio.gather(*(house.knock("ann", n) for n in range(300)))
    await house.settle()
    assert order == list(range(1, 301))


async def test_nothing_is_said_when_the_work_fails(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        async with house.door.tx() as tx:
            tx.emit(Knocked(who="ann", n=1))
            await tx.execute("SELECT 1")
            raise ZeroDivisionError
    await house.settle()
    assert await house.heard() == []
    async with house.door.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM outbox") == 0


def late(monkeypatch: pytest.MonkeyPatch, s: float) -> None:
    """What is committed from now on is on disk that much later."""
    late_commit = f"SET LOCAL synchronous_commit = off; COMMIT; SELECT pg_sleep({s})"
    monkeypatch.setattr(database_module, "PIPELINED_COMMIT", late_commit)


async def test_a_pipelined_tx_gives_its_locks_back_and_speaks_once_it_is_on_disk(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    async def knock(n: int) -> None:
        async with house.door.tx(pipelined=True) as tx:
            await tx.execute("LOCK TABLE sequences IN EXCLUSIVE MODE")
            steps.append(f"locked {n}")
            assert await house.heard() == [], "nothing is said of what a crash could still take"
            tx.emit(Knocked(who="ann", n=n))
        steps.append(f"ended {n}")

    late(monkeypatch, 0.5)
    await asyncio.gather(knock(1), knock(2))
    assert sorted(steps[:2]) == ["locked 1", "locked 2"], "the second had the lock while the first waited for the disk"
    await house.settle()
    assert [n for _, n in await house.heard("ann")] == [int(step[-1]) for step in steps[:2]]


async def test_transactions_whose_answers_come_in_another_order_are_said_in_that_of_their_commits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def knock(n: int) -> None:
        async with house.door.tx(pipelined=True) as tx:
            for who in ("ann", "bob", "eve"):
                tx.emit(Knocked(who=who, n=n))

    async def committed(n: int) -> bool:
        async with house.door.read() as tx:
            return bool(await tx.fetchval("SELECT count(*) FROM outbox") == 3 * n)

    await house.settle()
    knocking: list[asyncio.Task[None]] = []
    for n, wait_s in enumerate((1.2, 0.8, 0)):
        late(monkeypatch, wait_s)
        knocking.append(asyncio.create_task(knock(n)))
        while not await committed(n + 1):
            await asyncio.sleep(0.005)
    for n in (2, 1):
        await knocking[n]
        assert not knocking[0].done()
        assert await house.heard() == [], "who was first to commit is not heard yet"
    await knocking[0]
    await house.settle()
    for who in ("ann", "bob", "eve"):
        assert await house.heard(who) == [(who, 0), (who, 1), (who, 2)]


async def test_a_pipelined_tx_whose_flush_fails_is_found_in_the_table(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "PIPELINED_COMMIT", "COMMIT; SELECT 1 / 0")
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with house.door.tx(pipelined=True) as tx:
                tx.emit(Knocked(who="ann", n=1))
    await house.settle()
    assert await house.heard("ann") == [("ann", 1)], "it was committed after all: the outbox had it"


async def test_a_pipelined_tx_may_wait_for_the_disk_after_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "PIPELINED_COMMIT", "SELECT 1 / 0")
    async with house.door.tx(pipelined=True) as tx:
        tx.emit(Knocked(who="ann", n=1))
        tx.pipelined = False
    await house.settle()
    assert await house.heard("ann") == [("ann", 1)]


async def test_what_is_written_with_its_events_is_one_with_what_is_emitted_before_and_after(house: House) -> None:
    async with house.door.tx() as tx:
        tx.emit(Knocked(who="ann", n=1))
        await tx.write_with_events(
            "kept AS (INSERT INTO leases (name, holder, until) SELECT $4, $5, now())", "a", new_id()
        )
        tx.emit(Knocked(who="ann", n=2))
        with pytest.raises(ZeroDivisionError):
            async with tx.savepoint():
                tx.emit(Knocked(who="ann", n=9))
                await tx.write_with_events(
                    "kept AS (INSERT INTO leases (name, holder, until) SELECT $4, $5, now())", "b", new_id()
                )
                raise ZeroDivisionError
        tx.emit(Knocked(who="ann", n=3))
    await house.settle()
    assert await house.heard("ann") == [("ann", 1), ("ann", 2), ("ann", 3)]
    async with house.door.read() as tx:
        assert await tx.fetchval("SELECT array_agg(name) FROM leases WHERE name IN ('a', 'b')") == ["a"]
        assert await tx.fetchval("SELECT last FROM sequences WHERE subject LIKE '%ann%'") == 3


async def test_a_pipelined_tx_that_fails_leaves_nothing(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        async with house.door.tx(pipelined=True) as tx:
            await tx.execute("SELECT 1")
            tx.emit(Knocked(who="ann", n=1))
            raise ZeroDivisionError
    await house.settle()
    assert await house.heard() == []


async def test_the_same_event_three_times_and_in_one_batch_has_one_effect(house: House) -> None:
    async with house.door.tx() as tx:
        envelope = tx.emit(Knocked(who="ann", n=1))
    await house.settle()
    await house.consumer.take([envelope, envelope])
    await house.consumer.take([envelope])
    assert await house.heard() == [("ann", 1)]


async def test_outboxes_are_empty_after_the_drain_and_effects_name_their_cause(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = new_id()
    async with house.door.tx(cause=Cause(correlation_id=request, causation_id=request, actor="user:x")) as tx:
        knocked = tx.emit(Knocked(who="ann", n=1))
    opened: list[Any] = []
    publish = house.bus.publish
    monkeypatch.setattr(house.bus, "publish", lambda e, p, c: (opened.extend(e), publish(e, p, c))[1])
    await house.settle()
    assert [(e.correlation_id, e.causation_id, e.actor, e.depth) for e in opened if e.type == "door.opened"] == [
        (request, knocked.id, "user:x", 2)
    ]
    for database in (house.door, house.porter):
        async with database.read() as tx:
            assert await tx.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_failing_event_parks_its_subject_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parking_module, "BACKOFF_S", (0.2, 0.2, 0.2, 0.2, 0.2))
    failing = True
    house.actions.fail = lambda event: failing and event.data.n == 1
    for n in range(4):
        await house.knock("ann", n)
        await house.knock("ben", n)
    await house.settle()
    assert await house.heard("ben") == [("ben", 0), ("ben", 2), ("ben", 3)] or await house.heard("ben") == [("ben", 0)]
    assert await house.heard("ann") == [("ann", 0)]
    assert house.consumer.parking.subjects == {"ann", "ben"}
    await house.knock("cem", 9)
    await house.settle()
    assert await house.heard("cem") == [("cem", 9)], "another subject never waits"
    failing = False
    async with asyncio.timeout(10):
        while house.consumer.parking.subjects:
            await asyncio.sleep(0.05)
    assert await house.heard("ann") == [("ann", n) for n in range(4)], "later events waited behind it, in order"
    assert await house.heard("ben") == [("ben", n) for n in range(4)]


async def test_what_keeps_failing_is_quarantined_held_and_replayable(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parking_module, "BACKOFF_S", (0.01,) * 5)
    failing = True
    house.actions.fail = lambda event: failing and event.data.n == 1
    await house.knock("ann", 1)
    await house.knock("ann", 2)
    async with asyncio.timeout(20):
        while (await house.consumer.parking.counts()).get("quarantined") != 1:
            await asyncio.sleep(0.02)
    waiting = await house.consumer.parking.listing()
    assert [(p.state, p.attempts) for p in waiting] == [("quarantined", 5), ("behind", 0)]
    assert "can't open to ann 1" in waiting[0].error
    assert await house.heard() == [], "the subject is held"
    failing = False
    assert await house.consumer.replay(waiting[0].event_id)
    async with asyncio.timeout(10):
        while await house.consumer.parking.counts():
            await asyncio.sleep(0.02)
    assert await house.heard() == [("ann", 1), ("ann", 2)]
    assert not await house.consumer.replay(new_id())


async def test_poison_is_quarantined_without_a_try(house: House) -> None:
    async with house.door.tx() as tx:
        good = tx.emit(Knocked(who="ann", n=1))
    await house.settle()
    bad = type(good)(
        **{f: getattr(good, f) for f in good.__struct_fields__} | {"id": new_id(), "raw": b'{"who":3}', "typed": None}
    )
    deep = type(good)(
        **{f: getattr(good, f) for f in good.__struct_fields__} | {"id": new_id(), "subject": "deep", "depth": 13}
    )
    await house.consumer.take([bad, deep])
    assert await house.consumer.parking.counts() == {"quarantined": 2}
    assert await house.heard() == [("ann", 1)]


async def test_a_restart_delivers_what_the_outbox_holds(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        house = await build_house(stack, database_url, tmp_path)
        await house.bus.stop()
        for n in range(20):
            await house.knock("ann", n)
    async with AsyncExitStack() as stack:
        house = await build_house(stack, database_url, tmp_path, create=False)
        await house.settle()
        assert await house.heard() == [("ann", n) for n in range(20)]


async def test_a_flood_is_read_from_the_table_and_stays_in_order(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "IN_FLIGHT_MAX", 20)
    monkeypatch.setattr(relay_module, "IN_FLIGHT_LOW", 5)
    monkeypatch.setattr(relay_module, "READ_MAX", 7)
    for n in range(150):
        await house.knock("ann", n)
    await asyncio.gather(*(house.knock("ben", n) for n in range(150)))
    await house.settle(20)
    assert await house.heard("ann") == [("ann", n) for n in range(150)]
    assert len(await house.heard("ben")) == 150


async def test_an_event_stranded_between_commit_and_hand_over_is_found(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "STRANDED_AFTER_S", 0)
    outgoing, house.door.outgoing = house.door.outgoing, None
    await house.knock("ann", 1)
    house.door.outgoing = outgoing
    async with asyncio.timeout(10):
        while not await house.heard():
            await asyncio.sleep(0.05)
    await house.settle()
    assert await house.heard() == [("ann", 1)]


async def test_twelve_thousand_that_wait_are_kept_in_the_table_and_arrive_in_order(house: House) -> None:
    """While a consumer takes nothing, memory holds no more than its share; the rest is read when there is room."""
    gate, order, most = asyncio.Event(), list[tuple[str, int]](), 0
    relay, inner = house.relays[0], house.consumer.take

    async def take(envelopes: list[Any]) -> None:
        await gate.wait()
        order.extend((envelope.subject, envelope.sequence) for envelope in envelopes)
        await inner(envelopes)

    house.consumer.take = take  # type: ignore[method-assign]
    for n in range(0, 12_000, 100):
        async with house.door.tx() as tx:
            for k in range(n, n + 100):
                tx.emit(Knocked(who=f"w{k % 7}", n=k))
        most = max(most, len(relay._in_flight))
    assert most <= relay_module.IN_FLIGHT_MAX
    rows, _ = await relay.backlog()
    assert rows == 12_000
    assert not relay.idle()
    gate.set()
    await house.settle(90)
    for who in {f"w{k}" for k in range(7)}:
        mine = [sequence for subject, sequence in order if subject == who]
        assert mine == list(range(1, len(mine) + 1))
    assert len(order) == 12_000
    assert (await relay.backlog())[0] == 0
