"""audit: the event log, history and why."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import msgspec

from questhall.kernel.contract import Contract, Envelope, Refusal, call


class NotFound(Refusal):
    """There is no such effect, or it is somebody else's."""

    code: ClassVar[str] = "not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is nothing here"


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """Where the log is not as it was sealed."""

    partition: str
    position: int
    detail: str


class LogPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the log as it is read by subject."""

    subject: str
    position: int


class LogPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the log, by subject and position."""

    events: list[Envelope[Any]]
    next: LogPlace | None
    """Where to read on; None: this was the last part."""


class JobNotFound(Refusal):
    """There is no such job, it ended long ago, or it is somebody else's."""

    code: ClassVar[str] = "job_not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such job"


class Audit(Contract):
    """Hears everything; answers over HTTP."""

    name: ClassVar[str] = "audit"
    refusals: ClassVar[tuple[type[Refusal], ...]] = (NotFound, JobNotFound)

    @call("*")
    async def position(self) -> int:
        """The log's last position. What was committed before is at or below it once its producer's outbox is empty."""
        raise NotImplementedError

    @call("achievements")
    async def read_log(self, types: list[str], until: int, after: LogPlace | None, limit: int) -> LogPart:
        """Events of these types up to the position ``until``, by subject, then position; ``limit`` of them at most."""
        raise NotImplementedError

    @call("achievements")
    async def count_log(self, types: list[str], until: int) -> int:
        """How many events ``read_log`` would give in all."""
        raise NotImplementedError

    @call("achievements")
    async def unlogged(self, event_ids: list[UUID]) -> list[UUID]:
        """Those of these events that the log has yet to take over."""
        raise NotImplementedError

    @call("cli")
    async def verify(self) -> list[Broken]:
        """Rows changed, removed or slipped in since they were sealed, at most 100; empty: the log is whole."""
        raise NotImplementedError
