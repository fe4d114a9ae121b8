"""audit: the event log, history and why."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from questhall.kernel.contract import Contract, Refusal, call


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


class Audit(Contract):
    """Hears everything; answers over HTTP."""

    name: ClassVar[str] = "audit"
    refusals: ClassVar[tuple[type[Refusal], ...]] = (NotFound,)

    @call("*")
    async def position(self) -> int:
        """The log's last position. What was committed before is at or below it once its producer's outbox is empty."""
        raise NotImplementedError

    @call("cli")
    async def verify(self) -> list[Broken]:
        """Rows changed, removed or slipped in since they were sealed, at most 100; empty: the log is whole."""
        raise NotImplementedError
