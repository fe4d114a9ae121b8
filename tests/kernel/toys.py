"""Toy services, to try the kernel without any real one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from questhall.kernel.bus import Subscriber
from questhall.kernel.bus.memory import MemoryBus
from questhall.kernel.clock import Clock
from questhall.kernel.consumer import Consumer
from questhall.kernel.contract import Contract, Envelope, Event
from questhall.kernel.database import Database, Tx
from questhall.kernel.migrations import migrate, service_dsn
from questhall.kernel.relay import Relay
from questhall.kernel.service import Service, on
from questhall.kernel.settings import Settings


class Knocked(Event, frozen=True, kw_only=True):
    """Somebody knocked."""

    type: ClassVar[str] = "door.knocked"
    subject_field: ClassVar[str] = "who"
    who: str
    n: int


class Opened(Event, frozen=True, kw_only=True):
    """The door was opened in answer."""

    type: ClassVar[str] = "door.opened"
    subject_field: ClassVar[str] = "who"
    who: str
    n: int


class Door(Contract):
    """Says knocks and openings."""

    name: ClassVar[str] = "door"
    events: ClassVar[tuple[type[Event], ...]] = (Knocked, Opened)


class Porter(Contract):
    """Hears knocks."""

    name: ClassVar[str] = "porter"
    events: ClassVar[tuple[type[Event], ...]] = (Opened,)


@dataclass
class PorterActions(Porter):
    """Counts what it heard in its own table; fails as told."""

    site: Any
    fail: Callable[[Envelope[Any]], bool] = lambda _envelope: False
    seen: list[tuple[str, int]] = field(default_factory=list)

    async def heard(self, tx: Tx, event: Envelope[Knocked]) -> None:
        if self.fail(event):
            raise RuntimeError(f"can't open to {event.data.who} {event.data.n}")
        await tx.execute("INSERT INTO heard (who, n) VALUES ($1, $2)", event.data.who, event.data.n)
        self.seen.append((event.data.who, event.data.n))


HEARD_SQL = "CREATE TABLE heard (id bigint GENERATED ALWAYS AS IDENTITY, who text, n int)"


@on(Knocked)
async def open_door(actions: PorterActions, tx: Tx, event: Envelope[Knocked]) -> None:
    """Notes the knock and opens."""
    await actions.heard(tx, event)
    tx.emit(Opened(who=event.data.who, n=event.data.n))


def _module(**members: object) -> ModuleType:
    module = ModuleType("toy")
    vars(module).update(members)
    return module


DOOR = Service(name="door", contract=Door, actions=lambda site: Door())
PORTER = Service(name="porter", contract=Porter, actions=PorterActions, handlers=_module(open_door=open_door))


@dataclass
class House:
    """A door and a porter on one database, with the bus between them."""

    door: Database
    porter: Database
    actions: PorterActions
    consumer: Consumer
    bus: MemoryBus
    relays: list[Relay]

    async def knock(self, who: str, n: int) -> None:
        async with self.door.tx() as tx:
            tx.emit(Knocked(who=who, n=n))

    async def heard(self, who: str | None = None) -> list[tuple[str, int]]:
        async with self.porter.read() as tx:
            rows = await tx.fetch("SELECT who, n FROM heard WHERE $1::text IS NULL OR who = $1 ORDER BY id", who)
        return [(row["who"], row["n"]) for row in rows]

    def idle(self) -> bool:
        return self.bus.idle() and all(relay.idle() for relay in self.relays)

    async def settle(self, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not self.idle():
                await asyncio.sleep(0.005)


async def build_house(
    stack: AsyncExitStack, dsn: str, data: Path, *, create: bool = True, listener: Subscriber | None = None
) -> House:
    """Starts the two, and who else listens, on an empty database (``create``) or on one they left behind."""
    settings = Settings(data=data)
    if create:
        # The toys' actions live in this module, so that the runner looks beside it and finds no files of theirs.
        assert sys.modules[__name__]
        await migrate([DOOR, PORTER], settings, dsn)
    databases = {}
    for service in (DOOR, PORTER):
        database = Database(service.name, service_dsn(settings, dsn, service.name), clock=Clock())
        await database.open()
        stack.push_async_callback(database.close)
        databases[service.name] = database
    if create:
        import asyncpg

        admin = await asyncpg.connect(dsn)
        await admin.execute(f"SET ROLE questhall_porter_owner; SET search_path TO porter; {HEARD_SQL};")
        await admin.execute("GRANT ALL ON ALL TABLES IN SCHEMA porter TO questhall_porter; RESET ROLE")
        await admin.close()
    bus = MemoryBus()
    actions = PorterActions(None)
    consumer = Consumer(PORTER, actions, databases["porter"])
    bus.subscribe(consumer)
    if listener is not None:
        bus.subscribe(listener)
    relays = [Relay(databases["door"], bus), Relay(databases["porter"], bus)]
    await consumer.parking.start()
    stack.push_async_callback(consumer.parking.stop)
    await bus.start()
    for relay in relays:
        await relay.start()
        stack.push_async_callback(relay.stop)
    stack.push_async_callback(bus.stop)
    return House(databases["door"], databases["porter"], actions, consumer, bus, relays)
