"""One lone activity: from ingest answered to the toast's message on the WebSocket."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from typing import Any

import httpx
from websockets.asyncio.client import connect

from bench.cascades import prepare, signed
from bench.servers import PORT, up

ROUNDS = 200


def run() -> dict[str, float | str]:
    """Milliseconds, p50 and p99."""
    with up("--empty") as installation:
        return asyncio.run(_measure(installation))


async def _measure(installation: Any) -> dict[str, float | str]:
    async with httpx.AsyncClient(base_url=f"{installation.url}/api/v1", timeout=30) as client:
        world = await prepare(installation, client, players=1)
        took: list[float] = []
        answered: list[float] = []
        protocol = f"qh.bearer.{world.tokens[0]}"
        async with connect(f"ws://127.0.0.1:{PORT}/api/v1/ws", subprotocols=[protocol]) as ws:  # type: ignore[list-item]
            await ws.send('{"type": "subscribe", "channel": "me"}')
            for number in range(ROUNDS):
                body, headers = signed(world, 0, number)
                began = time.perf_counter()
                answer = await client.post("/ingest/bench", content=body, headers=headers)
                assert answer.status_code == 202, answer.text
                done = time.perf_counter()
                while json.loads(await ws.recv()).get("event") != "quest.completed":
                    pass
                took.append((time.perf_counter() - done) * 1000)
                answered.append((done - began) * 1000)
                await asyncio.sleep(0.02)
        took.sort()
        answered.sort()
        return {
            "ingest answered p50 ms": statistics.median(answered),
            "answered to message p50 ms": statistics.median(took),
            "answered to message p99 ms": took[int(len(took) * 0.99)],
        }
