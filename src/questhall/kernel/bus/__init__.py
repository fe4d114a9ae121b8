"""The bus: carries batches of events from relays to consumers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
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

    def publish(
        self, envelopes: list[Envelope[Any]], positions: list[int], confirm: Confirm, *, only: str | None = None
    ) -> None:
        """Hands events over, to one consumer ``only`` if it is named; ``confirm`` is called with their positions as they
        are taken over. It stands for the publisher below.
        """
        ...

    def set_aside(self, confirm: Confirm, consumers: Iterable[str] = ()) -> dict[str, list[int]]:
        """Positions, by consumer, that the publisher is to keep for those that are away now, or are named.

        They are no longer delivered, nor is what the publisher hands over from now on, until ``rejoin``.
        """
        ...

    def kept(self, confirm: Confirm, consumer: str, positions: list[int]) -> None:
        """The publisher keeps these for a consumer: nobody waits for it any more."""
        ...

    def rejoin(self, confirm: Confirm, consumer: str) -> bool:
        """The consumer has all that was kept, and hears the publisher again; False if there is more to be kept."""
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
