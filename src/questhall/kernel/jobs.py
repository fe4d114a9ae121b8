"""Jobs: what runs by the clock, once across replicas, under a leased row."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from questhall.kernel.absence import news
from questhall.kernel.background import background_job
from questhall.kernel.contract import SYSTEM, Cause
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Database, current_cause
from questhall.kernel.ids import new_id
from questhall.kernel.service import Job, Service

__all__ = ["Scheduler"]

STARTED = declare("jobs.after_take_before_work")
WORKED = declare("jobs.after_work_before_release")

LEASE_S = 10.0
"""After a holder's death its job waits this long at most. One that takes longer renews its lease every third of it."""

RETRY_S = 30.0
"""A job that failed is tried again this soon, or at its own time if that comes first."""

LOOK_EVERY_MIN_S = 0.05
LOOK_EVERY_MAX_S = 30.0
"""A job that is rare is looked for this often all the same: its holder may have died."""

log = structlog.get_logger(__name__)

# When the job is due next is written as it ends: so one whose holder died is due still when the lease runs out.
_TAKE_SQL = """
INSERT INTO leases AS l (name, holder, until)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
WHERE l.until < clock_timestamp() AND l.next_at <= clock_timestamp() + interval '50 ms'
RETURNING clock_timestamp()
"""
_RENEW_SQL = "UPDATE leases SET until = clock_timestamp() + make_interval(secs => $3) WHERE name = $1 AND holder = $2"
_RELEASE_SQL = """
UPDATE leases SET until = '-infinity', next_at = $3::timestamptz + make_interval(secs => $4) WHERE name = $1 AND holder = $2
"""
# Never less than nothing: a lease that was given back ends at -infinity.
_WAIT_SQL = """
SELECT extract(epoch FROM greatest(until, next_at, clock_timestamp()) - clock_timestamp())::float8 FROM leases WHERE name = $1
"""


class Scheduler:
    """Runs one service's jobs."""

    def __init__(self, service: Service, actions: Any, database: Database) -> None:
        self._service = service
        self._actions = actions
        self._database = database
        self._holder: UUID = new_id()
        self._tasks: list[asyncio.Task[None]] = []
        background = background_job(service, actions, database)
        self._jobs = {job.name: job for job in [*service.schedule(), *([background] if background else [])]}

    async def start(self) -> None:
        """Begins; each job runs at once if it is due."""
        self._tasks = [
            asyncio.create_task(self._repeat(job), name=f"job {self._service.name}.{job.name}")
            for job in self._jobs.values()
        ]

    async def stop(self) -> None:
        """Ends; a job in hand is cancelled (its transaction rolls back) and its lease given back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._tasks:
            try:
                async with self._database.read() as tx:
                    await tx.execute("UPDATE leases SET until = '-infinity' WHERE holder = $1", self._holder)
            except Exception as error:  # noqa: BLE001 - leases run out by themselves
                log.info("leases_left", service=self._service.name, error=repr(error))

    async def run(self, name: str) -> None:
        """Runs a job now, whatever its lease says; for tests and commands. KeyError if there is none of that name."""
        await self._work(self._jobs[name])

    async def _repeat(self, job: Job) -> None:
        longest = min(job.every_s, LOOK_EVERY_MAX_S)
        while True:
            wait = longest
            try:
                if job.due is not None and not await job.due():
                    await asyncio.sleep(longest)
                    continue
                async with self._database.read() as tx:
                    began = await tx.fetchval(_TAKE_SQL, job.name, self._holder, LEASE_S)
                if began is not None:
                    await self._run_leased(job, began)
                async with self._database.read() as tx:
                    wait = await tx.fetchval(_WAIT_SQL, job.name)
            except Exception as error:  # noqa: BLE001 - it is tried again
                if news(self._service.name, error):
                    log.error("job_failed", service=self._service.name, job=job.name, error=repr(error))
            await asyncio.sleep(min(max(wait, LOOK_EVERY_MIN_S), longest))

    async def _run_leased(self, job: Job, began: datetime) -> None:
        crash_point(STARTED)
        work = asyncio.create_task(self._work(job))
        lease = asyncio.create_task(self._keep_lease(job))
        every_s = min(job.every_s, RETRY_S)
        try:
            await asyncio.wait((work, lease), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                log.error("lease_lost", service=self._service.name, job=job.name)
                return
            work.result()
            every_s = job.every_s
        finally:
            crash_point(WORKED)
            for task in (work, lease):
                task.cancel()
            await asyncio.gather(work, lease, return_exceptions=True)
            async with self._database.read() as tx:
                await tx.execute(_RELEASE_SQL, job.name, self._holder, began, every_s)

    async def _keep_lease(self, job: Job) -> None:
        """Renews; ends when the lease is another's, or may be."""
        loop = asyncio.get_running_loop()
        good_until = loop.time() + LEASE_S
        while loop.time() < good_until:
            await asyncio.sleep(LEASE_S / 3)
            asked = loop.time()
            try:
                async with asyncio.timeout_at(good_until), self._database.read() as tx:
                    if await tx.execute(_RENEW_SQL, job.name, self._holder, LEASE_S) == "UPDATE 0":
                        return
                good_until = asked + LEASE_S
            except Exception as error:  # noqa: BLE001 - tried again until the lease is over
                if news(self._service.name, error):
                    log.warning("lease_not_renewed", service=self._service.name, job=job.name, error=repr(error))

    async def _work(self, job: Job) -> None:
        identifier = new_id()
        cause = Cause(correlation_id=identifier, causation_id=identifier, actor=SYSTEM)
        token = current_cause.set(cause)
        try:
            await job.function(self._actions)
        finally:
            current_cause.reset(token)
