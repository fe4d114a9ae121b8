"""The relay: hands a service's committed events to the bus, and removes outbox rows that are confirmed."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import structlog

from questhall.kernel.absence import news
from questhall.kernel.bus import Bus
from questhall.kernel.contract import Envelope
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Database, Record

__all__ = ["Relay", "envelope_of"]

BEFORE_DELETE = declare("relay.before_delete")
AFTER_DELETE = declare("relay.after_delete")

IN_FLIGHT_MAX = 10_000
"""Above this many undelivered events the relay reads from the table, not from memory."""
IN_FLIGHT_LOW = 2_000
READ_MAX = 2_000
DELETE_EVERY_S = 0.02
KEEP_EVERY_S = 0.05
POLL_EVERY_S = 1.0
STRANDED_AFTER_S = 2

log = structlog.get_logger(__name__)

_COLUMNS = (
    'position, id, aggregatetype, aggregateid, type, payload, sequence, "time", correlation_id, causation_id, '
    "actor, depth, traceparent"
)
_READ_SQL = f"SELECT {_COLUMNS} FROM outbox WHERE position <> ALL($1::bigint[]) ORDER BY position LIMIT $2"
_STRANDED_SQL = """
SELECT EXISTS (SELECT FROM outbox
               WHERE position <> ALL($1::bigint[]) AND "time" < clock_timestamp() - make_interval(secs => $2))
"""
_OLDEST_SQL = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min("time")), 0)::float
FROM (SELECT "time" FROM outbox UNION ALL SELECT "time" FROM kept) AS waiting
"""
_KEEP_SQL = f"""
INSERT INTO kept (consumer, {_COLUMNS}) SELECT $1, {_COLUMNS} FROM outbox WHERE position = ANY($2::bigint[])
ON CONFLICT DO NOTHING
"""
_KEPT_SQL = f"SELECT {_COLUMNS} FROM kept WHERE consumer = $1 ORDER BY position LIMIT $2"
_TAKEN_SQL = "DELETE FROM kept WHERE consumer = $1 AND position = ANY($2::bigint[])"


def envelope_of(row: Record) -> Envelope[Any]:
    """An outbox row as an envelope, its data not yet typed."""
    return Envelope(
        id=row["id"],
        type=row["type"],
        source=row["aggregatetype"],
        subject=row["aggregateid"],
        time=row["time"],
        sequence=row["sequence"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        actor=row["actor"],
        depth=row["depth"],
        traceparent=row["traceparent"],
        raw=row["payload"].encode(),
    )


class _Ticket:
    """A transaction's place in the lines of the subjects that it speaks of."""

    __slots__ = ("_relay", "committed", "envelopes", "positions", "resolved", "subjects")

    def __init__(self, relay: Relay, envelopes: list[Envelope[Any]], positions: list[int]) -> None:
        self._relay = relay
        self.envelopes = envelopes
        self.positions = positions
        self.subjects = {envelope.subject for envelope in envelopes}
        self.resolved = False
        self.committed = False

    def resolve(self, *, committed: bool) -> None:
        """See ``database.Ticket``."""
        self.resolved = True
        self.committed = committed
        self._relay.resolved(self)


class _Behind:
    """A consumer that was away: what was kept for it is in the table, and handed over from there."""

    def __init__(self) -> None:
        self.out: set[int] = set()
        self.taken: list[int] = []

    def confirm(self, positions: list[int]) -> None:
        """It took these."""
        self.out.difference_update(positions)
        self.taken.extend(positions)


class Relay:
    """One a service. Events go to the bus straight after their commit; the table is what a crash recovers from.

    ``reading`` means that the table is the only source: at the start, after a flood, and when a row was stranded
    (its committer was cancelled between commit and hand-over). It ends once a read finds nothing new and nothing
    was committed meanwhile, so the two sources never overtake each other.

    When as much is in flight as may be, what waits for consumers that are away is moved to a table of its own, in the
    order of hand-over, and so is what follows: the others go on. It is read from there once they take it.
    """

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._in_flight: set[int] = set()
        self._confirmed: list[int] = []
        self._told: set[int] = set()
        """Read and handed over before their transaction's ticket was resolved."""
        self._reading = True
        self._commits = 0
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._full = False
        """Whether as much was in flight as may be since consumers were last looked at."""
        self._behind: dict[str, _Behind] = {}
        self._lines: dict[str, deque[_Ticket]] = {}
        database.outgoing = self

    def register(self, envelopes: list[Envelope[Any]], positions: list[int]) -> _Ticket:
        """A place in the line of each subject; see ``Outgoing``."""
        ticket = _Ticket(self, envelopes, positions)
        for subject in ticket.subjects:
            self._lines.setdefault(subject, deque()).append(ticket)
        return ticket

    def resolved(self, ticket: _Ticket) -> None:
        """Hands over what now stands at the head of all its lines, and what that lets through.

        A commit's answer may reach us after that of a transaction which waited for its locks, so the line decides.
        """
        if not ticket.committed:
            # Cancelled or cut off while committing: only the table knows whether it happened.
            self._read_again()
        ready = [ticket]
        while ready:
            first = ready.pop()
            if not first.resolved or any(self._lines[subject][0] is not first for subject in first.subjects):
                continue
            self._hand_over(first)
            for subject in first.subjects:
                line = self._lines[subject]
                line.popleft()
                if not line:
                    del self._lines[subject]
                elif line[0] not in ready:
                    ready.append(line[0])

    def _hand_over(self, ticket: _Ticket) -> None:
        self._commits += 1
        envelopes, positions = ticket.envelopes, ticket.positions
        if self._told:
            fresh = [n for n, position in enumerate(positions) if position not in self._told]
            self._told.difference_update(positions)
            envelopes, positions = [envelopes[n] for n in fresh], [positions[n] for n in fresh]
        if self._reading or not ticket.committed or not positions:
            return
        if len(self._in_flight) + len(positions) > IN_FLIGHT_MAX:
            self._read_again()
            return
        self._in_flight.update(positions)
        self._bus.publish(envelopes, positions, self._confirm)

    def _read_again(self) -> None:
        self._reading = True
        self._wake.set()

    def _confirm(self, positions: list[int]) -> None:
        self._confirmed.extend(positions)

    async def start(self) -> None:
        """Begins with what the outbox still holds, and what is kept for consumers that were away."""
        async with self._database.read() as tx:
            rows = await tx.fetch("SELECT DISTINCT consumer FROM kept")
        if rows:
            self._behind = {name: _Behind() for name in self._bus.set_aside(self._confirm, [row[0] for row in rows])}
        self._wake.set()
        self._tasks = [
            asyncio.create_task(self._read(), name=f"relay read {self._database.service}"),
            asyncio.create_task(self._delete(), name=f"relay delete {self._database.service}"),
            asyncio.create_task(self._poll(), name=f"relay poll {self._database.service}"),
            asyncio.create_task(self._keep(), name=f"relay keep {self._database.service}"),
        ]

    async def stop(self) -> None:
        """Removes what is confirmed and ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._delete_confirmed()
        except Exception as error:  # noqa: BLE001 - the rows stay; their consumers drop them as known
            log.info("outbox_left_for_next_start", service=self._database.service, error=repr(error))

    def idle(self) -> bool:
        """Whether every committed event is confirmed and gone from the outbox, as far as is known here."""
        waits = self._in_flight or self._confirmed or self._lines or self._behind
        return not self._reading and not waits

    async def backlog(self) -> tuple[int, float]:
        """Rows in the outbox and of what is kept, and the age of the oldest in seconds."""
        async with self._database.read() as tx:
            row = await tx.fetchrow(_OLDEST_SQL)
        assert row is not None
        return row[0], max(row[1], 0.0)

    async def _read(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._reading:
                try:
                    await self._read_once()
                except Exception as error:  # noqa: BLE001 - the database may be away; the rows are safe
                    if news(self._database.service, error):
                        log.warning("outbox_read_delayed", service=self._database.service, error=repr(error))
                    await asyncio.sleep(0.5)

    async def _read_once(self) -> None:
        if len(self._in_flight) > IN_FLIGHT_LOW:
            self._full = True
            await asyncio.sleep(0.01)
            return
        before = self._commits
        async with self._database.read() as tx:
            rows = await tx.fetch(_READ_SQL, [*self._in_flight, *self._confirmed], READ_MAX)
        fresh = [row for row in rows if row["position"] not in self._in_flight]
        if fresh:
            # A pipelined transaction can be read before it is on disk: nothing is said of what a crash could still take.
            await self._database.flush()
            positions = [row["position"] for row in fresh]
            self._in_flight.update(positions)
            waiting = {position for line in self._lines.values() for ticket in line for position in ticket.positions}
            self._told.update(waiting.intersection(positions))
            self._bus.publish([envelope_of(row) for row in fresh], positions, self._confirm)
        elif self._commits == before:
            self._reading = False

    async def _delete(self) -> None:
        while True:
            await asyncio.sleep(DELETE_EVERY_S)
            if not self._confirmed:
                continue
            try:
                await self._delete_confirmed()
            except Exception as error:  # noqa: BLE001 - tried again with the next; the rows are only removed later
                if news(self._database.service, error):
                    log.warning("outbox_delete_delayed", service=self._database.service, error=repr(error))
                await asyncio.sleep(0.5)

    async def _delete_confirmed(self) -> None:
        positions = list(self._confirmed)
        if not positions:
            return
        crash_point(BEFORE_DELETE)
        async with self._database.read() as tx:
            await tx.execute("DELETE FROM outbox WHERE position = ANY($1::bigint[])", positions)
        crash_point(AFTER_DELETE)
        del self._confirmed[: len(positions)]
        self._in_flight.difference_update(positions)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            if not (self._full or self._behind):
                continue
            self._full = False
            try:
                for consumer, positions in self._bus.set_aside(self._confirm).items():
                    await self._keep_for(consumer, positions)
                for consumer in list(self._behind):
                    await self._give_back(consumer)
            except Exception as error:  # noqa: BLE001 - tried again; until then all of it waits where it is
                if news(self._database.service, error):
                    log.warning("outbox_keep_delayed", service=self._database.service, error=repr(error))
                await asyncio.sleep(0.5)

    async def _keep_for(self, consumer: str, positions: list[int]) -> None:
        if consumer not in self._behind:
            self._behind[consumer] = _Behind()
            log.warning("consumer_behind", service=self._database.service, consumer=consumer)
        if positions:
            async with self._database.read() as tx:
                await tx.execute(_KEEP_SQL, consumer, positions)
            self._bus.kept(self._confirm, consumer, positions)

    async def _give_back(self, consumer: str) -> None:
        behind = self._behind[consumer]
        if behind.out:
            return
        async with self._database.read() as tx:
            if behind.taken:
                await tx.execute(_TAKEN_SQL, consumer, behind.taken)
                behind.taken = []
            rows = await tx.fetch(_KEPT_SQL, consumer, READ_MAX)
        if rows:
            positions = [row["position"] for row in rows]
            behind.out.update(positions)
            self._bus.publish([envelope_of(row) for row in rows], positions, behind.confirm, only=consumer)
        elif self._bus.rejoin(self._confirm, consumer):
            del self._behind[consumer]
            log.info("consumer_caught_up", service=self._database.service, consumer=consumer)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_EVERY_S)
            if self._reading or len(self._in_flight) > IN_FLIGHT_LOW:
                continue
            try:
                async with self._database.read() as tx:
                    stranded = await tx.fetchval(_STRANDED_SQL, [*self._in_flight], STRANDED_AFTER_S)
            except Exception as error:  # noqa: BLE001 - asked again in a second
                if news(self._database.service, error):
                    log.warning("outbox_poll_delayed", service=self._database.service, error=repr(error))
                continue
            if stranded:
                self._read_again()
