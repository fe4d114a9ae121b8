"""What is undone before it was heard is never handled: not yet there, parked, behind, or in the middle of being handled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from questhall.contracts.achievements import Achievements
from questhall.contracts.currency import Currency
from questhall.contracts.quests import Quests
from questhall.contracts.rewards import Reason, Reward, grant
from questhall.kernel import parking as parking_module
from questhall.kernel.contract import Event
from questhall.kernel.forgoing import forgo
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall
from tests.achievements.test_badges import BASE
from tests.achievements.test_badges import publish as publish_badge
from tests.kernel.test_poison import counts_are, knock, until
from tests.kernel.toys import House, build_house
from tests.quests.test_quests import MERGE, did, publish


@pytest.fixture
async def house(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(parking_module, "BACKOFF_S", (0.01,) * 5)
    async with AsyncExitStack() as stack:
        yield await build_house(stack, database_url, tmp_path)


async def undo(house: House, *event_ids: UUID) -> int:
    """Forgoes events and answers what there is of effects by then."""
    async with house.porter.tx() as tx:
        await forgo(tx, event_ids)
        return int(await tx.fetchval("SELECT count(*) FROM heard"))


async def forgone(house: House) -> set[UUID]:
    async with house.porter.read() as tx:
        return {row[0] for row in await tx.fetch("SELECT event_id FROM forgone")}


async def test_what_is_undone_before_it_comes_is_never_handled(house: House) -> None:
    events = [knock("ann", n, sequence=n) for n in (1, 2, 3)]
    await house.consumer.take(events[:1])
    for _ in range(2):
        await undo(house, events[0].id, events[1].id)
    for _ in range(2):
        await house.consumer.take(events)
    assert await house.heard() == [("ann", 1), ("ann", 3)]
    assert await forgone(house) == {events[1].id}, "what was handled is for the service to undo"


async def test_what_is_undone_while_it_waits_lets_its_subject_go(house: House) -> None:
    house.actions.fail = lambda event: event.data.n == 1
    events = [knock("ann", n, sequence=n) for n in (1, 2, 3)]
    await house.consumer.take(events)
    await counts_are(house, {"quarantined": 1, "behind": 2})
    await undo(house, events[0].id, events[1].id)
    await counts_are(house, {})
    await house.consumer.take([knock("ann", 4, sequence=4)])

    async def all_heard() -> bool:
        return await house.heard() == [("ann", 3), ("ann", 4)]

    await until(all_heard)
    assert await forgone(house) == {events[0].id, events[1].id}


async def test_an_undo_waits_for_what_is_being_handled_and_finds_what_it_did(house: House, database_url: str) -> None:
    event = knock("ann", 1)
    admin = await asyncpg.connect(database_url)
    try:
        async with admin.transaction():
            await admin.execute("LOCK TABLE porter.heard IN EXCLUSIVE MODE")
            handling = asyncio.create_task(house.consumer.take([event]))
            await until(lambda: _waits_for(admin, "INSERT INTO heard"))
            undoing = asyncio.create_task(undo(house, event.id))
            await until(lambda: _waits_for(admin, "INSERT INTO inbox"))
    finally:
        await admin.close()
    await handling
    assert await undoing == 1
    assert await forgone(house) == set()


async def _waits_for(admin: Any, statement: str) -> bool:
    sql = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 || '%')"
    await admin.execute("SELECT pg_stat_clear_snapshot()")
    return bool(await admin.fetchval(sql, statement))


async def test_an_undo_that_overtakes_an_act_or_a_reward_leaves_nothing_of_it(hall: Hall) -> None:
    await publish(hall, MERGE)
    await publish_badge(hall, BASE)
    wren = await hall.user("wren")
    reason = Reason(kind="quest", id=new_id(), title="a walk")
    reward = grant(new_id(), wren.user_id, Reward(currencies={"xp": 150, "coins": 3}), reason)
    ids = [await overtaken(hall, "integrations", did(wren)), await overtaken(hall, "identity", reward)]
    for kind in ("quest.completed", "badge.earned", "currency.credited", "level.reached"):
        assert await hall.log(kind) == [], kind
    for contract in (Quests, Achievements, Currency):
        assert (await hall.actions(contract).revert(ids)).undone == [], "again: there is nothing"
    await hall.record("integrations", did(wren))
    assert len(await hall.log("quest.completed")) == len(await hall.log("badge.earned")) == 1


async def overtaken(hall: Hall, producer: str, event: Event) -> UUID:
    """Has an event undone everywhere before it is said."""
    event_id = new_id()
    for contract in (Quests, Achievements, Currency):
        assert (await hall.actions(contract).revert([event_id])).undone == []
    async with hall.installation.process.running[producer].site.db.tx() as tx:
        tx.emit(event, event_id=event_id)
    await hall.drain()
    return event_id
