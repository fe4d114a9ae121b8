"""Jobs: what runs by the clock, once across replicas, under a leased row."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import structlog

from questhall.kernel.contract import SYSTEM, Cause
from questhall.kernel.database import Database, current_cause
from questhall.kernel.ids import new_id
from questhall.kernel.service import Job, Service

__all__ = ["Scheduler"]

LEASE_S = 60
"""A job that takes longer renews its lease every third of this."""

log = structlog.get_logger(__name__)

_TAKE_SQL = """
INSERT INTO leases AS l (name, holder, until, next_at)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3), clock_timestamp() + make_interval(secs => $4))
ON CONFLICT (name) DO UPDATE
SET holder = EXCLUDED.holder, until = EXCLUDED.until, next_at = EXCLUDED.next_at
WHERE l.until < clock_timestamp() AND l.next_at <= clock_timestamp() + interval '50 ms'
RETURNING name
"""
_RENEW_SQL = "UPDATE leases SET until = clock_timestamp() + make_interval(secs => $3) WHERE name = $1 AND holder = $2"
_RELEASE_SQL = "UPDATE leases SET until = '-infinity' WHERE name = $1 AND holder = $2"


class Scheduler:
    """Runs one service's jobs."""

    def __init__(self, service: Service, actions: Any, database: Database) -> None:
        self._service = service
        self._actions = actions
        self._database = database
        self._holder: UUID = new_id()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins; each job runs at once if it is due."""
        self._tasks = [
            asyncio.create_task(self._repeat(job), name=f"job {self._service.name}.{job.name}")
            for job in self._service.schedule()
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
        job = {job.name: job for job in self._service.schedule()}[name]
        await self._work(job)

    async def _repeat(self, job: Job) -> None:
        while True:
            try:
                async with self._database.read() as tx:
                    mine = await tx.fetchval(_TAKE_SQL, job.name, self._holder, LEASE_S, job.every_s)
                if mine is not None:
                    await self._run_leased(job)
            except Exception as error:  # noqa: BLE001 - the next tick tries again
                log.error("job_failed", service=self._service.name, job=job.name, error=repr(error))
            await asyncio.sleep(job.every_s)

    async def _run_leased(self, job: Job) -> None:
        renewal = asyncio.create_task(self._renew(job))
        try:
            await self._work(job)
        finally:
            renewal.cancel()
            async with self._database.read() as tx:
                await tx.execute(_RELEASE_SQL, job.name, self._holder)

    async def _renew(self, job: Job) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            async with self._database.read() as tx:
                await tx.execute(_RENEW_SQL, job.name, self._holder, LEASE_S)

    async def _work(self, job: Job) -> None:
        identifier = new_id()
        cause = Cause(correlation_id=identifier, causation_id=identifier, actor=SYSTEM)
        token = current_cause.set(cause)
        try:
            await job.function(self._actions)
        finally:
            current_cause.reset(token)
