"""Parking: an event that can't be handled waits in the consumer's own database, and its subject's later ones behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog

from questhall.kernel.absence import news
from questhall.kernel.contract import Envelope
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Database, Record, Tx, current_cause, is_unavailable

__all__ = ["Parked", "Parking"]

PARKED = declare("parking.after_park_before_confirm")
BEFORE_RETRY_COMMIT = declare("parking.before_retry_commit")
AFTER_RETRY_COMMIT = declare("parking.after_retry_commit")
FAILED = declare("parking.after_failure_noted")
REPLAYED = declare("parking.after_replay_before_retry")

TRIES = 5
"""After so many failures an event is quarantined."""
ERROR_MAX = 2000
BACKOFF_S = (1, 2, 4, 8, 16)
LOOK_EVERY_S = 0.25

log = structlog.get_logger(__name__)

_PARK_SQL = """
INSERT INTO parked (event_id, subject, state, policy, attempts, next_at, error, type, envelope)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::timestamptz[], $7::text[], $8::text[],
                     $9::jsonb[])
ON CONFLICT (event_id) DO NOTHING
"""
_HOLDING = "state IN ('parked', 'behind') OR (state = 'quarantined' AND policy = 'hold')"
_SUBJECTS_SQL = f"SELECT DISTINCT subject FROM parked WHERE {_HOLDING}"
# The oldest event of each subject that is held; due, unless it is quarantined.
_DUE_SQL = f"""
SELECT * FROM (SELECT DISTINCT ON (subject) * FROM parked WHERE {_HOLDING} ORDER BY subject, position) AS head
WHERE state <> 'quarantined' AND (state = 'behind' OR next_at <= clock_timestamp())
ORDER BY position LIMIT 100
"""


_STILL_DUE_SQL = """
SELECT 1 FROM parked WHERE event_id = $1 AND (state = 'behind' OR state = 'parked' AND next_at <= clock_timestamp()) FOR UPDATE
"""
_FAILED_SQL = """
UPDATE parked SET attempts = attempts + 1, error = $2, state = CASE WHEN attempts + 1 >= $3 THEN 'quarantined' ELSE 'parked' END,
       next_at = clock_timestamp() + make_interval(secs => ($4::int[])[least(attempts + 1, cardinality($4::int[]))])
WHERE event_id = $1 RETURNING state
"""


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """An event that waits, as an operator sees it."""

    event_id: UUID
    type: str
    subject: str
    state: str
    attempts: int
    error: str
    parked_at: datetime


class Parking:
    """What one consumer could not handle yet."""

    def __init__(self, database: Database, run: Callable[[Tx, Envelope[Any]], Awaitable[None]]) -> None:
        self._database = database
        self._run = run
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self.subjects: set[str] = set()
        """Subjects whose later events must wait."""
        self.lock = asyncio.Lock()
        """Held by a delivery, and while ``subjects`` is read anew: so a subject is let go only between deliveries."""

    async def start(self) -> None:
        """Learns what waits and begins to try again."""
        await self._refresh()
        self._task = asyncio.create_task(self._work(), name=f"parking {self._database.service}")

    async def stop(self) -> None:
        """Ends trying."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def park(self, envelope: Envelope[Any], error: str, policy: str) -> None:
        """After a first failure: it is tried again after a second.

        Not if it was handled after all: a commit that ran out of time may have come through.
        """
        async with self._database.tx(cause=envelope.cause()) as tx:
            if not await self._mark_handled(tx, [envelope]):
                return
            await self._put(tx, [envelope], "parked", [policy], error, attempts=1)
        crash_point(PARKED)
        self.subjects.add(envelope.subject)

    async def quarantine(self, envelope: Envelope[Any], error: str, policy: str) -> None:
        """For what no retry can help. One that comes again, after it was put here or replayed, is dropped."""
        async with self._database.tx(cause=envelope.cause()) as tx:
            if not await self._mark_handled(tx, [envelope]):
                return
            await self._put(tx, [envelope], "quarantined", [policy], error, attempts=TRIES)
        log.error("event_quarantined", service=self._database.service, id=str(envelope.id), error=error)
        if policy == "hold":
            self.subjects.add(envelope.subject)

    async def put_behind(self, tx: Tx, envelopes: list[Envelope[Any]], policy: Callable[[Envelope[Any]], str]) -> None:
        """In the delivery's own transaction: later events of a subject that waits."""
        await self._put(tx, envelopes, "behind", [policy(e) for e in envelopes], "", attempts=0)

    async def replay(self, event_id: UUID) -> bool:
        """Gives an event fresh tries, at once; False if it is not there."""
        async with self._database.tx() as tx:
            done = await tx.execute(
                "UPDATE parked SET state = 'parked', attempts = 0, next_at = now() WHERE event_id = $1", event_id
            )
        crash_point(REPLAYED)
        await self._refresh_between()
        self._wake.set()
        return done == "UPDATE 1"

    async def listing(self, limit: int = 100) -> list[Parked]:
        """What waits, oldest first."""
        async with self._database.read() as tx:
            rows = await tx.fetch("SELECT * FROM parked ORDER BY position LIMIT $1", limit)
        return [Parked(**{name: row[name] for name in Parked.__struct_fields__}) for row in rows]

    async def counts(self) -> dict[str, int]:
        """How many events by state."""
        async with self._database.read() as tx:
            rows = await tx.fetch("SELECT state, count(*) FROM parked GROUP BY state")
        return {row[0]: row[1] for row in rows}

    @staticmethod
    async def _mark_handled(tx: Tx, envelopes: list[Envelope[Any]]) -> bool:
        sql = "INSERT INTO inbox SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id"
        return bool(await tx.fetch(sql, [e.id for e in envelopes]))

    @staticmethod
    async def _put(
        tx: Tx, envelopes: list[Envelope[Any]], state: str, policies: list[str], error: str, *, attempts: int
    ) -> None:
        count = len(envelopes)
        next_at = await tx.fetchval("SELECT clock_timestamp() + make_interval(secs => $1)", BACKOFF_S[0])
        await tx.execute(
            _PARK_SQL,
            [e.id for e in envelopes],
            [e.subject for e in envelopes],
            [state] * count,
            policies,
            [attempts] * count,
            [next_at] * count,
            [_storable(error[:ERROR_MAX])] * count,
            [e.type for e in envelopes],
            [_saved(e) for e in envelopes],
        )

    async def _refresh(self) -> None:
        async with self._database.read() as tx:
            rows = await tx.fetch(_SUBJECTS_SQL)
        self.subjects = {row[0] for row in rows}

    async def _refresh_between(self) -> None:
        async with self.lock:
            await self._refresh()

    async def _work(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), LOOK_EVERY_S)
            except TimeoutError:
                pass
            self._wake.clear()
            if not self.subjects:
                continue
            try:
                while await self._try_due():
                    pass
            except Exception as error:  # noqa: BLE001 - the database may be away; what waits is safe in it
                if news(self._database.service, error):
                    log.warning("parking_delayed", service=self._database.service, error=repr(error))
                await asyncio.sleep(1)

    async def _try_due(self) -> bool:
        """Tries the oldest of each subject once; whether another look is due at once."""
        async with self._database.read() as tx:
            rows = await tx.fetch(_DUE_SQL)
        done = False
        for row in rows:
            done = await self._try(row) or done
        await self._refresh_between()
        return done

    async def _try(self, row: Record) -> bool:
        envelope = _loaded(row["envelope"])
        token = current_cause.set(envelope.cause())
        try:
            async with self._database.tx(cause=envelope.cause()) as tx:
                # Locked and looked at again: another replica may have done it, or tried it and failed.
                if await tx.fetchval(_STILL_DUE_SQL, envelope.id) is None:
                    return True
                await self._run(tx, envelope)
                await tx.execute("DELETE FROM parked WHERE event_id = $1", envelope.id)
                crash_point(BEFORE_RETRY_COMMIT)
            crash_point(AFTER_RETRY_COMMIT)
        except Exception as error:
            if is_unavailable(error) and not isinstance(error, TimeoutError):
                raise
            await self._failed(row, error)
            return False
        finally:
            current_cause.reset(token)
        return True

    async def _failed(self, row: Record, error: Exception) -> None:
        async with self._database.tx() as tx:
            text = _storable(repr(error)[:ERROR_MAX])
            state = await tx.fetchval(_FAILED_SQL, row["event_id"], text, TRIES, list(BACKOFF_S))
        if state == "quarantined":
            log.error("event_quarantined", service=self._database.service, id=str(row["event_id"]), error=repr(error))
        crash_point(FAILED)


_saved_fields = [name for name in Envelope.__struct_fields__ if name not in ("raw", "typed")]


def _saved(envelope: Envelope[Any]) -> str:
    fields = {name: getattr(envelope, name) for name in _saved_fields}
    return msgspec.json.encode({**fields, "raw": _storable(envelope.raw.decode(errors="backslashreplace"))}).decode()


def _storable(text: str) -> str:
    """As PostgreSQL can keep it: poison must find its place too, or it would block the delivery for ever."""
    return text.replace("\0", "\\u0000").encode(errors="backslashreplace").decode()


def _loaded(text: str) -> Envelope[Any]:
    fields = msgspec.json.decode(text)
    raw = fields.pop("raw").encode()
    envelope: Envelope[Any] = msgspec.convert({**fields, "raw": b""}, Envelope, strict=False)
    envelope.raw = raw
    return envelope
