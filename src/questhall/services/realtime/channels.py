"""Channels: who may listen to which, and what each has said lately."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from questhall.kernel.access import Caller

__all__ = ["Channel", "Channels", "Member", "members_only"]

HISTORY = 256
"""Messages of a channel that can be had again."""
CHANNELS_MAX = 20_000

Member = Callable[[Caller, str], Awaitable[bool]]


class Message(msgspec.Struct, frozen=True):
    """What a channel said: encoded once, written to all."""

    number: int
    id: UUID
    text: str


class Channel:
    """One channel: numbered messages, and whoever listens."""

    __slots__ = ("history", "ids", "last", "listeners")

    def __init__(self) -> None:
        self.last = 0
        self.history: deque[Message] = deque(maxlen=HISTORY)
        self.ids: OrderedDict[UUID, None] = OrderedDict()
        self.listeners: set[Listener] = set()


class Listener:
    """What a channel writes to."""

    def push(self, text: str) -> None:
        """Takes a message, or gives up if it can't keep pace."""
        raise NotImplementedError


class Channels:
    """All channels of this node. A cursor is ``epoch.number``; another epoch means: fetch everything again."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(6)
        self._channels: OrderedDict[str, Channel] = OrderedDict()

    def get(self, key: str) -> Channel:
        """A channel, made when it is first used."""
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = Channel()
            if len(self._channels) > CHANNELS_MAX:
                self._forget_idle()
        return channel

    def _forget_idle(self) -> None:
        idle = [key for key, channel in self._channels.items() if not channel.listeners]
        for key in idle[: CHANNELS_MAX // 4]:
            # Its numbers begin anew, so its epoch would have to: a whole new one is simplest, and rare.
            del self._channels[key]
        self.epoch = secrets.token_hex(6)

    def say(self, key: str, name: str, event_id: UUID, text: Callable[[str], str]) -> None:
        """Says something once (by event id) to everybody who listens; ``text`` is given the cursor."""
        channel = self.get(key)
        if event_id in channel.ids:
            return
        channel.ids[event_id] = None
        if len(channel.ids) > 2 * HISTORY:
            channel.ids.popitem(last=False)
        channel.last += 1
        message = Message(channel.last, event_id, text(self.cursor(channel)))
        channel.history.append(message)
        for listener in list(channel.listeners):
            listener.push(message.text)

    def cursor(self, channel: Channel) -> str:
        """Where a channel stands."""
        return f"{self.epoch}.{channel.last}"

    def missed(self, channel: Channel, cursor: str | None) -> list[str] | None:
        """What was said after a cursor; None when it can't be told, and everything has to be fetched again."""
        if cursor is None:
            return []
        epoch, _, number = cursor.partition(".")
        if epoch != self.epoch or not number.isdigit() or int(number) > channel.last:
            return None
        after = int(number)
        if after < channel.last and (not channel.history or channel.history[0].number > after + 1):
            return None
        return [message.text for message in channel.history if message.number > after]


async def members_only(caller: Caller, _name: str) -> bool:
    """Everybody who is signed in."""
    return caller.user_id is not None
