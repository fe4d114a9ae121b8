"""Fixtures shared by all tests: real servers, a fresh database for each test, a whole installation in the process."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest

from questhall.compose import Installation
from questhall.kernel.access import ROLES
from questhall.kernel.clock import ManualClock
from questhall.kernel.contract import Cause, Contract, Envelope, Event, Refusal
from questhall.kernel.database import Database
from questhall.kernel.ids import new_id
from questhall.kernel.migrations import migrate
from questhall.kernel.postgres import EmbeddedPostgres
from questhall.kernel.service import Service, discover
from questhall.kernel.settings import Settings
from questhall.kernel.valkey import EmbeddedValkey

__all__ = ["Hall", "HallUser", "database_url", "hall", "redis_url", "servers"]

PASSWORD = "correct horse battery"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""Monday morning: where every test's clock stands at first."""

MEMORY, ROOM = Path("/dev/shm"), 1024**3  # noqa: S108 - a folder of our own in it


class Servers(msgspec.Struct, frozen=True):
    """The servers that all tests of a run share."""

    database: str
    redis: str


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL (``QUESTHALL_TEST_DATABASE_URL``, or the embedded one) and Redis or Valkey, likewise.

    ``QUESTHALL_TEST_POSTGRES`` names the folder of another PostgreSQL's programs, in place of the embedded one's.
    """
    given_database = os.environ.get("QUESTHALL_TEST_DATABASE_URL")
    given_redis = os.environ.get("QUESTHALL_TEST_REDIS_URL")
    other = Path(programs) if (programs := os.environ.get("QUESTHALL_TEST_POSTGRES")) else None
    with _folder() as folder:
        postgres = None if given_database else EmbeddedPostgres(folder / "postgres", binaries=other)
        valkey = None if given_redis else EmbeddedValkey(folder / "valkey")
        try:
            if postgres is not None:
                postgres.start()
                asyncio.run(_hasten(postgres.dsn))
            if valkey is not None:
                valkey.start()
            yield Servers(given_database or postgres.dsn, given_redis or valkey.url)  # type: ignore[union-attr]
        finally:
            if postgres is not None:
                postgres.stop()
            if valkey is not None:
                valkey.stop()


@contextmanager
def _folder() -> Iterator[Path]:
    """Where the servers keep their files: in memory, where it has room.

    A database is a thousand files. ext4 without a journal gives the number of a removed one out again only after
    minutes, and until then passes over each of them for every new file: with a database made and dropped for each test,
    that took a third of all CPU.
    """
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    with tempfile.TemporaryDirectory(prefix="questhall-test-", dir=MEMORY if roomy else None) as name:
        folder = Path(name)
        folder.chmod(0o755)  # for nobody too: as whom PostgreSQL runs when we are root
        yield folder


async def _hasten(dsn: str) -> None:
    """No test pulls the plug of the machine: what only that would lose need not wait for the disk, or fill it."""
    admin = await asyncpg.connect(dsn)
    for setting in ("fsync = off", "full_page_writes = off", "min_wal_size = '64MB'", "max_wal_size = '128MB'"):
        await admin.execute(f"ALTER SYSTEM SET {setting}")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.close()


def named(server: str, database: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))


@asynccontextmanager
async def fresh_database(server: str, *, template: str | None = None) -> AsyncIterator[str]:
    """A database of its own, empty or cloned, dropped at the end."""
    name = f"qh_test_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        yield named(server, name)
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()


@pytest.fixture
async def database_url(servers: Servers) -> AsyncIterator[str]:
    """An empty database."""
    async with fresh_database(servers.database) as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The Redis or Valkey of this run; every installation has a prefix of its own."""
    return servers.redis


@pytest.fixture(scope="session")
def migrated(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Name of a migrated template database, and the data folder whose secret its roles know."""
    name = f"qh_template_{uuid4().hex[:12]}"
    data = tmp_path_factory.mktemp("installation")

    async def make() -> None:
        admin = await asyncpg.connect(servers.database)
        await admin.execute(f"CREATE DATABASE {name}")
        await admin.close()
        await migrate(discover(), Settings(data=data), named(servers.database, name))

    async def drop() -> None:
        admin = await asyncpg.connect(servers.database)
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()

    asyncio.run(make())
    yield name, data
    asyncio.run(drop())


class HallUser(msgspec.Struct, frozen=True):
    """A player of a test, signed in."""

    user_id: UUID
    username: str
    client: httpx.AsyncClient

    def cookie(self, name: str = "session") -> tuple[str, str]:
        """Name and value of a cookie that this player's browser holds, as the installation calls it."""
        url = self.client.base_url
        called = Settings(public_url=f"{url.scheme}://{url.netloc.decode()}").cookie(name)
        return called, self.client.cookies[called]


class Hall:
    """A whole installation: every service, the gateway, a clock that stands still. Jobs run when told."""

    def __init__(self, installation: Installation, clock: ManualClock, admin_url: str) -> None:
        self.installation = installation
        self.clock = clock
        self.admin_url = admin_url
        """The database as its administrator."""
        self.undocumented: set[str] = set()
        """Answers to requests that the OpenAPI document does not have: there must be none at the end of any test."""
        self._clients: list[httpx.AsyncClient] = []
        self._app = installation.app
        installation.gateway.app = self._watched  # type: ignore[method-assign]

    def actions(self, contract: type[Contract]) -> Any:
        """The actions object of a service."""
        return self.installation.process.actions[contract.name]

    def database(self, contract: type[Contract]) -> Database:
        """A service's own connections."""
        return self.installation.process.running[contract.name].site.db

    async def drain(self) -> None:
        """Waits until every event has reached all its consumers."""
        await self.installation.process.drain()

    async def run_job(self, contract: type[Contract], name: str) -> None:
        """Runs a job now."""
        await self.installation.process.running[contract.name].scheduler.run(name)
        await self.drain()

    def client(self) -> httpx.AsyncClient:
        """A browser that is not signed in, through the gateway."""
        transport = httpx.ASGITransport(app=self.installation.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(
            transport=transport,
            base_url=f"{self.installation.settings.public_url}/api/v1",
            headers={"origin": self.installation.settings.public_url, "sec-fetch-site": "same-origin"},
            timeout=30,
        )
        self._clients.append(client)
        return client

    async def user(self, name: str, *, role: str = "player", timezone: str = "UTC") -> HallUser:
        """Registers a player over HTTP and gives them a role."""
        assert role in ROLES
        client = self.client()
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "timezone": timezone}
        answer = await client.post("/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        user_id = UUID(answer.json()["id"])
        if role != "player":
            await self.actions(_identity()).set_role(user_id, role, reason="for a test")
            answer = await client.post("/auth/login", json={"username": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
        await self.drain()
        return HallUser(user_id, name, client)

    async def record(self, producer: str, *events: Event, cause: Cause | None = None) -> list[Envelope[Any]]:
        """Says events as if their producer had, and waits for what follows."""
        async with self.installation.process.running[producer].site.db.tx(cause=cause) as tx:
            said = [tx.emit(event) for event in events]
        await self.drain()
        return said

    async def log(self, event_type: str | None = None) -> list[dict[str, Any]]:
        """Rows of the event log in order of position, ``data`` decoded, and as it is read: what is personal in clear."""
        admin = await asyncpg.connect(self.admin_url)
        try:
            rows = await admin.fetch(
                "SELECT * FROM audit.event_log WHERE $1::text IS NULL OR type = $1 ORDER BY position", event_type
            )
        finally:
            await admin.close()
        audit = self.installation.process.running["audit"].site
        async with audit.db.read() as tx:
            opened = await self.installation.process.actions["audit"].opened(tx, rows)  # type: ignore[attr-defined]
        return [{**row, "data": msgspec.json.decode(row["data"])} for row in opened]

    async def _watched(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The gateway's application; each answer is looked up in the document."""

        async def noting(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._look_up(scope["method"], scope["path"], str(message["status"]))
            await send(message)

        await self._app(scope, receive, noting)

    def _look_up(self, method: str, path: str, status: str) -> None:
        try:
            route = self.installation.gateway.policy.table.find(method, path)
        except Refusal:  # another method of the route: no operation
            return
        if route is not None and status not in _documented(self.installation)[route.template, route.method]:
            self.undocumented.add(f"{route.method} {route.template} answered {status}")

    async def close(self) -> None:
        """Ends clients and services."""
        for client in self._clients:
            await client.aclose()
        await self.installation.stop()


_statuses: dict[tuple[str, ...], dict[tuple[str, str], frozenset[str]]] = {}


def _documented(installation: Installation) -> dict[tuple[str, str], frozenset[str]]:
    """The statuses of each route (template and method) by the OpenAPI document; made once for a set of services."""
    services = tuple(installation.process.running)
    if services not in _statuses:
        paths = msgspec.json.decode(installation.gateway.openapi())["paths"]
        _statuses[services] = {
            (template, method.upper()): frozenset(operation["responses"])
            for template, item in paths.items()
            for method, operation in item.items()
        }
    return _statuses[services]


def _identity() -> type[Contract]:
    from questhall.contracts.identity import Identity  # noqa: PLC0415 - the kernel knows no service; its tests do

    return Identity


@asynccontextmanager
async def open_hall(
    admin_url: str,
    redis_url: str,
    data: Path,
    *,
    services: list[Service] | None = None,
    start: datetime = START,
    public_url: str = "http://localhost:8000",
    manual: bool = True,
) -> AsyncIterator[Hall]:
    """An installation on a migrated database; its clock stands still, or (not ``manual``) begins at the real time."""
    clock = ManualClock(start if manual else datetime.now(UTC))
    settings = Settings(data=data, registration="open", public_url=public_url)
    installation = Installation(
        settings,
        services=services,
        database_url=admin_url,
        redis_url=redis_url,
        cache_prefix=f"t{new_id().hex[-10:]}:",
        clock=clock,
        run_jobs=False,
    )
    await installation.start()
    hall_ = Hall(installation, clock, admin_url)
    try:
        yield hall_
    finally:
        await hall_.close()
    assert hall_.undocumented == set(), "the OpenAPI document names each status that a route may answer"


@pytest.fixture
async def hall(servers: Servers, migrated: tuple[str, Path]) -> AsyncIterator[Hall]:
    """A fresh installation of every service, in this process."""
    template, data = migrated
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fresh_database(servers.database, template=template))
        yield await stack.enter_async_context(open_hall(url, servers.redis, data))
