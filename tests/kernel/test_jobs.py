"""Jobs: once across replicas, again after a holder died, renewed while they last."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from questhall.kernel.database import current_cause
from questhall.kernel.jobs import Scheduler
from questhall.kernel.service import every
from tests.kernel.toys import PORTER, build_house


class _Count:
    def __init__(self) -> None:
        self.runs: list[str] = []


@every(0.2, name="tick")
async def tick(actions: _Count) -> None:
    """Counts."""
    cause = current_cause.get()
    assert cause is not None
    actions.runs.append(cause.actor)


def _service() -> Any:
    module = ModuleType("jobs")
    module.tick = tick  # type: ignore[attr-defined]
    return msgspec.structs.replace(PORTER, jobs=module)


async def test_two_replicas_share_the_ticks(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        house = await build_house(stack, database_url, tmp_path)
        one, two = _Count(), _Count()
        schedulers = [Scheduler(_service(), actions, house.porter) for actions in (one, two)]
        for scheduler in schedulers:
            await scheduler.start()
        await asyncio.sleep(1.1)
        for scheduler in schedulers:
            await scheduler.stop()
        assert 3 <= len(one.runs) + len(two.runs) <= 6
        assert set(one.runs + two.runs) == {"system"}


async def test_a_lease_of_a_dead_holder_runs_out(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        house = await build_house(stack, database_url, tmp_path)
        async with house.porter.read() as tx:
            dead = await tx.fetchval(
                "INSERT INTO leases (name, holder, until) VALUES ('tick', gen_random_uuid(), "
                "clock_timestamp() + interval '0.5 s') RETURNING name"
            )
        assert dead == "tick"
        actions = _Count()
        scheduler = Scheduler(_service(), actions, house.porter)
        await scheduler.start()
        await asyncio.sleep(0.3)
        assert actions.runs == [], "another holds it"
        await asyncio.sleep(0.7)
        await scheduler.stop()
        assert actions.runs, "its lease ran out"
