"""The embedded shape: servers from wheels, every service in this process, one port."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog
import uvloop
from rich.console import Console

from questhall.compose import Installation
from questhall.contracts.identity import Identity
from questhall.kernel import rpc
from questhall.kernel.access import KeyRing
from questhall.kernel.children import CannotStart, Child, keep, run_folder
from questhall.kernel.contract import Contract
from questhall.kernel.encryption import Sealer
from questhall.kernel.migrations import database_secret, migrate
from questhall.kernel.postgres import EmbeddedPostgres
from questhall.kernel.server import server, settle_heap, widen_files
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings
from questhall.kernel.valkey import EmbeddedValkey

__all__ = [
    "KEYS_OF_THE_DATABASE",
    "UNFINISHED",
    "call",
    "database",
    "lock",
    "migrate_only",
    "on_stopped",
    "openapi",
    "run",
    "servers",
    "up",
    "with_api",
    "work",
]

log = structlog.get_logger(__name__)
T = TypeVar("T")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
HERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - not to listen on: where who listens everywhere is reached
BACKLOG = 1024
SOCKET = "internal.sock"
KEYS_OF_THE_DATABASE = ("database.secret", "seal-*.key")
"""Those that can't be made anew; what signs for minutes can."""
CALL_TIMEOUT_S = 600.0
"""A command may read the whole ledger."""
HELD_PATIENCE_S = 30.0
"""How long a command waits for another process that starts, ends or works on the same data folder."""
HELD_LOOK_S = 0.2
UNFINISHED = "restore.unfinished"
"""A file in a data folder that is not whole yet."""


class Servers(msgspec.Struct, frozen=True):
    """Where the servers are."""

    database: str
    redis: str
    children: list[Child]
    """Those that are ours."""


class Running(msgspec.Struct, frozen=True):
    """What a running installation leaves in its data folder for commands."""

    pid: int
    socket: str
    database: str = ""
    """URL of the embedded server's administrator; empty when it is another's, which the settings name."""
    api: str = ""
    """Where the public API is reached from this machine."""


class Held(CannotStart):
    """Another process works on the data folder."""


@contextmanager
def lock(settings: Settings, *, restoring: bool = False) -> Iterator[None]:
    """One start a data folder at a time. Raises Held when another has it, CannotStart when it can't be used."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"{settings.data} can't be made: {error.strerror}", "choose another folder with --data"
        ) from error
    try:
        opened = (settings.data / "lock").open("a+")
    except OSError as error:
        raise CannotStart(
            f"{settings.data} can't be written: {error.strerror}",
            "choose another folder with --data, or change its owner",
        ) from error
    with opened as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            holder = handle.read().strip()
            raise Held(
                f"another Questhall (process {holder or 'unknown'}) is running on {settings.data}",
                "use that one, end it, or start this one with another --data and --port",
            ) from None
        handle.seek(0)
        handle.truncate()
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        if (settings.data / UNFINISHED).exists() and not restoring:
            raise CannotStart(
                f"{settings.data} holds half of a backup: its restore was ended before it was done",
                f"begin anew with `questhall restore FILE --data {settings.data}`",
            )
        yield


@contextmanager
def servers(settings: Settings) -> Iterator[Servers]:
    """The database and the cache: embedded, or those that the settings name."""
    postgres = None if settings.database_url else EmbeddedPostgres(settings.data / "postgres")
    valkey = None if settings.redis_url else EmbeddedValkey(settings.data / "valkey")
    children: list[Child] = [child for child in (postgres, valkey) if child is not None]
    try:
        if postgres is not None:
            _check_keys(settings, postgres)
        for child in children:
            child.start()
        yield Servers(
            settings.database_url or postgres.dsn,  # type: ignore[union-attr]
            settings.redis_url or valkey.url,  # type: ignore[union-attr]
            children,
        )
    finally:
        for child in reversed(children):
            child.stop()


def _check_keys(settings: Settings, postgres: EmbeddedPostgres) -> None:
    """They are made before the first database is: one that is there without them has lost them. Raises CannotStart."""
    wanted = {name: settings.keys.glob(name) for name in KEYS_OF_THE_DATABASE}
    lost = [name for name, files in wanted.items() if not any(file.stat().st_size for file in files)]
    if postgres.find() and lost:
        raise CannotStart(
            f"the keys of the database {postgres.cluster} are lost: {settings.keys} has no {' and no '.join(lost)}. "
            "Secrets in the database can't be read without them",
            f"put {settings.keys} back from the backup; or move {postgres.cluster} away, to begin with an empty database",
        )
    database_secret(settings)
    Sealer(settings.keys)


def _check_port(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # at once: two that only bind the same port would both be let
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"port {port} on {host} can't be used: {error.strerror}",
            f"choose another one, such as --port {port % 65535 + 1}",
        ) from error
    return listener


def up(settings: Settings, *, host: str, port: int, starter: bool, insecure_http: bool, out: Console) -> None:
    """Runs until Ctrl-C. Raises CannotStart."""
    if host not in LOOPBACK and not insecure_http and not settings.https:
        raise CannotStart(
            f"listening on {host} would send passwords in the clear to other machines",
            "put TLS in front and set QUESTHALL_PUBLIC_URL=https://..., or say --insecure-http",
        )
    if "QUESTHALL_PUBLIC_URL" not in os.environ:
        settings = msgspec.structs.replace(settings, public_url=f"http://localhost:{port}")
    if host not in LOOPBACK and not settings.registration:
        settings = msgspec.structs.replace(settings, registration="invite")  # whatever name the page goes by
    with lock(settings):
        listener = _check_port(host, port)
        with listener, servers(settings) as found:
            run(_serve(settings, found, listener, starter=starter, out=out))


def run(main: Awaitable[T]) -> T:
    """Runs it to its end, or to Ctrl-C."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(_interruptible(main))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


async def _interruptible(main: Awaitable[T]) -> T:
    """Ctrl-C and a plain kill cancel the work, whatever it is at: so what was started is ended."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await main


@contextmanager
def killed_as_interrupted() -> Iterator[None]:
    """While no loop runs: a plain kill ends servers as Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


async def _serve(settings: Settings, found: Servers, listener: socket.socket, *, starter: bool, out: Console) -> None:
    widen_files()
    services = discover()
    await migrate(services, settings, found.database)
    installation = Installation(settings, services=services, database_url=found.database, redis_url=found.redis)
    folder = run_folder(None, settings.data / "internal.run")
    public = server(installation.app, forwarded_allow_ips=settings.trusted_proxies)
    inner = server(installation.internal, uds=str(folder / SOCKET), proxy_headers=False)
    tasks: list[asyncio.Task[None]] = []
    running = settings.data / "run.json"
    try:
        await installation.start()
        tasks = [asyncio.create_task(public.serve(sockets=[listener])), asyncio.create_task(inner.serve())]
        if starter:
            await installation.install_starter_pack()
        while not (public.started and inner.started):
            await asyncio.sleep(0.005)
        embedded = "" if settings.database_url else found.database
        address = listener.getsockname()
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        api = f"http://{HERE.get(host, host)}:{address[1]}/api/v1"
        note = Running(pid=os.getpid(), socket=str(folder / SOCKET), database=embedded, api=api)
        running.write_bytes(msgspec.json.encode(note))
        await _greet(installation, settings, out)
        settle_heap()
        await _until_stopped(found.children)
    finally:
        running.unlink(missing_ok=True)
        public.should_exit = inner.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)
        await installation.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _until_stopped(children: list[Child]) -> None:
    """Until Ctrl-C or a plain kill; the servers are kept running meanwhile. Raises CannotStart when one can't be."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    tasks = [asyncio.create_task(stopping.wait()), *(asyncio.create_task(keep(child)) for child in children)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _greet(installation: Installation, settings: Settings, out: Console) -> None:
    identity: Any = installation.process.stub("cli", Identity)
    secret = await identity.first_admin_token()
    try:
        _say(settings, secret, out)
    except OSError:
        log.info("nobody_reads_standard_output", url=settings.public_url)


def _say(settings: Settings, secret: str | None, out: Console) -> None:
    out.print(f"[bold]Questhall is running[/] at {settings.public_url}")
    if secret is not None:
        out.print(f"Make the first admin: {settings.public_url}/first-admin#{secret}")
        out.print("[dim](the link works once; it is made anew at each start until there is an admin)[/]")
    out.print(f"[dim]Data is in {settings.data}. Ctrl-C stops everything.[/]")


def migrate_only(settings: Settings) -> int:
    """Brings the database up to date."""
    with lock(settings), servers(settings) as found:
        return run(migrate(discover(), settings, found.database))


def call(settings: Settings, service: str, method: str, arguments: dict[str, Any]) -> Any:
    """A call of the command line to a service: over the socket of a running installation, or on a stopped one."""
    contract = {one.name: one.contract for one in discover()}[service]
    return work(settings, lambda stub: getattr(stub(contract), method)(**arguments))


def work(settings: Settings, calls: Callable[[Any], Awaitable[T]]) -> T:
    """Calls of the command line, in one go: what is given makes a contract into what can be called.

    An installation that starts, ends or is worked on by another command is waited for.
    """
    with _reached(settings) as found:
        if isinstance(found, Running):
            return run(_call_running(settings, found.socket, calls))
        return run(on_stopped(settings, found, calls))


def with_api(settings: Settings, calls: Callable[[str, Callable[[type[Contract]], Any]], Awaitable[T]]) -> T:
    """Work on a running installation: given its API's address, and what makes stubs. Raises CannotStart if none runs."""
    running = _running(settings)
    if running is None:
        raise CannotStart(f"no Questhall is running on {settings.data}", "start it with `questhall up`, then try again")
    if not running.api:
        raise _earlier(settings)
    return run(_call_running(settings, running.socket, lambda stub: calls(running.api, stub)))


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The administrator's URL of an installation's database, whether it runs or is stopped. Raises CannotStart."""
    with _reached(settings) as found:
        if not settings.database_url and not found.database:
            raise _earlier(settings)
        yield settings.database_url or found.database


@contextmanager
def _reached(settings: Settings) -> Iterator[Running | Servers]:
    """A running installation, or the servers of a stopped one, for as long as the block lasts. Raises CannotStart.

    One that starts, ends or is worked on by another command is waited for.
    """
    deadline = time.monotonic() + HELD_PATIENCE_S
    with ExitStack() as stack:
        while True:
            running = _running(settings)
            if running is not None:
                yield running
                return
            there = any((settings.data / name).exists() for name in ("keys", "postgres", "postgres.location"))
            if not there and not settings.database_url:
                raise CannotStart(
                    f"there is no installation in {settings.data}", "start one with `questhall up`, or name its --data"
                )
            try:
                stack.enter_context(lock(settings))
            except Held:
                if time.monotonic() > deadline:
                    raise
                time.sleep(HELD_LOOK_S)
                continue
            yield stack.enter_context(servers(settings))
            return


async def _call_running(settings: Settings, path: str, calls: Callable[[Any], Awaitable[T]]) -> T:
    addresses = {service.name: "http://localhost" for service in discover()}
    transport = rpc.Http(addresses, KeyRing(settings.keys), socket=path, timeout_s=CALL_TIMEOUT_S)
    try:
        return await calls(lambda contract: rpc.stub(contract, caller="cli", transport=transport))
    finally:
        await transport.close()


async def on_stopped(settings: Settings, found: Servers, work: Callable[[Any], Awaitable[T]]) -> T:
    """Work that calls services by their contract (``work`` is given what makes stubs), and what follows from it."""
    services = discover()
    await migrate(services, settings, found.database)
    installation = Installation(
        settings, services=services, database_url=found.database, redis_url=found.redis, run_jobs=False
    )
    await installation.start()
    try:
        result = await work(lambda contract: installation.process.stub("cli", contract))
        await installation.process.drain()
        return result
    finally:
        await installation.stop()


def _earlier(settings: Settings) -> CannotStart:
    return CannotStart(
        f"the Questhall that runs on {settings.data} is of an earlier version", "end it, and try this again"
    )


def _running(settings: Settings) -> Running | None:
    """What runs on the data folder, if anything does."""
    try:
        found = msgspec.json.decode((settings.data / "run.json").read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(found.socket)
        except OSError:
            return None
    return found


def openapi() -> bytes:
    """The OpenAPI document of all services, without starting any."""
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Settings(data=Path(folder)), database_url="postgresql://nobody@/none", redis_url="")
        return installation.gateway.openapi()
