"""Channels: who may listen to which, and who does. What is said is numbered and kept first, then told."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from questhall.kernel.access import Caller
from questhall.services.realtime.history import History, Opened, Place, Saying

__all__ = ["Channels", "Joining", "Listener", "Member", "members_only"]

SAID_MAX = 20_000
"""Messages of which it is remembered here that they were said."""
REDELIVERED_S = 120.0
"""After a start, events that were told before a crash may come again for this long: the streams are asked too."""

Member = Callable[[Caller, str], Awaitable[bool]]


class Listener:
    """What a channel writes to."""

    __slots__ = ()

    def tell(self, place: Place, text: str) -> None:
        """Takes a message, or gives up if it can't keep pace."""
        raise NotImplementedError


class Joining(Listener):
    """Keeps what is said while a listener is finding out where the channel stands."""

    def __init__(self) -> None:
        self._kept: list[tuple[Place, str]] = []

    def tell(self, place: Place, text: str) -> None:
        """See ``Listener``."""
        self._kept.append((place, text))

    def after(self, place: Place) -> list[tuple[Place, str]]:
        """What came after a place; all of it when the channel began anew meanwhile."""
        return [said for said in self._kept if said[0].epoch != place.epoch or said[0].number > place.number]


class Channels:
    """All channels of this node. A cursor is ``epoch.number``; another epoch means: fetch everything again."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._listeners: dict[str, set[Listener]] = {}
        self._lock = asyncio.Lock()
        self._said: OrderedDict[tuple[str, UUID], None] = OrderedDict()
        self._began = time.monotonic()
        # While Redis is away messages are told all the same, under places that nobody can come back to.
        self._away = f"away{secrets.token_hex(4)}"
        self._away_number = 0

    @property
    def count(self) -> int:
        """Channels that somebody listens to."""
        return len(self._listeners)

    def join(self, key: str, listener: Listener) -> None:
        """Listens to a channel."""
        self._listeners.setdefault(key, set()).add(listener)

    def leave(self, key: str, listener: Listener) -> None:
        """Listens no more."""
        mine = self._listeners.get(key, set())
        mine.discard(listener)
        if not mine:
            self._listeners.pop(key, None)

    async def open(self, key: str, cursor: str | None) -> Opened:
        """Where a channel stands, and what was said after a cursor."""
        opened = await self._history.open(key, cursor)
        if opened is not None:
            return opened
        return Opened(place=Place(self._away, self._away_number), missed=None if cursor else [])

    async def say(self, sayings: Sequence[Saying]) -> None:
        """Says things, in order, each once a channel (by event id)."""
        # One at a time, so that what is numbered first is told first.
        async with self._lock:
            known = {(one.key, one.event_id): one for one in sayings}
            fresh = [one for place, one in known.items() if place not in self._said]
            if not fresh:
                return
            check = time.monotonic() - self._began < REDELIVERED_S
            places = await self._history.say([(one, one.key in self._listeners, check) for one in fresh])
            for number, saying in enumerate(fresh):
                self._remember(saying)
                place = self._place_away() if places is None else places[number]
                if place is None:
                    continue
                text = saying.at(place)
                for listener in list(self._listeners.get(saying.key, ())):
                    listener.tell(place, text)

    async def forget(self, key: str) -> None:
        """What was said in a channel can't be had again; who asks for it reads everything anew."""
        async with self._lock:
            await self._history.forget(key)

    def _remember(self, saying: Saying) -> None:
        self._said[saying.key, saying.event_id] = None
        if len(self._said) > SAID_MAX:
            self._said.popitem(last=False)

    def _place_away(self) -> Place:
        self._away_number += 1
        return Place(self._away, self._away_number)


async def members_only(caller: Caller, name: str) -> bool:
    """Everybody who is signed in; there is one channel of this kind."""
    return caller.user_id is not None and ":" not in name
