"""One WebSocket connection: its messages, its bounds, its end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
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


_decoder = msgspec.json.Decoder(Asked)


def _text(message: msgspec.Struct) -> str:
    return msgspec.json.encode(message).decode()


class Connection(Listener):
    """Reads and writes one socket. Writing is a queue of its own, so that nobody waits for a slow reader."""

    def __init__(self, caller: Caller, channels: Channels, kinds: dict[str, Member], send: Any) -> None:
        self.caller = caller
        self._channels = channels
        self._kinds = kinds
        self._send = send
        self._queue: deque[str] = deque()
        self._buffered = 0
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._joined: dict[str, str] = {}
        """Keys of channels by their names."""
        self._close: tuple[int, str] | None = None
        self._tokens = float(MESSAGES_PER_S)
        self._heard = time.monotonic()
        # Those who came together are not sent back together.
        self._until = self._heard + LIFE_S * (1 + secrets.randbelow(100) / 1000)

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
        self._buffered += len(text)
        if self._buffered > BUFFERED_MAX:
            self.close(CLOSE_SLOW, "too slow")
            return
        self._queue.append(text)
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """Ends the connection soon."""
        if self._close is None:
            self._close = (code, reason)
        self._closing.set()
        self._wake.set()

    async def run(self, receive: Any, subprotocol: str | None) -> None:
        """Serves until either side ends it."""
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        self.push(_text(Hello()))
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read(receive))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({writer, reader, closing}, return_when=asyncio.FIRST_COMPLETED)
            self._leave_all()
            if self._close is not None:
                # Who reads nothing never lets the writer come to its end: it is not waited for.
                await asyncio.wait({writer}, timeout=CLOSING_S)
        finally:
            for task in (writer, reader, closing):
                task.cancel()
            await asyncio.gather(writer, reader, closing, return_exceptions=True)
            self._leave_all()

    async def _write(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), IDLE_S / 3)
            except TimeoutError:
                if time.monotonic() - self._heard > IDLE_S:
                    self.close(CLOSE_IDLE, "idle")
            if time.monotonic() > self._until:
                self.close(CLOSE_AGAIN, "come again")
            self._wake.clear()
            while self._queue and self._close is None:
                text = self._queue.popleft()
                await self._send({"type": "websocket.send", "text": text})
                self._buffered -= len(text)
            if self._close is not None:
                code, reason = self._close
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
                return

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
