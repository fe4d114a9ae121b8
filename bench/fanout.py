"""One channel, 1,000 sockets: ours, whole, against `websockets.broadcast` alone."""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import secrets
import statistics
import struct
import tempfile
import time
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import uvloop
from websockets.asyncio.server import broadcast, serve

from bench.servers import rss_mib
from questhall.compose import Installation
from questhall.kernel.ids import new_id
from questhall.kernel.migrations import migrate
from questhall.kernel.postgres import EmbeddedPostgres
from questhall.kernel.server import server, settle_heap
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings
from questhall.kernel.telemetry import configure_logs
from questhall.kernel.valkey import EmbeddedValkey
from questhall.services.realtime.history import Saying

SOCKETS = 1000
A_PLAYER = 20
"""Sockets of one player: fewer than one may have."""
MESSAGES = 100
ROUNDS = 7
BYTES = 200
PORTS = {"ours": 21831, "bare": 21832}
TEXT, PING, PONG = 0x81, 0x89, 0x8A
SERVICES = ["identity", "realtime"]


def run() -> dict[str, float | str]:
    """Deliveries a second, medians of interleaved rounds, their ratio, CPU of a delivery, memory of a connection."""
    folder = Path(tempfile.mkdtemp(prefix="qh-bench-"))
    folder.chmod(0o755)
    postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
    postgres.start()
    valkey.start()
    children: list[Any] = []
    try:
        settings = Settings(data=folder)
        asyncio.run(migrate(discover(SERVICES), settings, postgres.dsn))
        context = multiprocessing.get_context("spawn")
        pipes: dict[str, Pipe] = {}
        for kind in PORTS:
            mine, theirs = context.Pipe()
            arguments = (kind, theirs, str(folder), postgres.dsn, valkey.url)
            children.append(context.Process(target=_child, args=arguments, daemon=True))
            children[-1].start()
            pipes[kind] = mine
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_compare(pipes, {kind: child.pid for kind, child in zip(PORTS, children, strict=True)}))
    finally:
        for child in children:
            child.terminate()
            child.join(5)
        valkey.stop()
        postgres.stop()


# Those who send


def _child(kind: str, pipe: Pipe, data: str, dsn: str, redis: str) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_ours(pipe, data, dsn, redis) if kind == "ours" else _bare(pipe))


async def _serve_orders(pipe: Pipe, say: Any, ready: Any) -> None:
    """Says so many messages as it is asked to, one after the other; answers its CPU seconds for them."""
    pipe.send(ready)
    loop = asyncio.get_running_loop()
    while True:
        count = await loop.run_in_executor(None, pipe.recv)
        cpu = time.process_time()
        for _ in range(count):
            await say()
        await asyncio.sleep(0.3)
        pipe.send(time.process_time() - cpu)


async def _ours(pipe: Pipe, data: str, dsn: str, redis: str) -> None:
    settings = Settings(data=Path(data), log_level="warning")
    configure_logs(settings)
    installation = Installation(
        settings, services=discover(SERVICES), database_url=dsn, redis_url=redis, run_jobs=False
    )
    await installation.start()
    identity: Any = installation.process.actions["identity"]
    realtime: Any = installation.process.actions["realtime"]
    tokens = []
    for number in range(SOCKETS // A_PLAYER):
        name = f"p{number}"
        await identity.create_user(name, f"{name}@example.org", "correct horse battery")
        tokens.append(await identity.create_token(name))
    serving = server(installation.app, host="127.0.0.1", port=PORTS["ours"])
    task = asyncio.create_task(serving.serve())
    settle_heap()
    body = json.dumps({"type": "message", "channel": "lobby", "event": "quest.published", "data": "x" * BYTES})[:-1]

    async def say() -> None:
        text = body[: BYTES - 2] + '"}'
        await realtime.channels.say([Saying(key="lobby", event_id=new_id(), text=text)])

    await _serve_orders(pipe, say, tokens)
    await task


async def _bare(pipe: Pipe) -> None:
    open_: set[Any] = set()

    async def handle(connection: Any) -> None:
        open_.add(connection)
        await connection.wait_closed()

    async def say() -> None:
        broadcast(open_, "x" * BYTES)
        await asyncio.sleep(0)

    async with serve(handle, "127.0.0.1", PORTS["bare"], compression=None):
        await _serve_orders(pipe, say, [])


# Those who listen


class _Ear(asyncio.Protocol):
    """Counts messages of a socket; looks at no more of a frame than its length."""

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._rest = b""
        self._head = True
        self.transport: Any = None
        self.count = 0
        self.opened = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Asks for a socket."""
        self.transport = transport
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        lines = ["GET /api/v1/ws HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        if self._token is not None:
            lines.append(f"Sec-WebSocket-Protocol: qh.bearer.{self._token}")
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        data = self._rest + data
        if self._head:
            head, _, data = data.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101"), head
            self._head = False
            if self._token is not None:
                self.transport.write(_masked(b'{"type": "subscribe", "channel": "lobby"}'))
            else:
                self.opened.set_result(None)
        at = 0
        while len(data) >= at + 4:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = struct.unpack_from("!H", data, at + 2)[0], at + 4
            if len(data) < start + size:
                break
            if data[at] == PING:
                self.transport.write(_masked(data[start : start + size], PONG))
            elif not self.opened.done():
                if b"subscribed" in data[start : start + size]:
                    self.opened.set_result(None)
            else:
                self.count += 1
            at = start + size
        self._rest = data[at:]


def _masked(text: bytes, kind: int = TEXT) -> bytes:
    mask = os.urandom(4)
    return bytes((kind, 0x80 | len(text))) + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(text))


async def _compare(pipes: dict[str, Pipe], pids: dict[str, int]) -> dict[str, float | str]:
    loop = asyncio.get_running_loop()
    ears: dict[str, list[_Ear]] = {}
    memory: dict[str, float] = {}
    for kind, pipe in pipes.items():
        tokens = await loop.run_in_executor(None, pipe.recv)
        await asyncio.sleep(1)
        before = rss_mib(pids[kind])
        ears[kind] = []
        for number in range(SOCKETS):
            token = tokens[number // A_PLAYER] if tokens else None
            _, ear = await loop.create_connection(lambda token=token: _Ear(token), "127.0.0.1", PORTS[kind])  # type: ignore[misc]
            ears[kind].append(ear)
            if number % 50 == 49:
                await asyncio.gather(*(one.opened for one in ears[kind]))
        await asyncio.gather(*(ear.opened for ear in ears[kind]))
        memory[kind] = (rss_mib(pids[kind]) - before) * 1024 / SOCKETS
    rates: dict[str, list[float]] = {kind: [] for kind in pipes}
    spent: dict[str, list[float]] = {kind: [] for kind in pipes}
    for _ in range(ROUNDS):
        for kind, pipe in pipes.items():
            wanted = sum(ear.count for ear in ears[kind]) + SOCKETS * MESSAGES
            began = time.perf_counter()
            pipe.send(MESSAGES)
            while sum(ear.count for ear in ears[kind]) < wanted:
                await asyncio.sleep(0.002)
            rates[kind].append(SOCKETS * MESSAGES / (time.perf_counter() - began))
            spent[kind].append((await loop.run_in_executor(None, pipe.recv)) * 1e6 / SOCKETS / MESSAGES)
    return {
        "deliveries/s": statistics.median(rates["ours"]),
        "deliveries/s of websockets.broadcast": statistics.median(rates["bare"]),
        "ratio": statistics.median(a / b for a, b in zip(rates["ours"], rates["bare"], strict=True)),
        "server CPU us a delivery": statistics.median(spent["ours"]),
        "server CPU us a delivery of websockets.broadcast": statistics.median(spent["bare"]),
        "KiB a connection": memory["ours"],
        "KiB a connection of websockets": memory["bare"],
    }
