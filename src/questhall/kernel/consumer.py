"""The consumer: a service's side of the bus. An event's effect and the fact that it was handled are one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from questhall.kernel.contract import Envelope
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Database, Tx, current_cause, is_retryable, is_unavailable
from questhall.kernel.ids import time_of
from questhall.kernel.parking import Parking
from questhall.kernel.service import ANY, Handler, Service

__all__ = ["Consumer"]

BEFORE_COMMIT = declare("consumer.before_commit")
AFTER_COMMIT = declare("consumer.after_commit_before_confirm")

DEPTH_MAX = 12
"""An event further than this from its first act is a loop: it is quarantined."""
INBOX_DAYS = 14
"""How long handled events are remembered; an older one is quarantined instead of running."""
HANDLER_TIMEOUT_S = 30.0
RETRIES = 3

log = structlog.get_logger(__name__)

_INBOX_SQL = "INSERT INTO inbox SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id"


class Consumer:
    """Runs a service's handlers over batches of events."""

    def __init__(self, service: Service, actions: Any, database: Database) -> None:
        self._service = service
        self._actions = actions
        self._database = database
        self._handlers = service.listeners()
        self._hears_all = any(ANY in handler.events for handler in self._handlers)
        self._decoders = {
            event.type: msgspec.json.Decoder(event)
            for handler in self._handlers
            for event in handler.events
            if event is not ANY
        }
        self._of_type: dict[str, list[Handler]] = {}
        self.parking = Parking(database, self._run_parked)

    @property
    def name(self) -> str:
        """The service's name."""
        return self._service.name

    @property
    def listens(self) -> bool:
        """Whether it hears anything at all."""
        return bool(self._handlers)

    def hears(self, event_type: str) -> bool:
        """Whether a handler wants events of this type."""
        return self._hears_all or event_type in self._decoders

    def _handlers_of(self, event_type: str) -> list[Handler]:
        found = self._of_type.get(event_type)
        if found is None:
            found = [h for h in self._handlers if any(e is ANY or e.type == event_type for e in h.events)]
            self._of_type[event_type] = found
        return found

    async def take(self, envelopes: list[Envelope[Any]]) -> None:
        """Takes a batch over: each event is handled, parked or quarantined when this returns.

        Raises only when the database is away.
        """
        async with self.parking.lock:
            good: list[Envelope[Any]] = []
            for envelope in envelopes:
                problem = self._problem(envelope)
                if problem is None:
                    good.append(envelope)
                    continue
                # What came before it is handled first: else it would wait behind it.
                if good:
                    await self._take_all(good)
                    good = []
                await self.parking.quarantine(envelope, problem, self._policy(envelope))
            if good:
                await self._take_all(good)
        crash_point(AFTER_COMMIT)

    def _problem(self, envelope: Envelope[Any]) -> str | None:
        if envelope.depth > DEPTH_MAX:
            return f"depth {envelope.depth} is above {DEPTH_MAX}: a loop of rules"
        if self._service.inbox and time_of(envelope.id) < self._database.real_now() - timedelta(days=INBOX_DAYS):
            return f"older than {INBOX_DAYS} days: whether it was handled is no longer known"
        return self._unreadable(envelope)

    def _unreadable(self, envelope: Envelope[Any]) -> str | None:
        if envelope.typed is None and envelope.type in self._decoders:
            try:
                envelope.typed = self._decoders[envelope.type].decode(envelope.raw)
            except msgspec.MsgspecError as error:
                return f"its data does not fit its type: {error}"
        return None

    def _policy(self, envelope: Envelope[Any]) -> str:
        handlers = self._handlers_of(envelope.type)
        return "hold" if any(handler.policy == "hold" for handler in handlers) else "pass"

    async def _take_all(self, envelopes: list[Envelope[Any]]) -> None:
        for attempt in range(RETRIES):
            try:
                await self._handle(envelopes)
            except Exception as error:
                if is_unavailable(error) and not isinstance(error, TimeoutError):
                    raise
                if is_retryable(error) and attempt + 1 < RETRIES:
                    continue
                if len(envelopes) == 1:
                    await self._park(envelopes[0], error)
                    return
                log.info("batch_split", consumer=self.name, events=len(envelopes), error=repr(error))
                for envelope in envelopes:
                    await self._take_all([envelope])
                return
            else:
                return

    async def _park(self, envelope: Envelope[Any], error: Exception) -> None:
        log.warning("event_parked", consumer=self.name, type=envelope.type, id=str(envelope.id), error=repr(error))
        await self.parking.park(envelope, repr(error), self._policy(envelope))

    async def _handle(self, envelopes: list[Envelope[Any]]) -> None:
        async with asyncio.timeout(HANDLER_TIMEOUT_S):
            async with self._database.tx(cause=envelopes[0].cause()) as tx:
                fresh = envelopes
                if self._service.inbox:
                    rows = await tx.fetch(_INBOX_SQL, [envelope.id for envelope in envelopes])
                    known = {row[0] for row in rows}
                    # One event twice in a batch has one inbox row: it runs once.
                    fresh = list({e.id: e for e in envelopes if e.id in known}.values())
                blocked = [e for e in fresh if e.subject in self.parking.subjects]
                if blocked:
                    await self.parking.put_behind(tx, blocked, self._policy)
                    fresh = [e for e in fresh if e.subject not in self.parking.subjects]
                await self._run(tx, fresh)
                crash_point(BEFORE_COMMIT)

    async def _run_parked(self, tx: Tx, envelope: Envelope[Any]) -> None:
        # Depth and age are for an operator to judge, who let it run; what can't be read can't be.
        problem = self._unreadable(envelope)
        if problem is not None:
            raise ValueError(problem)
        async with asyncio.timeout(HANDLER_TIMEOUT_S):
            await self._run(tx, [envelope])

    async def _run(self, tx: Tx, envelopes: Sequence[Envelope[Any]]) -> None:
        for handler in self._handlers:
            wanted = [e for e in envelopes if handler in self._handlers_of(e.type)]
            if not wanted:
                continue
            if handler.batch:
                await handler.function(self._actions, tx, wanted)
                continue
            for envelope in wanted:
                tx.cause = envelope.cause()
                token = current_cause.set(tx.cause)
                try:
                    await handler.function(self._actions, tx, envelope)
                finally:
                    current_cause.reset(token)

    async def replay(self, event_id: UUID) -> bool:
        """Runs a parked or quarantined event again, now; False if it is not there."""
        return await self.parking.replay(event_id)
