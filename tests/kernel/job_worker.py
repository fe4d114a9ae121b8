"""A process that runs one job by the clock, as a replica of the toy porter; its ticks are rows."""

from __future__ import annotations

import asyncio
import os
import sys
from types import ModuleType
from typing import Any

import msgspec

from questhall.kernel import jobs
from questhall.kernel.clock import Clock
from questhall.kernel.database import Database
from questhall.kernel.jobs import Scheduler
from questhall.kernel.service import every
from tests.kernel.toys import PORTER


@every(0.5, name="tick")
async def tick(database: Database) -> None:
    """Notes who ran, from when to when; the first process is told to take its time."""
    async with database.read() as tx:
        row = await tx.fetchval("INSERT INTO heard (who, n) VALUES ('begun', $1) RETURNING id", os.getpid())
        await asyncio.sleep(float(os.environ.get("TICK_TAKES_S", "0")))
        await tx.execute("UPDATE heard SET who = 'done' WHERE id = $1", row)


async def main(dsn: str) -> None:
    """Runs until it is killed."""
    jobs.LEASE_S = 1.5
    database = Database("porter", dsn, clock=Clock())
    await database.open()
    module: Any = ModuleType("jobs")
    module.tick = tick
    await Scheduler(msgspec.structs.replace(PORTER, jobs=module), database, database).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
