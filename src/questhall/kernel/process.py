"""A process: any set of services, started together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import structlog

from questhall.kernel import migrations, rpc
from questhall.kernel.access import KeyRing, Permissions
from questhall.kernel.background import forget_finished
from questhall.kernel.bus import Bus
from questhall.kernel.bus.memory import MemoryBus
from questhall.kernel.cache import Cache
from questhall.kernel.clock import Clock
from questhall.kernel.consumer import Consumer
from questhall.kernel.contract import Contract
from questhall.kernel.database import Database
from questhall.kernel.jobs import Scheduler
from questhall.kernel.limits import Limits
from questhall.kernel.relay import Relay
from questhall.kernel.service import Service, Site
from questhall.kernel.settings import Settings
from questhall.kernel.tables import Locked, changing_tables
from questhall.kernel.telemetry import Metrics

__all__ = ["Process", "Running"]

INBOX_DAYS_AHEAD = 3
INBOX_DAYS_KEPT = 14
ROLL_EVERY_S = 6 * 3600.0

log = structlog.get_logger(__name__)
C = TypeVar("C", bound=Contract)


class Running:
    """One service in a process: its actions and the machinery around them."""

    def __init__(self, service: Service, site: Site, bus: Bus) -> None:
        self.service = service
        self.site = site
        self.actions: Any = service.actions(site)
        self.relay = Relay(site.db, bus)
        self.consumer = Consumer(service, self.actions, site.db)
        self.scheduler = Scheduler(service, self.actions, site.db)
        if self.consumer.listens:
            bus.subscribe(self.consumer)


class Process:
    """Services, their databases, the bus between them. ``start`` raises ``Behind`` if a schema is older than the code."""

    def __init__(
        self,
        settings: Settings,
        services: Sequence[Service],
        *,
        database_url: str,
        redis_url: str,
        cache_prefix: str = "qh:",
        clock: Clock | None = None,
        run_jobs: bool = True,
    ) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.keyring = KeyRing(settings.keys)
        self.metrics = Metrics()
        self.cache = Cache(redis_url, prefix=cache_prefix)
        self.limits = Limits(self.cache)
        self.permissions = Permissions([p for service in services for p in service.permissions])
        self.bus: Bus = MemoryBus()
        self._run_jobs = run_jobs
        self._database_url = database_url
        self._actions: dict[str, Contract] = {}
        self._transport = rpc.Local(self._actions)
        self._roll: asyncio.Task[None] | None = None
        self.running: dict[str, Running] = {}
        for service in services:
            dsn = migrations.service_dsn(settings, database_url, service.name)
            site = Site(
                name=service.name,
                db=Database(service.name, dsn, clock=self.clock, pool_max=settings.pool_max),
                clock=self.clock,
                cache=self.cache,
                limits=self.limits,
                settings=settings,
                permissions=self.permissions,
                log=structlog.get_logger(f"questhall.{service.name}"),
                stub=self.stub,
            )
            self.running[service.name] = Running(service, site, self.bus)
            self._actions[service.name] = self.running[service.name].actions

    def stub(self, caller: str, contract: type[C]) -> C:
        """A contract as ``caller`` calls it."""
        return rpc.stub(contract, caller=caller, transport=self._transport)

    @property
    def pairs(self) -> list[tuple[Service, Any]]:
        """Each service with its actions."""
        return [(one.service, one.actions) for one in self.running.values()]

    @property
    def actions(self) -> dict[str, Contract]:
        """Actions by service name."""
        return self._actions

    async def start(self) -> None:
        """Opens the databases, checks their versions, begins to deliver what outboxes still hold."""
        await self.cache.open()
        await asyncio.gather(*(self._open(one) for one in self.running.values()))
        for one in self.running.values():
            await one.consumer.parking.start()
        for one in self.running.values():
            start = getattr(one.actions, "start", None)
            if start is not None:
                await start()
        await self.bus.start()
        for one in self.running.values():
            await one.relay.start()
        if self._run_jobs:
            for one in self.running.values():
                await one.scheduler.start()
        self._roll = asyncio.create_task(self._keep_rolling(), name="inbox partitions")

    async def _open(self, one: Running) -> None:
        await one.site.db.open()
        async with one.site.db.read() as tx:
            missing = await migrations.missing(one.service, tx)
        if missing:
            raise migrations.Behind(f"{one.service.name}: {', '.join(missing)} not applied; run `questhall migrate`")
        await self._roll_inbox(one)

    @staticmethod
    async def _roll_inbox(one: Running) -> None:
        today = one.site.db.real_now().date()
        try:
            async with changing_tables(one.site.db) as tx:
                await tx.execute("SELECT roll_inbox($1, $2, $3)", today, INBOX_DAYS_AHEAD, INBOX_DAYS_KEPT)
        except (asyncpg.DuplicateTableError, asyncpg.UniqueViolationError):
            log.debug("inbox_rolled_by_another", service=one.service.name)
        except Locked:
            log.info("inbox_rolled_later", service=one.service.name)

    async def _keep_rolling(self) -> None:
        while True:
            try:
                self.keyring.keep_fresh()
            except (OSError, ValueError) as error:
                log.error("keys_not_kept_fresh", error=repr(error))
            await asyncio.sleep(ROLL_EVERY_S)
            for one in self.running.values():
                try:
                    await self._roll_inbox(one)
                    async with one.site.db.tx() as tx:
                        await tx.execute("DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'")
                        await forget_finished(tx)
                except Exception as error:  # noqa: BLE001 - the default partition takes what has none
                    log.error("inbox_not_rolled", service=one.service.name, error=repr(error))

    async def stop(self) -> None:
        """Ends jobs and deliveries, then closes. What was not delivered is in the outboxes."""
        if self._roll is not None:
            self._roll.cancel()
            await asyncio.gather(self._roll, return_exceptions=True)
        await asyncio.gather(*(one.scheduler.stop() for one in self.running.values()))
        await asyncio.gather(*(one.consumer.parking.stop() for one in self.running.values()))
        await self.bus.stop()
        await asyncio.gather(*(one.relay.stop() for one in self.running.values()))
        for one in self.running.values():
            stop = getattr(one.actions, "stop", None)
            if stop is not None:
                await stop()
        await asyncio.gather(*(one.site.db.close() for one in self.running.values()))
        await self.cache.close()

    def idle(self) -> bool:
        """Whether every event that was committed here has been taken over by all."""
        return self.bus.idle() and all(one.relay.idle() for one in self.running.values())

    async def drain(self, timeout_s: float = 30.0) -> None:
        """Waits until ``idle``. TimeoutError after ``timeout_s``."""
        async with asyncio.timeout(timeout_s):
            quiet = 0
            while quiet < 2:  # once more: a handler may just have committed
                quiet = quiet + 1 if self.idle() else 0
                await asyncio.sleep(0.005)

    async def problems(self) -> dict[str, str]:
        """What is wrong, by part (``database:<service>``, ``migrations:<service>``, ``bus``, ``cache``); empty if nothing is."""
        found: dict[str, str] = {}
        for name, one in self.running.items():
            try:
                async with one.site.db.read() as tx:
                    missing = await migrations.missing(one.service, tx)
            except Exception as error:  # noqa: BLE001 - whatever it is, the part is not ready
                found[f"database:{name}"] = type(error).__name__
            else:
                if missing:
                    found[f"migrations:{name}"] = f"{', '.join(missing)} not applied"
        for part, problem in (("bus", self.bus.problem()), ("cache", await self.cache.problem())):
            if problem:
                found[part] = problem
        return found

    async def measure(self) -> None:
        """Reads what is only measured when somebody asks: backlogs, parked events, what services count by themselves."""
        for name, one in self.running.items():
            rows, oldest = await one.relay.backlog()
            self.metrics.outbox_rows.labels(name).set(rows)
            self.metrics.outbox_oldest.labels(name).set(oldest)
            counts = await one.consumer.parking.counts()
            for state in ("parked", "behind", "quarantined"):
                self.metrics.parked.labels(name, state).set(counts.get(state, 0))
            measure = getattr(one.actions, "measure", None)
            if measure is not None:
                for measured in await measure():
                    self.metrics.note(measured)

    async def replay(self, service: str, event_id: UUID) -> bool:
        """Runs a parked or quarantined event of a service again; False if it is not there."""
        return await self.running[service].consumer.replay(event_id)
