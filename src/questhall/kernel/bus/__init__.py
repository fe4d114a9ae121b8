"""The bus: carries batches of events from relays to consumers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from questhall.kernel.contract import Envelope

__all__ = ["BATCH_MAX", "Bus", "Confirm", "Subscriber"]

BATCH_MAX = 256
"""Events in one delivery at most."""

Confirm = Callable[[list[int]], None]
"""Told the outbox positions of events that every consumer has taken over."""


class Subscriber(Protocol):
    """A consumer as the bus sees it."""

    @property
    def name(self) -> str:
        """Unique name; the service's."""
        ...

    def hears(self, event_type: str) -> bool:
        """Whether events of this type are wanted."""
        ...

    @property
    def take(self) -> Callable[[list[Envelope[Any]]], Awaitable[None]]:
        """Takes a batch over; returns once each is committed or parked. Raises only if its database is away."""
        ...


class Bus(Protocol):
    """Order is kept per (producer, subject). ``publish`` never waits for a consumer."""

    def subscribe(self, subscriber: Subscriber) -> None:
        """Adds a consumer; before ``start``."""
        ...

    def publish(self, envelopes: list[Envelope[Any]], positions: list[int], confirm: Confirm) -> None:
        """Hands events over; ``confirm`` is called with their positions as they are taken over."""
        ...

    async def start(self) -> None:
        """Begins to deliver."""
        ...

    async def stop(self) -> None:
        """Ends deliveries; a batch that is being handled is finished first, if it can be in 2 s."""
        ...

    def idle(self) -> bool:
        """Whether nothing is queued or being handled."""
        ...

    def problem(self) -> str:
        """Why events are not delivered now; "" when they are."""
        ...
