"""PostgreSQL: pools, and the Tx that is the only way to write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec
from asyncpg import Record

from questhall.kernel.clock import Clock
from questhall.kernel.contract import SYSTEM, Cause, Envelope, Event
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.ids import new_id

__all__ = ["Database", "Record", "Tx", "Unavailable", "current_cause", "current_tx", "is_unavailable", "json_text"]

BEFORE_COMMIT = declare("tx.before_commit")
AFTER_COMMIT = declare("tx.after_commit_before_publish")

ACQUIRE_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 30.0

current_cause: ContextVar[Cause | None] = ContextVar("current_cause", default=None)
"""Why the current work is done: set by the kernel for a request, an event, a job."""
current_tx: ContextVar[Tx | None] = ContextVar("current_tx", default=None)
"""The open transaction, so that a call to another service inside one can be refused."""


class Outgoing(Protocol):
    """Where a Tx hands its events over: the relay."""

    def register(self, envelopes: list[Envelope[Any]], positions: list[int]) -> Ticket:
        """Before the commit, while the subjects' numbers are locked: so tickets stand in the order of the numbers."""
        ...


class Ticket(Protocol):
    """A transaction's place in the line."""

    def resolve(self, *, committed: bool) -> None:
        """After the commit; or after a failure, when whether it was committed may be unknown."""
        ...


_encoder = msgspec.json.Encoder()

# Numbers each event within (producer, subject) and writes it to the outbox: one statement, however many. The rows
# of `sequences` are locked in subject order, and stay locked until the commit: so numbers follow commits. A row's
# `sequence` comes in as its distance from the last of its subject.
_OUTBOX_SQL = """
WITH s AS (
    INSERT INTO sequences AS q (subject, last) SELECT * FROM unnest($2::text[], $3::bigint[])
    ON CONFLICT (subject) DO UPDATE SET last = q.last + EXCLUDED.last
    RETURNING subject, last
)
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, sequence, "time", correlation_id, causation_id, actor,
                    depth, traceparent)
SELECT e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, s.last - e.sequence,
       e."time", e.correlation_id, e.causation_id, e.actor, e.depth, e.traceparent
FROM unnest($1::outbox[]) WITH ORDINALITY AS e(position, id, aggregatetype, aggregateid, type, payload, sequence, "time",
    correlation_id, causation_id, actor, depth, traceparent, n)
JOIN s ON s.subject = e.aggregateid ORDER BY e.n
RETURNING position, sequence
"""


@cache
def _with_parts(parts: str) -> str:
    return _OUTBOX_SQL.replace("WITH s AS", f"WITH {parts}, s AS", 1)


# Its locks are free at the COMMIT, and the answer comes when the small record behind it is on disk: the log is written in
# order, so what came before it is there too (and with the standbys, where commits wait for them).
_FLUSH = "SELECT pg_logical_emit_message(true, 'questhall', '')"
PIPELINED_COMMIT = f"SET LOCAL synchronous_commit = off; COMMIT; {_FLUSH}"


def json_text(value: Any) -> str:
    """A value as a column of JSON takes it."""
    return _encoder.encode(value).decode()


class Unavailable(Exception):
    """The database can't be reached, or has no connection free in time; try again later."""


def is_unavailable(error: BaseException) -> bool:
    """Whether an error means that the database is away, and not that the work is wrong."""
    if isinstance(error, asyncpg.InterfaceError):
        return "clos" in str(error)  # "connection is closed", "pool is closing"; others are mistakes of ours
    if isinstance(error, asyncpg.InternalClientError):
        return "operation (2)" in str(error)  # the server has said why it ends the connection; its end is yet to come
    return isinstance(
        error,
        Unavailable
        | asyncpg.PostgresConnectionError
        | asyncpg.TooManyConnectionsError
        | asyncpg.AdminShutdownError
        | asyncpg.CannotConnectNowError
        | asyncpg.CrashShutdownError
        | ConnectionError
        | TimeoutError,
    )


def is_retryable(error: BaseException) -> bool:
    """Whether the same work may succeed when it is run again at once (a deadlock, a serialisation failure)."""
    return isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError | asyncpg.LockNotAvailableError)


class _LeanConnection(asyncpg.Connection):
    """Without the pool's reset query (a round trip a use). So no session state may be left: SET LOCAL only."""

    def get_reset_query(self) -> str:
        return ""


class Tx:
    """One database transaction; it carries the outgoing events too. It begins with its first statement."""

    def __init__(self, database: Database, cause: Cause, *, pipelined: bool = False) -> None:
        self._database = database
        self._connection: Any = None
        self._emitted: list[Envelope[Any]] = []
        self._positions: list[int] = []
        """In the outbox, of those that are written: the first of what was emitted."""
        self.pipelined = pipelined
        """Whether it is committed before it is on disk (see ``Database.tx``); may be changed until it ends."""
        self.cause = cause
        """Why this is being done; default cause of what is emitted."""
        self.now: datetime = database.clock.now()
        """The clock when the transaction began."""

    @property
    def service(self) -> str:
        """Name of the service that writes."""
        return self._database.service

    async def begin(self) -> None:
        """Begins now and not with the first statement."""
        await self._open()

    async def _open(self) -> Any:
        if self._connection is None:
            self._connection = await self._database.acquire()
            await self._connection.execute("BEGIN")
        return self._connection

    async def fetch(self, sql: str, *arguments: object) -> list[Record]:
        """All rows."""
        return await (self._connection or await self._open()).fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: object) -> Record | None:
        """The first row, or None."""
        return await (self._connection or await self._open()).fetchrow(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        """The first column of the first row, or None."""
        return await (self._connection or await self._open()).fetchval(sql, *arguments)

    async def execute(self, sql: str, *arguments: object) -> str:
        """Runs a statement; answers its command tag, such as ``UPDATE 1``."""
        return await (self._connection or await self._open()).execute(sql, *arguments)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that may fail alone: what it wrote and emitted is taken back, the rest stays."""
        connection = self._connection or await self._open()
        emitted, written = len(self._emitted), len(self._positions)
        await connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            del self._emitted[emitted:], self._positions[written:]
            await connection.execute("ROLLBACK TO part; RELEASE part")
            raise
        await connection.execute("RELEASE part")

    def emit(
        self, event: Event, *, cause: Envelope[Any] | Cause | None = None, event_id: UUID | None = None
    ) -> Envelope[Any]:
        """Says that something happened: saved with this transaction, delivered after its commit, effectively once.

        The cause is what is being handled, unless another is given. The answer may be the cause of a later emit.
        ``event_id``: a new id that was kept before the event could be made.
        """
        because = self.cause if cause is None else cause.cause() if isinstance(cause, Envelope) else cause
        envelope = Envelope(
            id=event_id or new_id(),
            type=event.type,
            source=self._database.service,
            subject=event.subject,
            time=self.now,
            sequence=0,
            correlation_id=because.correlation_id,
            causation_id=because.causation_id,
            actor=because.actor,
            depth=because.depth + 1,
            traceparent=because.traceparent,
            raw=_encoder.encode(event),
            typed=event,
        )
        self._emitted.append(envelope)
        return envelope

    async def write_with_events(self, parts: str, *arguments: object) -> None:
        """Runs ``parts`` (data-changing CTEs; their parameters begin at $4), and writes with them, as one statement, what
        was emitted so far.
        """
        await self._write_outbox(_with_parts(parts), *arguments)

    async def _write_outbox(self, sql: str = _OUTBOX_SQL, *arguments: object) -> None:
        events = self._emitted[len(self._positions) :]
        counts: dict[str, int] = {}
        rows: list[tuple[object, ...]] = []
        for envelope in reversed(events):
            before_last = counts.get(envelope.subject, 0)
            counts[envelope.subject] = before_last + 1
            rows.append(_outbox_row(envelope, before_last))
        rows.reverse()
        subjects = sorted(counts)
        connection = self._connection or await self._open()
        numbered = await connection.fetch(sql, rows, subjects, [counts[subject] for subject in subjects], *arguments)
        for envelope, (position, sequence) in zip(events, sorted(numbered), strict=True):
            envelope.sequence = sequence
            self._positions.append(position)

    async def _commit(self) -> None:
        ticket: Ticket | None = None
        if len(self._emitted) > len(self._positions):
            await self._write_outbox()
        if self._emitted and self._database.outgoing is not None:
            ticket = self._database.outgoing.register(self._emitted, self._positions)
        if self._connection is None:
            return
        crash_point(BEFORE_COMMIT)
        committed = False
        try:
            await self._connection.execute(PIPELINED_COMMIT if self.pipelined else "COMMIT")
            committed = True
            crash_point(AFTER_COMMIT)
        finally:
            # If not, only the table knows whether it happened.
            if ticket is not None:
                ticket.resolve(committed=committed)

    async def _rollback(self) -> None:
        # In plain SQL: asyncpg's own transaction, cut off while it commits, can't be rolled back. If it was committed after
        # all, this does nothing. What keeps it from being said must not take the place of why it is said, a cancellation
        # say; the pool rolls back what is still open when it gets its connection.
        if self._connection is not None and not self._connection.is_closed():
            with suppress(Exception):
                await self._connection.execute("ROLLBACK")

    async def _release(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await self._database.release(connection)


def _outbox_row(envelope: Envelope[Any], before_last: int) -> tuple[object, ...]:
    """As the table has it; its position is given by the statement, and its sequence by how many of its subject follow."""
    return (
        None,
        envelope.id,
        envelope.source,
        envelope.subject,
        envelope.type,
        envelope.raw.decode(),
        before_last,
        envelope.time,
        envelope.correlation_id,
        envelope.causation_id,
        envelope.actor,
        envelope.depth,
        envelope.traceparent,
    )


class Database:
    """A service's own connections: its role, its ``search_path``, and nothing of other services."""

    def __init__(self, service: str, dsn: str, *, clock: Clock, pool_max: int = 3) -> None:
        self.service = service
        self.clock = clock
        self.outgoing: Outgoing | None = None
        """Where events are handed over; the relay sets itself. None: the outbox alone keeps them."""
        self._dsn = dsn
        self._pool_max = pool_max
        self._pool: Any = None

    @property
    def dsn(self) -> str:
        """The URL it connects with; holds a secret."""
        return self._dsn

    async def open(self) -> None:
        """Opens the pool. Raises Unavailable."""
        try:
            self._pool = await asyncpg.create_pool(
                self._dsn,
                min_size=1,
                max_size=self._pool_max,
                max_inactive_connection_lifetime=0,
                command_timeout=STATEMENT_TIMEOUT_S,
                connection_class=_LeanConnection,
                server_settings={"application_name": f"questhall {self.service}", "jit": "off", "timezone": "UTC"},
            )
        except (OSError, asyncpg.PostgresError, asyncpg.ClientConfigurationError) as error:
            raise Unavailable(f"the database of {self.service} can't be reached: {error}") from error

    async def close(self) -> None:
        """Closes the pool; connections still in use are ended after 2 s."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        try:
            await asyncio.wait_for(pool.close(), 2)
        except TimeoutError:
            pool.terminate()

    async def acquire(self) -> Any:
        """A connection; Unavailable if none is free within 5 s."""
        if self._pool is None:
            raise Unavailable(f"the database of {self.service} is closed")
        try:
            return await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except TimeoutError:
            raise Unavailable(
                f"no connection to the database of {self.service} within {ACQUIRE_TIMEOUT_S:.0f} s"
            ) from None
        except OSError as error:  # refused, or not even its socket is there
            raise Unavailable(f"the database of {self.service} can't be reached: {error}") from error

    async def release(self, connection: Any) -> None:
        """Gives a connection back."""
        if self._pool is not None:
            await self._pool.release(connection)

    async def flush(self) -> None:
        """Waits until all that was committed before this call is on disk."""
        async with self.read() as tx:
            await tx.execute(_FLUSH)

    @staticmethod
    def real_now() -> datetime:
        """The real time, whatever a test's clock says: ids are made by it."""
        return datetime.now(UTC)

    @asynccontextmanager
    async def tx(self, *, cause: Cause | None = None, pipelined: bool = False) -> AsyncIterator[Tx]:
        """A transaction: committed when the block ends, rolled back when it raises.

        Its cause is the current request's, event's or job's, unless one is given. A ``pipelined`` one gives its locks
        back before it is on disk, so that the next can begin meanwhile; it ends, and its events are handed over, when it is
        there.
        """
        tx = Tx(self, cause or current_cause.get() or _own_cause(), pipelined=pipelined)
        assert current_tx.get() is None, "a Tx is open already"
        token = current_tx.set(tx)
        try:
            yield tx
            await tx._commit()  # noqa: SLF001 - the two classes are one mechanism
        except BaseException:
            await tx._rollback()  # noqa: SLF001
            raise
        finally:
            current_tx.reset(token)
            await tx._release()  # noqa: SLF001

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A connection without a transaction, for reads."""
        tx = Tx(self, current_cause.get() or _own_cause())
        tx._connection = await self.acquire()  # noqa: SLF001
        try:
            yield tx
            assert not tx._emitted, "a read can't emit"  # noqa: SLF001
        finally:
            await tx._release()  # noqa: SLF001


def _own_cause() -> Cause:
    identifier = new_id()
    return Cause(correlation_id=identifier, causation_id=identifier, actor=SYSTEM)
