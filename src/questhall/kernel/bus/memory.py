"""The embedded bus: in memory, and yet durable, since each event stays in its outbox until all consumers have it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

import structlog

from questhall.kernel.absence import news
from questhall.kernel.bus import BATCH_MAX, Confirm, Subscriber
from questhall.kernel.contract import Envelope

__all__ = ["MemoryBus"]

RETRY_FIRST_S = 0.1
RETRY_MAX_S = 5.0
STOP_PATIENCE_S = 2.0

log = structlog.get_logger(__name__)


class _Delivery:
    """One event and how many consumers have yet to take it over."""

    __slots__ = ("confirm", "envelope", "open", "position")

    def __init__(self, envelope: Envelope[Any], position: int, confirm: Confirm, consumers: int) -> None:
        self.envelope = envelope
        self.position = position
        self.confirm = confirm
        self.open = consumers


class _Lane:
    """One consumer's queue and the task that empties it: one batch at a time, so order is kept."""

    def __init__(self, subscriber: Subscriber) -> None:
        self.subscriber = subscriber
        self.queue: deque[_Delivery] = deque()
        self.wake = asyncio.Event()
        self.busy = False
        self.away = False
        """Whether it could not take what it was given last: that is tried again."""
        self.aside: dict[Confirm, dict[int, _Delivery]] = {}
        """By publisher: what that is to keep for it, by position."""
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        while True:
            await self.wake.wait()
            self.wake.clear()
            while self.queue:
                self.busy = True
                batch = [self.queue.popleft() for _ in range(min(BATCH_MAX, len(self.queue)))]
                await self._deliver(batch)
                self._confirm(batch)
            self.busy = False

    async def _deliver(self, batch: list[_Delivery]) -> None:
        wait_s = RETRY_FIRST_S
        while True:
            try:
                await self.subscriber.take([delivery.envelope for delivery in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, the batch must not be lost
                self.away = True
                name = self.subscriber.name
                if news(name, error):
                    log.warning("delivery_delayed", consumer=name, error=repr(error), retry_in_s=wait_s)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, RETRY_MAX_S)
            else:
                self.away = False
                return

    def set_aside(self, confirm: Confirm) -> list[int]:
        """Takes a publisher's events out of the queue; answers which it is to keep."""
        if confirm not in self.aside:
            self.aside[confirm] = {one.position: one for one in self.queue if one.confirm == confirm}
            self.queue = deque(one for one in self.queue if one.confirm != confirm)
        return list(self.aside[confirm])

    def kept(self, confirm: Confirm, positions: list[int]) -> None:
        """They wait elsewhere."""
        self._confirm([self.aside[confirm].pop(position) for position in positions])

    @staticmethod
    def _confirm(batch: list[_Delivery]) -> None:
        done: dict[Confirm, list[int]] = {}
        for delivery in batch:
            delivery.open -= 1
            if delivery.open == 0:
                done.setdefault(delivery.confirm, []).append(delivery.position)
        for confirm, positions in done.items():
            confirm(positions)


class MemoryBus:
    """See ``Bus``."""

    def __init__(self) -> None:
        self._lanes: list[_Lane] = []
        self._by_type: dict[str, list[_Lane]] = {}
        self._closed = False

    def subscribe(self, subscriber: Subscriber) -> None:
        """Adds a consumer."""
        self._lanes.append(_Lane(subscriber))
        self._by_type.clear()

    def _lanes_of(self, event_type: str) -> list[_Lane]:
        lanes = self._by_type.get(event_type)
        if lanes is None:
            lanes = [lane for lane in self._lanes if lane.subscriber.hears(event_type)]
            self._by_type[event_type] = lanes
        return lanes

    def publish(
        self, envelopes: list[Envelope[Any]], positions: list[int], confirm: Confirm, *, only: str | None = None
    ) -> None:
        """Hands events over. Once it is being stopped it takes none: a later one would be handled before one dropped here."""
        if self._closed:
            return
        unheard: list[int] = []
        for envelope, position in zip(envelopes, positions, strict=True):
            lanes = self._lanes_of(envelope.type)
            if only is not None:
                lanes = [lane for lane in lanes if lane.subscriber.name == only]
            if not lanes:
                unheard.append(position)
                continue
            delivery = _Delivery(envelope, position, confirm, len(lanes))
            for lane in lanes:
                if lane.aside and confirm in lane.aside:
                    lane.aside[confirm][position] = delivery
                else:
                    lane.queue.append(delivery)
                    lane.wake.set()
        if unheard:
            confirm(unheard)

    def set_aside(self, confirm: Confirm, consumers: Iterable[str] = ()) -> dict[str, list[int]]:
        """See ``Bus``."""
        named = set(consumers)
        return {
            lane.subscriber.name: lane.set_aside(confirm)
            for lane in self._lanes
            if lane.away or confirm in lane.aside or lane.subscriber.name in named
        }

    def kept(self, confirm: Confirm, consumer: str, positions: list[int]) -> None:
        """See ``Bus``."""
        self._lane(consumer).kept(confirm, positions)

    def rejoin(self, confirm: Confirm, consumer: str) -> bool:
        """See ``Bus``."""
        lane = self._lane(consumer)
        if not lane.aside[confirm]:
            del lane.aside[confirm]
        return confirm not in lane.aside

    def _lane(self, consumer: str) -> _Lane:
        return next(lane for lane in self._lanes if lane.subscriber.name == consumer)

    async def start(self) -> None:
        """Begins to deliver."""
        for lane in self._lanes:
            lane.task = asyncio.create_task(lane.run(), name=f"bus {lane.subscriber.name}")

    async def stop(self) -> None:
        """Ends deliveries, batches in hand first."""
        self._closed = True
        deadline = asyncio.get_running_loop().time() + STOP_PATIENCE_S
        while any(lane.busy for lane in self._lanes) and asyncio.get_running_loop().time() < deadline:
            for lane in self._lanes:
                lane.queue.clear()  # they are in the outbox still
            await asyncio.sleep(0.005)
        tasks = [lane.task for lane in self._lanes if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def idle(self) -> bool:
        """Whether nothing is queued or being handled."""
        return not any(lane.queue or lane.busy or lane.aside for lane in self._lanes)

    def problem(self) -> str:
        """Why events are not delivered now."""
        if self._closed:
            return "stopped"
        ended = [lane.subscriber.name for lane in self._lanes if lane.task is None or lane.task.done()]
        return f"delivers nothing to {', '.join(ended)}" if ended else ""
