"""Ingest at a steady 300 deliveries a second: how long each waits for its answer, counted from when it was due."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import uvloop

from bench.cascades import prepare, signed
from bench.client import Connection, head_of
from bench.servers import PORT, up

RATE = 300
SECONDS = 20
CONNECTIONS = 64
PLAYERS = 1000


def run() -> dict[str, float | str]:
    """Milliseconds, p50, p99 and the worst, with all that follows from each delivery going on."""
    with up("--empty") as installation, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(installation))


async def _measure(installation: Any) -> dict[str, float | str]:
    async with httpx.AsyncClient(base_url=f"{installation.url}/api/v1", timeout=60) as client:
        world = await prepare(installation, client, players=PLAYERS)
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await Connection.open(PORT))
    took: list[float] = []

    async def send(number: int, due: float) -> None:
        connection = await free.get()
        body, headers = signed(world, number % PLAYERS, number)
        status, answer = await connection.post(head_of("/api/v1/ingest/bench", headers), body)
        assert status == 202, answer
        took.append((time.perf_counter() - due) * 1000)
        free.put_nowait(connection)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as sending:
        for number in range(RATE * SECONDS):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sending.create_task(send(number, due))
    took.sort()
    return {"p50 ms": took[len(took) // 2], "p99 ms": took[int(len(took) * 0.99)], "worst ms": took[-1]}
