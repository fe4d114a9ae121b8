"""One WebSocket connection: its messages, its bounds, its end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Coroutine, Generator
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.realtime import (
    Asked,
    Failed,
    Hello,
    Ping,
    Pong,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from questhall.kernel.access import Caller
from questhall.services.realtime.channels import Channels, Joining, Listener, Member
from questhall.services.realtime.history import Place

__all__ = ["Connection"]

BUFFERED_MAX = 256 * 1024
"""Bytes that wait for a slow reader at most; then the connection is closed."""
MESSAGE_MAX = 4096
MESSAGES_PER_S = 20
IDLE_S = 75.0
"""A client pings every 25 s; who says nothing for three of them is gone."""
LIFE_S = 3600.0
"""Then the client has to come again, with its cursor: so its session is looked at again, and may have run out."""
CHANNELS_MAX = 32
CLOSING_S = 0.5
"""What a writer has to say good-bye."""

CLOSE_AGAIN = 1012
CLOSE_SLOW = 1013
CLOSE_POLICY = 1008
CLOSE_ENDED = 4401
CLOSE_IDLE = 4408
CLOSE_TOO_MANY = 4429


_GONE = (OSError, RuntimeError)
"""What sending raises when the other side has closed, and the reader is about to hear of it; uvicorn says it by either."""

_decoder = msgspec.json.Decoder(Asked)


def _text(message: msgspec.Struct) -> str:
    return msgspec.json.encode(message).decode()


class _Begun(Generator[Any, Any, None]):
    """What is left of a coroutine that was begun and had to wait: awaiting it goes on from there."""

    __slots__ = ("_steps", "_waits_for")

    def __init__(self, steps: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._steps = steps
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        return self

    def send(self, value: Any) -> Any:
        """The next step; the first is to wait for what it waits for already."""
        waits_for, self._waits_for = self._waits_for, None
        return waits_for if waits_for is not None else self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """A cancellation, or what it waited for has failed."""
        return self._steps.throw(*error)


class Connection(Listener):
    """Reads and writes one socket.

    A text is written at once, by whoever tells it: most sockets take it without a wait. For one that does not the text
    waits in a queue, with a task that writes it, so that nobody waits for a slow reader.
    """

    __slots__ = (
        "_buffered",
        "_channels",
        "_close",
        "_heard",
        "_joined",
        "_kinds",
        "_queue",
        "_reading",
        "_send",
        "_timer",
        "_tokens",
        "_until",
        "_writer",
        "caller",
    )

    def __init__(self, caller: Caller, channels: Channels, kinds: dict[str, Member], send: Any) -> None:
        self.caller = caller
        self._channels = channels
        self._kinds = kinds
        self._send = send
        self._queue: deque[str] = deque()
        self._buffered = 0
        self._joined: dict[str, str] = {}
        """Keys of channels by their names."""
        self._close: tuple[int, str] | None = None
        self._tokens = float(MESSAGES_PER_S)
        self._heard = time.monotonic()
        # Those who came together are not sent back together.
        self._until = self._heard + LIFE_S * (1 + secrets.randbelow(100) / 1000)
        self._reading: asyncio.Task[Any] | None = None
        self._writer: asyncio.Task[None] | None = None
        """While something waits to be written."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def user_id(self) -> UUID:
        """Whose it is."""
        return self.caller.user

    @property
    def closed_as(self) -> int | None:
        """The code it ends with; None while it is open."""
        return self._close[0] if self._close else None

    def tell(self, _place: Place, text: str) -> None:
        """See ``Listener``."""
        self.push(text)

    def push(self, text: str) -> None:
        """Sends a text when it is its turn; one who does not keep pace is let go."""
        if self._close is not None:
            return
        if self._writer is None:
            begun = self._begin(text)
            if begun is not None:
                self._buffered += len(text)
                self._writer = asyncio.create_task(self._write(begun, len(text)))
            return
        self._buffered += len(text)
        if self._buffered > BUFFERED_MAX:
            self.close(CLOSE_SLOW, "too slow")
            return
        self._queue.append(text)

    def _begin(self, text: str) -> _Begun | None:
        """Writes a text; None if the socket took it, else what is left to be awaited."""
        steps = self._send({"type": "websocket.send", "text": text})
        try:
            return _Begun(steps, steps.send(None))
        except StopIteration:
            return None
        except _GONE:
            return None

    async def _write(self, begun: _Begun, size: int) -> None:
        try:
            await begun
            self._buffered -= size
            while self._queue and self._close is None:
                text = self._queue.popleft()
                await self._send({"type": "websocket.send", "text": text})
                self._buffered -= len(text)
            if self._close is not None:
                await self._say_good_bye()
        except _GONE:
            self._queue.clear()
        finally:
            self._writer = None

    def close(self, code: int, reason: str) -> None:
        """Ends the connection soon."""
        if self._close is not None:
            return
        self._close = (code, reason)
        if self._reading is None:
            return  # it ends as it begins
        if self._writer is None:
            self._writer = asyncio.create_task(self._say_good_bye())
        # Who reads nothing never lets the writer come to its end: it is not waited for.
        asyncio.get_running_loop().call_later(CLOSING_S, self._reading.cancel)

    async def _say_good_bye(self) -> None:
        assert self._close is not None
        code, reason = self._close
        with suppress(*_GONE):
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        if self._reading is not None:
            self._reading.cancel()

    async def run(self, receive: Any, subprotocol: str | None) -> None:
        """Serves until either side ends it."""
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        if self._close is not None:
            await self._say_good_bye()
            return
        self._reading = asyncio.current_task()
        self.push(_text(Hello()))
        self._look_at_clock()
        try:
            await self._read(receive)
        except asyncio.CancelledError:
            # Ours, which says that the connection is closed; or the server's, which ends all of it.
            if self._close is None or self._reading is None:
                raise
            self._reading.uncancel()
        finally:
            self._reading = None
            self._leave_all()
            if self._timer is not None:
                self._timer.cancel()
            if self._writer is not None:
                self._writer.cancel()

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if now - self._heard > IDLE_S:
            self.close(CLOSE_IDLE, "idle")
        elif now > self._until:
            self.close(CLOSE_AGAIN, "come again")
        else:
            self._timer = asyncio.get_running_loop().call_later(IDLE_S / 3, self._look_at_clock)

    async def _read(self, receive: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if message["type"] != "websocket.receive":
                continue
            now = time.monotonic()
            self._tokens = min(MESSAGES_PER_S, self._tokens + (now - self._heard) * MESSAGES_PER_S) - 1
            self._heard = now
            body = message.get("text") or message.get("bytes") or ""
            if len(body) > MESSAGE_MAX or self._tokens < 0:
                self.close(CLOSE_POLICY, "too much")
                continue
            await self._answer(body)

    async def _answer(self, body: str | bytes) -> None:
        try:
            asked = _decoder.decode(body)
        except msgspec.MsgspecError as problem:
            self.push(_text(Failed(code="malformed", detail=str(problem)[:200])))
            return
        match asked:
            case Ping():
                self.push(_text(Pong()))
            case Subscribe():
                await self._subscribe(asked)
            case Unsubscribe():
                self.leave(asked.channel, "asked")

    async def _subscribe(self, asked: Subscribe) -> None:
        name = asked.channel
        member = self._kinds.get(name.partition(":")[0])
        if member is None or not await member(self.caller, name):
            self.push(_text(Failed(code="forbidden", detail=f"{name} is no channel of yours")))
            return
        if name not in self._joined and len(self._joined) >= CHANNELS_MAX:
            self.push(_text(Failed(code="too_many_channels", detail=f"at most {CHANNELS_MAX} at once")))
            return
        key = self.key(name)
        self._channels.leave(key, self)
        joining = Joining()
        self._channels.join(key, joining)
        try:
            opened = await self._channels.open(key, asked.cursor)
        finally:
            self._channels.leave(key, joining)
        self.push(
            _text(
                Subscribed(
                    channel=name,
                    cursor=opened.place.cursor,
                    recovered=asked.cursor is not None and opened.missed is not None,
                    reload=opened.missed is None,
                )
            )
        )
        # What was said before that place was missed, what was said while it was looked up comes after; nothing is awaited
        # from here to the joining.
        for text in opened.missed or []:
            self.push(text)
        for _, text in joining.after(opened.place):
            self.push(text)
        self._channels.join(key, self)
        self._joined[name] = key

    def key(self, name: str) -> str:
        """The channel behind a name: everybody's ``me`` is their own."""
        return f"user:{self.caller.user_id}" if name == "me" else name

    def leave(self, name: str, reason: str) -> None:
        """Ends a subscription."""
        key = self._joined.pop(name, None)
        if key is not None:
            self._channels.leave(key, self)
            self.push(_text(Unsubscribed(channel=name, reason=reason)))

    def _leave_all(self) -> None:
        for key in self._joined.values():
            self._channels.leave(key, self)
