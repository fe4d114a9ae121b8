"""Background jobs: what was asked for once and takes long.

Each is done in steps of one transaction: what a step did, where the job goes on and how far it is are one commit. So a job that
was cut off at any moment goes on where it was, and does nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog

from questhall.kernel.contract import Cause, JobState, Refusal
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Database, Record, Tx, current_cause, is_unavailable, json_text
from questhall.kernel.ids import new_id
from questhall.kernel.service import Background, Job, Service

__all__ = ["BackgroundJob", "NotReady", "background_job", "enqueue", "forget_finished", "job_state", "wait_for_step"]

STEPPED = declare("background.after_step")

AT_ONCE = 3
"""So many of a service run side by side: a long one keeps no short one waiting."""
LOOK_EVERY_S = 1.0
ATTEMPTS = 5
BACK_OFF = timedelta(seconds=2)
"""After the first failure; doubled with each."""
SOON = timedelta(seconds=1)
KEPT_DAYS = 7
"""How long a job that ended can be asked about."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class NotReady(Exception):
    """What a job waits for is not there yet: it is tried again soon, and that is no failure."""


class _Overtaken(Exception):
    """Another runs this job, or it is gone."""


class BackgroundJob:
    """A job in hand. Its function takes steps until it has a result; begun anew, it goes on from ``state``."""

    def __init__(self, database: Database, row: Record) -> None:
        self._database = database
        self._row = row
        self._state: str | None = row["state"]
        self._result: Any = None
        self.id: UUID = row["id"]
        self.created_at: datetime = row["created_at"]
        self.steps: int = row["steps"]
        """Steps that were taken."""
        self.owner: UUID | None = row["owner"]
        self.done: int = row["done"]
        """How much is done, of ``total``; in whatever unit the kind has."""
        self.total: int | None = row["total"]

    @property
    def age(self) -> timedelta:
        """How long ago it was asked for."""
        return self._database.clock.now() - self.created_at

    def arguments(self, kind: type[T]) -> T:
        """What it was asked with."""
        return msgspec.json.decode(self._row["arguments"], type=kind)

    def state(self, kind: type[T]) -> T | None:
        """Where the last step left off; None before the first."""
        return None if self._state is None else msgspec.json.decode(self._state, type=kind)

    def go_on_from(self, state: msgspec.Struct) -> None:
        """Where the job goes on after this step."""
        self._state = json_text(state)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Within a step: it is the last one, and this is the answer."""
        self._result = dict(result)

    @asynccontextmanager
    async def step(self) -> AsyncIterator[Tx]:
        """One transaction of the job; ends with where it goes on. Other services are called before it, never inside."""
        async with self._database.tx() as tx:
            # The row stays locked: nobody else takes this step, and who waits for it waits until it is committed.
            if await tx.execute(_BEGIN_SQL, self.id, self.steps) != "UPDATE 1":
                raise _Overtaken
            yield tx
            await tx.execute(
                _SAVE_SQL,
                self.id,
                self._state,
                self.done,
                self.total,
                None if self._result is None else json_text(self._result),
                tx.now,
            )
        self.steps += 1
        crash_point(STEPPED)


_BEGIN_SQL = (
    "UPDATE background_jobs SET steps = steps + 1, status = 'running', attempts = 0 "
    "WHERE id = $1 AND steps = $2 AND finished_at IS NULL"
)
_SAVE_SQL = (
    "UPDATE background_jobs SET state = $2::jsonb, done = $3, total = $4, result = $5::jsonb, "
    "status = CASE WHEN $5::jsonb IS NULL THEN status ELSE 'done' END, "
    "finished_at = CASE WHEN $5::jsonb IS NOT NULL THEN $6::timestamptz END WHERE id = $1"
)
_COLUMNS = "id, kind, status, owner, permission, done, total, result, problem, created_at, finished_at"


async def enqueue(
    tx: Tx,
    kind: str,
    arguments: msgspec.Struct,
    *,
    owner: UUID | None = None,
    permission: str | None = None,
    about: str = "",
) -> JobState:
    """Asks for a job, with what this transaction does; where one of its kind ``about`` the same is open, that is it.

    ``owner``: the player whose job it is, and who may look at it; ``permission``: whoever has it may, too.
    """
    row = await tx.fetchrow(
        "INSERT INTO background_jobs (id, kind, about, owner, arguments, cause, next_at, created_at, permission) "
        "VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $7, $8) ON CONFLICT (kind, about) WHERE finished_at IS NULL "
        f"DO UPDATE SET kind = EXCLUDED.kind RETURNING {_COLUMNS}",
        new_id(),
        kind,
        about,
        owner,
        json_text(arguments),
        json_text(tx.cause),
        tx.now,
        permission,
    )
    assert row is not None
    return _state_of(row)


async def job_state(database: Database, job_id: UUID) -> JobState | None:
    """How far a job is; None if this service has none of that id."""
    async with database.read() as tx:
        row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM background_jobs WHERE id = $1", job_id)
    return None if row is None else _state_of(row)


async def wait_for_step(tx: Tx, kind: str) -> None:
    """Waits until the open jobs of a kind are between two steps; they stay there until this transaction ends."""
    await tx.fetch(
        "SELECT id FROM background_jobs WHERE kind = $1 AND finished_at IS NULL ORDER BY id FOR UPDATE", kind
    )


def _state_of(row: Record) -> JobState:
    values = {name: row[name] for name in JobState.__struct_fields__ if name not in ("result", "problem")}
    for name in ("result", "problem"):
        values[name] = None if row[name] is None else msgspec.json.decode(row[name])
    return JobState(**values)


# Running


def background_job(service: Service, actions: Any, database: Database) -> Job | None:
    """The scheduled job that runs a service's background jobs: under its lease, so by one replica. None without any."""
    kinds = {one.kind: one for one in service.backgrounds()}
    if not kinds:
        return None

    async def run_background(_actions: Any) -> None:
        await _Runner(kinds, actions, database).run()

    async def due() -> bool:
        async with database.read() as tx:
            return bool(await tx.fetchval(f"SELECT EXISTS (SELECT FROM background_jobs WHERE {_DUE})", tx.now))

    return Job(run_background, "background", LOOK_EVERY_S, due)


_DUE = "finished_at IS NULL AND next_at <= $1"


class _Runner:
    """Runs what is due, and what becomes due meanwhile."""

    def __init__(self, kinds: Mapping[str, Background], actions: Any, database: Database) -> None:
        self._kinds = kinds
        self._actions = actions
        self._database = database

    async def run(self) -> None:
        tasks: dict[UUID, asyncio.Task[None]] = {}
        try:
            while True:
                async with self._database.read() as tx:
                    rows = await tx.fetch(
                        f"SELECT * FROM background_jobs WHERE {_DUE} AND kind = ANY($2::text[]) AND id <> ALL($3::uuid[]) "
                        "ORDER BY created_at LIMIT $4",
                        tx.now,
                        list(self._kinds),
                        list(tasks),
                        AT_ONCE - len(tasks),
                    )
                for row in rows:
                    tasks[row["id"]] = asyncio.create_task(self._run(row), name=f"background {row['kind']}")
                if not tasks:
                    return
                ended, _ = await asyncio.wait(tasks.values(), timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                tasks = {job_id: task for job_id, task in tasks.items() if task not in ended}
                for task in ended:
                    task.result()
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _run(self, row: Record) -> None:
        job = BackgroundJob(self._database, row)
        current_cause.set(msgspec.json.decode(row["cause"], type=Cause))
        try:
            await self._kinds[row["kind"]].function(self._actions, job)
        except _Overtaken:
            log.info("background_overtaken", service=self._database.service, kind=row["kind"], job=str(job.id))
        except NotReady:
            await self._later(job, SOON, failed=False)
        except Refusal as refusal:
            await self._fail(job, {"code": refusal.code, "title": refusal.title, "detail": refusal.detail})
        except Exception as error:
            if is_unavailable(error):
                raise
            log.error("background_failed", service=self._database.service, kind=row["kind"], exc_info=error)
            failures = row["attempts"] if job.steps == row["steps"] else 0
            if failures + 1 < ATTEMPTS:
                await self._later(job, BACK_OFF * 2**failures, failed=True)
            else:
                await self._fail(job, {"code": "internal", "title": "Something went wrong on our side", "detail": ""})

    async def _later(self, job: BackgroundJob, wait: timedelta, *, failed: bool) -> None:
        async with self._database.tx() as tx:
            await tx.execute(
                "UPDATE background_jobs SET status = 'running', next_at = $2, attempts = attempts + $3 WHERE id = $1",
                job.id,
                tx.now + wait,
                int(failed),
            )

    async def _fail(self, job: BackgroundJob, problem: Mapping[str, str]) -> None:
        async with self._database.tx() as tx:
            await tx.execute(
                "UPDATE background_jobs SET status = 'failed', problem = $2::jsonb, finished_at = $3 "
                "WHERE id = $1 AND finished_at IS NULL",
                job.id,
                json_text(problem),
                tx.now,
            )


async def forget_finished(tx: Tx) -> None:
    """Ends the jobs that were over long ago."""
    await tx.execute(
        "DELETE FROM background_jobs WHERE finished_at < $1::timestamptz - make_interval(days => $2)",
        tx.now,
        KEPT_DAYS,
    )
