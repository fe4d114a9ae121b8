"""Bodies of requests: read whole before anything is begun, so that a slow line holds nothing but its own bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from questhall.kernel.contract import Refusal

__all__ = ["Intake", "Overloaded", "TooLarge", "TooSlow"]

GRACE_S = 20.0
"""What a body may take to arrive, however small."""
RATE_MIN = 64 * 1024
"""Bytes a second above which a line gets more time than that."""
HELD_MAX = 128 * 1024 * 1024
"""Bytes of all bodies held at once; above it, the one that has been arriving longest is told to come back."""
CLOSE = [(b"connection", b"close")]

Receive = Callable[[], Awaitable[dict[str, Any]]]


class Overloaded(Refusal):
    """Too much at once; nothing was begun."""

    code: ClassVar[str] = "overloaded"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "Too busy right now"


class TooLarge(Refusal):
    """The body is larger than the route takes."""

    code: ClassVar[str] = "too_large"
    status: ClassVar[int] = 413
    title: ClassVar[str] = "That is too large"


class TooSlow(Refusal):
    """The body did not arrive in time."""

    code: ClassVar[str] = "too_slow"
    status: ClassVar[int] = 408
    title: ClassVar[str] = "The request did not arrive in time"


class _Arriving:
    """A body that is not whole yet."""

    __slots__ = ("due", "given_up", "held")

    def __init__(self) -> None:
        self.held = 0
        self.given_up = False
        self.due: asyncio.Timeout | None = None

    def give_up(self) -> None:
        """Ends the wait for its next part at once."""
        self.given_up, self.held = True, 0
        if self.due is not None and not self.due.expired():
            self.due.reschedule(0)


class Intake:
    """All bodies that are held now."""

    def __init__(self) -> None:
        self._held = 0
        self._arriving: dict[_Arriving, None] = {}
        """In the order in which they began."""

    @asynccontextmanager
    async def whole(self, receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> AsyncIterator[Receive]:
        """The body, given again by the ``receive`` that it yields; held until the block ends.

        Refuses ``too_large`` above ``limit`` bytes, ``too_slow``, ``overloaded``.
        """
        declared = headers.get(b"content-length")
        if declared is None and b"transfer-encoding" not in headers:
            yield receive
            return
        if declared is not None and declared.isdigit() and int(declared) > limit:
            raise TooLarge(f"at most {limit} bytes", headers=CLOSE)
        parts: list[bytes] = []
        body = _Arriving()
        self._arriving[body] = None
        try:
            async for part in _parts(receive, limit, body):
                parts.append(part)
                body.held += len(part)
                self._held += len(part)
                self._make_room(body)
            del self._arriving[body]
            yield _again(b"".join(parts), receive)
        finally:
            self._arriving.pop(body, None)
            self._held -= body.held

    def _make_room(self, newest: _Arriving) -> None:
        # Whoever sends almost all of many bodies and then nothing would keep everybody else out: they go first.
        while self._held > HELD_MAX:
            oldest = next(iter(self._arriving))
            if oldest is newest:
                raise _overloaded()
            del self._arriving[oldest]
            self._held -= oldest.held
            oldest.give_up()


def _overloaded() -> Overloaded:
    return Overloaded("come back in a second", retry_after=1, headers=CLOSE)


async def _parts(receive: Receive, limit: int, body: _Arriving) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    began, seen = loop.time(), 0
    while True:
        try:
            async with asyncio.timeout_at(began + GRACE_S + seen / RATE_MIN) as body.due:
                message = await receive()
        except TimeoutError:
            raise _overloaded() if body.given_up else TooSlow(headers=CLOSE) from None
        if body.given_up:
            raise _overloaded()
        if message["type"] != "http.request":
            raise TooSlow("the connection ended before the request did", headers=CLOSE)
        part = message.get("body", b"")
        seen += len(part)
        if seen > limit:
            raise TooLarge(f"at most {limit} bytes", headers=CLOSE)
        yield part
        if not message.get("more_body", False):
            return


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> dict[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
