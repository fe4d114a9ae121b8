"""What a flood costs the others: how long a signed-in player waits without it and with it, by turns in one run."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import multiprocessing
import statistics
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import Any

import asyncpg
import httpx
import uvloop
from websockets.asyncio.client import connect

from bench.cascades import World, dsn_of, prepare, signed
from bench.client import Connection, head_of
from bench.servers import PORT, up

SECONDS = 6.0
ROUNDS = 3
PACE_S = 0.02
PLAYERS = 100
SOCKETS = 2000
BURST = 20
"""Times the steady rate of deliveries."""
STEADY = 15
"""Deliveries a second that an installation of this size is used to."""

Flood = Callable[["Stage", int], Coroutine[Any, Any, Counter[str]]]


class Stage:
    """What a flood knows, in a process of its own: else its work would delay the clock of who is measured."""

    def __init__(self, world: World, tokens: list[str], over: Event, ready: Event) -> None:
        self.world = world
        self.tokens = tokens
        self._over = over
        self.ready = ready

    @property
    def over(self) -> bool:
        """Whether it has gone on for long enough."""
        return self._over.is_set()


def run() -> dict[str, float | str]:
    """p99 in milliseconds without and with each flood, medians of interleaved rounds, their ratio, and the answers."""
    with up("--empty") as installation, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        world, tokens = runner.run(_prepared(installation))
        runner.run(_ask(tokens, 2.0))
        found: dict[str, float | str] = {}
        for name in FLOODS:
            quiet, loud, told = [], [], Counter[str]()
            for number in range(ROUNDS):
                quiet.append(runner.run(_ask(tokens, SECONDS)))
                with _flooding(name, world, tokens, number) as answers:
                    loud.append(runner.run(_ask(tokens, SECONDS)))
                told += answers.get()
                time.sleep(2.0)
            found[f"{name}: p99 ms without"] = statistics.median(quiet)
            found[f"{name}: p99 ms with"] = statistics.median(loud)
            found[f"{name}: ratio"] = statistics.median(b / a for a, b in zip(quiet, loud, strict=True))
            found[f"{name}: answers"] = ", ".join(f"{status} {count}" for status, count in sorted(told.items()))
        return found


@contextmanager
def _flooding(name: str, world: World, tokens: list[str], number: int) -> Iterator[Any]:
    spawn = multiprocessing.get_context("spawn")
    over, ready, answers = spawn.Event(), spawn.Event(), spawn.Queue()
    process = spawn.Process(target=_flood, args=(name, world, tokens, number, over, ready, answers))
    process.start()
    try:
        assert ready.wait(60), "the flood did not begin"
        yield answers
    finally:
        over.set()
        process.join(60)


def _flood(name: str, world: World, tokens: list[str], number: int, over: Event, ready: Event, answers: Any) -> None:
    stage = Stage(world, tokens, over, ready)
    answers.put(uvloop.run(FLOODS[name](stage, number)))


async def _prepared(installation: Any) -> tuple[World, list[str]]:
    async with httpx.AsyncClient(base_url=f"{installation.url}/api/v1", timeout=60) as client:
        world = await prepare(installation, client, players=PLAYERS)
    return world, await _tokens(installation)


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


async def _ask(tokens: list[str], seconds: float) -> float:
    """The p99 in milliseconds of players who ask in turn; each answer has to be good."""
    took: list[float] = []
    line = "GET /api/v1/quests HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer"
    heads = itertools.cycle([f"{line} {token}\r\n".encode() for token in tokens])
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


async def log_ins(stage: Stage, _number: int) -> Counter[str]:
    """64 who guess passwords, five times a second each."""
    told: Counter[str] = Counter()

    async def guess(number: int) -> None:
        connection = await Connection.open(PORT)
        head = head_of("/api/v1/auth/login", {"content-type": "application/json"})
        while not stage.over:
            body = b'{"username":"u%d","password":"wrong and wrong"}' % number
            told[str((await connection.post(head, body))[0])] += 1
            stage.ready.set()
            await asyncio.sleep(0.2)
        connection.close()

    await asyncio.gather(*(guess(number) for number in range(64)))
    return told


async def loris(stage: Stage, _number: int) -> Counter[str]:
    """1,000 connections whose heads never end, opened anew when they are closed."""
    told: Counter[str] = Counter()

    async def trickle() -> None:
        while not stage.over:
            reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
            stage.ready.set()
            while not stage.over and not reader.at_eof():
                writer.write(b"x: y\r\n")
                await asyncio.sleep(1.0)
            told["closed" if reader.at_eof() else "left"] += 1
            writer.transport.abort()

    await asyncio.gather(*(trickle() for _ in range(1000)))
    return told


async def sockets(stage: Stage, _number: int) -> Counter[str]:
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
        if told["held"] == SOCKETS:
            stage.ready.set()
        while not stage.over:
            await asyncio.sleep(0.5)
        ws.transport.abort()

    tokens = [stage.tokens[number % len(stage.tokens)] for number in range(SOCKETS)]
    await asyncio.gather(*(hold(token) for token in tokens))
    return told


async def burst(stage: Stage, number: int) -> Counter[str]:
    """20 times the steady rate of deliveries, each of which completes a quest and pays."""
    told: Counter[str] = Counter()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(64):
        free.put_nowait(await Connection.open(PORT))

    async def deliver(one: int) -> None:
        connection = await free.get()
        body, headers = signed(stage.world, one % PLAYERS, one)
        told[str((await connection.post(head_of("/api/v1/ingest/bench", headers), body))[0])] += 1
        free.put_nowait(connection)

    async with asyncio.TaskGroup() as sending:
        for one in itertools.count(number * 1_000_000):
            if stage.over:
                break
            stage.ready.set()
            sending.create_task(deliver(one))
            await asyncio.sleep(1 / (STEADY * BURST))
    return told


FLOODS: dict[str, Flood] = {"log-ins": log_ins, "slow heads": loris, "2,000 sockets": sockets, "20x deliveries": burst}
