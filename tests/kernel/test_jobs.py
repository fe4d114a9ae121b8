"""Jobs: once across replicas, again after a holder died, renewed while they last."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from questhall.kernel import jobs as jobs_module
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


async def tick_rarely(actions: _Count) -> None:
    """Counts, once a day."""
    actions.runs.append("system")


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


async def test_a_job_whose_holder_died_is_run_by_another_process_soon(database_url: str, tmp_path: Path) -> None:
    """The leader is killed in the middle of a job: what it began is begun again when its lease is over, and once."""
    async with AsyncExitStack() as stack:
        house = await build_house(stack, database_url, tmp_path)

        def replica(takes_s: float) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "tests.kernel.job_worker", house.porter.dsn]
            started = subprocess.Popen(command, env={**os.environ, "TICK_TAKES_S": str(takes_s)})
            stack.callback(started.wait)
            stack.callback(started.kill)
            return started

        async def rows(until: Callable[[list[tuple[str, int]]], bool]) -> list[tuple[str, int]]:
            async with asyncio.timeout(30):
                while not until(found := await house.heard()):
                    await asyncio.sleep(0.02)
            return found

        leader = replica(60)
        await rows(lambda found: found == [("begun", leader.pid)])
        other = replica(0.2)
        await asyncio.sleep(2.5)
        assert await house.heard() == [("begun", leader.pid)], "renewed while it lasts: nobody else begins"
        leader.kill()
        leader.wait()
        died = asyncio.get_running_loop().time()
        await rows(lambda found: ("done", other.pid) in found)
        assert asyncio.get_running_loop().time() - died < 4, "a lease, and the half second between looks"
        third = replica(0.2)
        found = await rows(lambda found: len(found) >= 6)
        assert {who for _, who in found} <= {leader.pid, other.pid, third.pid}
        assert [state for state, _ in found].count("begun") <= 2, "one at a time"


async def test_a_rare_job_is_not_lost_with_its_holder(database_url: str, tmp_path: Path) -> None:
    """It is due until it is done: not a day later, because somebody began it."""
    async with AsyncExitStack() as stack:
        house = await build_house(stack, database_url, tmp_path)
        actions = _Count()
        service = _service()
        service.jobs.tick = every(24 * 3600, name="tick")(tick_rarely)
        dead = Scheduler(service, actions, house.porter)
        async with house.porter.read() as tx:
            assert await tx.fetchval(jobs_module._TAKE_SQL, "tick", dead._holder, 0.2) is not None
        await asyncio.sleep(0.3)
        living = Scheduler(service, actions, house.porter)
        await living.start()
        await asyncio.sleep(0.2)
        await living.stop()
        assert len(actions.runs) == 1
        again = Scheduler(service, actions, house.porter)
        await again.start()
        await asyncio.sleep(0.2)
        await again.stop()
        assert len(actions.runs) == 1, "now it is done for the day"


async def test_a_job_whose_lease_is_anothers_ends(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "LEASE_S", 0.6)
    ended = asyncio.Event()

    @every(60, name="long")
    async def work_long(_actions: _Count) -> None:
        """Would take an hour."""
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    module = ModuleType("jobs")
    module.work_long = work_long  # type: ignore[attr-defined]
    async with AsyncExitStack() as stack:
        house = await build_house(stack, database_url, tmp_path)
        scheduler = Scheduler(msgspec.structs.replace(PORTER, jobs=module), _Count(), house.porter)
        await scheduler.start()
        await asyncio.sleep(1.0)
        assert not ended.is_set(), "its lease is renewed"
        async with house.porter.read() as tx:
            await tx.execute("UPDATE leases SET holder = gen_random_uuid(), until = clock_timestamp() + interval '1 h'")
        await asyncio.wait_for(ended.wait(), 5)
        async with house.porter.read() as tx:
            assert await tx.fetchval("SELECT until > clock_timestamp() FROM leases"), "the other's lease is its own"
        await scheduler.stop()


async def test_a_job_that_fails_is_tried_before_its_next_time(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "RETRY_S", 0.2)
    monkeypatch.setattr(jobs_module, "LOOK_EVERY_MAX_S", 0.1)
    tries: list[int] = []

    @every(86_400, name="daily")
    async def work_daily(_actions: _Count) -> None:
        """Fails the first time."""
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("not today")

    module = ModuleType("jobs")
    module.work_daily = work_daily  # type: ignore[attr-defined]
    async with AsyncExitStack() as stack:
        house = await build_house(stack, database_url, tmp_path)
        scheduler = Scheduler(msgspec.structs.replace(PORTER, jobs=module), _Count(), house.porter)
        await scheduler.start()
        await asyncio.sleep(2)
        await scheduler.stop()
        assert len(tries) == 2
