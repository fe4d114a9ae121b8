"""What a flood costs the others: how long a signed-in player waits without it and with it, by turns in one run."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import uvloop
from websockets.asyncio.client import connect

from bench.cascades import dsn_of, prepare, signed
from bench.client import Connection, head_of
from bench.servers import PORT, up

SECONDS = 8.0
ROUNDS = 3
PACE_S = 0.02
PLAYERS = 100
SOCKETS = 2000
BURST = 20
"""Times the steady rate of deliveries."""
STEADY = 15
"""Deliveries a second that an installation of this size is used to."""

Flood = Callable[["Stage"], Awaitable[Counter[str]]]


class Stage:
    """A running installation, and who is there."""

    def __init__(self, world: Any, tokens: list[str]) -> None:
        self.world = world
        self.tokens = tokens
        self.over = False
        self.number = 0


def run() -> dict[str, float | str]:
    """p99 in milliseconds without and with each flood, medians of interleaved rounds, their ratio, and the answers."""
    with up("--empty") as installation, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(installation))


async def _measure(installation: Any) -> dict[str, float | str]:
    async with httpx.AsyncClient(base_url=f"{installation.url}/api/v1", timeout=60) as client:
        world = await prepare(installation, client, players=PLAYERS)
    stage = Stage(world, await _tokens(installation))
    await _ask(stage, 2.0)
    found: dict[str, float | str] = {}
    for name, flood in FLOODS.items():
        quiet, loud, told = [], [], Counter[str]()
        for _ in range(ROUNDS):
            quiet.append(await _ask(stage, SECONDS))
            stage.over = False
            task = asyncio.ensure_future(flood(stage))
            await asyncio.sleep(0.5)
            loud.append(await _ask(stage, SECONDS))
            stage.over = True
            told += await task
            await asyncio.sleep(2.0)
        found[f"{name}: p99 ms without"] = statistics.median(quiet)
        found[f"{name}: p99 ms with"] = statistics.median(loud)
        found[f"{name}: ratio"] = statistics.median(b / a for a, b in zip(quiet, loud, strict=True))
        found[f"{name}: answers"] = ", ".join(f"{status} {count}" for status, count in sorted(told.items()))
    return found


async def _tokens(installation: Any) -> list[str]:
    """One of each player, as rows: each made by the command line would take a second."""
    secrets = {f"p{number}": f"qh_bench_{number:040}" for number in range(PLAYERS)}
    connection = await asyncpg.connect(dsn_of(installation))
    await connection.executemany(
        "INSERT INTO identity.api_tokens (user_id, id, secret_hash, name, created_at) "
        "SELECT id, gen_random_uuid(), $2, 'bench', now() FROM identity.users WHERE username = $1",
        [(name, hashlib.sha256(secret.encode()).digest()) for name, secret in secrets.items()],
    )
    await connection.close()
    return list(secrets.values())


async def _ask(stage: Stage, seconds: float) -> float:
    """The p99 in milliseconds of players who ask in turn; each answer has to be good."""
    took: list[float] = []
    line = "GET /api/v1/quests HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer"
    heads = itertools.cycle([f"{line} {token}\r\n".encode() for token in stage.tokens])
    connection = await Connection.open(PORT)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        status, body = await connection.post(next(heads), b"")
        assert status == 200, body
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(PACE_S)
    connection.close()
    return sorted(took)[int(len(took) * 0.99)]


async def log_ins(stage: Stage) -> Counter[str]:
    """64 who guess passwords without a pause."""
    told: Counter[str] = Counter()

    async def guess(number: int) -> None:
        connection = await Connection.open(PORT)
        head = head_of("/api/v1/auth/login", {"content-type": "application/json"})
        while not stage.over:
            body = b'{"username":"u%d","password":"wrong and wrong"}' % number
            told[str((await connection.post(head, body))[0])] += 1
        connection.close()

    await asyncio.gather(*(guess(number) for number in range(64)))
    return told


async def loris(stage: Stage) -> Counter[str]:
    """1,000 connections whose heads never end, opened anew when they are closed."""
    told: Counter[str] = Counter()

    async def trickle() -> None:
        while not stage.over:
            reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
            while not stage.over and not reader.at_eof():
                writer.write(b"x: y\r\n")
                await asyncio.sleep(1.0)
            told["closed" if reader.at_eof() else "left"] += 1
            writer.transport.abort()

    await asyncio.gather(*(trickle() for _ in range(1000)))
    return told


async def sockets(stage: Stage) -> Counter[str]:
    """2,000 open sockets, each of which asks for its player's channel."""
    told: Counter[str] = Counter()
    gate = asyncio.Semaphore(50)

    async def hold(token: str) -> None:
        uri = f"ws://127.0.0.1:{PORT}/api/v1/ws"
        async with gate:
            ws = await connect(uri, subprotocols=[f"qh.bearer.{token}"], compression=None)  # type: ignore[list-item]
            await ws.send('{"type":"subscribe","channel":"me","cursor":null}')
            await ws.recv()
        told["held"] += 1
        while not stage.over:
            await asyncio.sleep(0.5)
        ws.transport.abort()

    tokens = [stage.tokens[number % len(stage.tokens)] for number in range(SOCKETS)]
    await asyncio.gather(*(hold(token) for token in tokens))
    return told


async def burst(stage: Stage) -> Counter[str]:
    """20 times the steady rate of deliveries, each of which completes a quest and pays."""
    told: Counter[str] = Counter()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(64):
        free.put_nowait(await Connection.open(PORT))

    async def deliver(number: int) -> None:
        connection = await free.get()
        body, headers = signed(stage.world, number % PLAYERS, number)
        told[str((await connection.post(head_of("/api/v1/ingest/bench", headers), body))[0])] += 1
        free.put_nowait(connection)

    async with asyncio.TaskGroup() as sending:
        while not stage.over:
            stage.number += 1
            sending.create_task(deliver(stage.number))
            await asyncio.sleep(1 / (STEADY * BURST))
    return told


FLOODS: dict[str, Flood] = {"log-ins": log_ins, "slow heads": loris, "2,000 sockets": sockets, "20x deliveries": burst}
