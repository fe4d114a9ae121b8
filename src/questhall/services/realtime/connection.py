"""One WebSocket connection: its messages, its bounds, its end."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any
from uuid import UUID

import msgspec

from questhall.kernel.access import Caller
from questhall.services.realtime.channels import Channel, Channels, Listener, Member

__all__ = ["Connection"]

BUFFERED_MAX = 256 * 1024
"""Bytes that wait for a slow reader at most; then the connection is closed."""
MESSAGE_MAX = 4096
MESSAGES_PER_S = 20
IDLE_S = 75.0
"""A client pings every 25 s; who says nothing for three of them is gone."""
CHANNELS_MAX = 32
CLOSING_S = 0.5
"""What a writer has to say good-bye."""

CLOSE_SLOW = 1013
CLOSE_POLICY = 1008
CLOSE_ENDED = 4401
CLOSE_IDLE = 4408


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """What a client says."""

    type: str
    channel: str = ""
    cursor: str | None = None


_decoder = msgspec.json.Decoder(Asked)


def _text(**fields: Any) -> str:
    return msgspec.json.encode(fields).decode()


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
        self._joined: dict[str, Channel] = {}
        self._close: tuple[int, str] | None = None
        self._tokens = float(MESSAGES_PER_S)
        self._heard = time.monotonic()

    @property
    def user_id(self) -> UUID:
        """Whose it is."""
        return self.caller.user

    @property
    def closed_as(self) -> int | None:
        """The code it ends with; None while it is open."""
        return self._close[0] if self._close else None

    def push(self, text: str) -> None:
        """See ``Listener``."""
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
        self.push(_text(type="hello", epoch=self._channels.epoch))
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read(receive))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({writer, reader, closing}, return_when=asyncio.FIRST_COMPLETED)
            for channel in self._joined.values():
                channel.listeners.discard(self)
            if self._close is not None:
                # Who reads nothing never lets the writer come to its end: it is not waited for.
                await asyncio.wait({writer}, timeout=CLOSING_S)
        finally:
            for channel in self._joined.values():
                channel.listeners.discard(self)
            for task in (writer, reader, closing):
                task.cancel()
            await asyncio.gather(writer, reader, closing, return_exceptions=True)

    async def _write(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), IDLE_S / 3)
            except TimeoutError:
                if time.monotonic() - self._heard > IDLE_S:
                    self.close(CLOSE_IDLE, "idle")
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
        except msgspec.MsgspecError:
            self.push(_text(type="error", code="malformed", detail="send {type, channel, cursor}"))
            return
        if asked.type == "ping":
            self.push(_text(type="pong"))
        elif asked.type == "subscribe":
            await self._subscribe(asked)
        elif asked.type == "unsubscribe":
            self.leave(asked.channel, "asked")
        else:
            self.push(_text(type="error", code="unknown_type", detail=asked.type[:40]))

    async def _subscribe(self, asked: Asked) -> None:
        kind = asked.channel.partition(":")[0]
        member = self._kinds.get(kind)
        if member is None or len(self._joined) >= CHANNELS_MAX or not await member(self.caller, asked.channel):
            self.push(_text(type="error", code="forbidden", detail=asked.channel[:80]))
            return
        channel = self._channels.get(self.key(asked.channel))
        missed = self._channels.missed(channel, asked.cursor)
        self.push(
            _text(
                type="subscribed",
                channel=asked.channel,
                cursor=self._channels.cursor(channel),
                recovered=asked.cursor is not None and missed is not None,
                reload=missed is None,
            )
        )
        # No await since the cursor was read: what comes from now on is heard, what came before was just told.
        for text in missed or []:
            self.push(text)
        channel.listeners.add(self)
        self._joined[asked.channel] = channel

    def key(self, name: str) -> str:
        """The channel behind a name: everybody's ``me`` is their own."""
        return f"user:{self.caller.user_id}" if name == "me" else name

    def leave(self, name: str, reason: str) -> None:
        """Ends a subscription."""
        channel = self._joined.pop(name, None)
        if channel is not None:
            channel.listeners.discard(self)
            self.push(_text(type="unsubscribed", channel=name, reason=reason))
