"""A badge's backfill over a million events of its type, and what others feel of it."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import time
from pathlib import Path
from typing import Any

import httpx
import uvloop

from bench.grow import grow
from bench.servers import rss_mib, up

FOLDER = Path(__file__).parent / "data" / "backfill"
TRANSFERS = 1_300_000
"""Four in five of them have a completed quest before them: more than a million."""
RULE = {
    "slug": "bench-past",
    "name": "Past",
    "requirements": {"event": "quest.completed", "where": "data.category == 'python'", "count": 3},
}
ALONE_S = 10.0
EVERY_S = 0.02


def run() -> dict[str, float | str]:
    """Events looked at a second, memory, and p99 of a read and of a write beside it against the same alone."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    grow(FOLDER, TRANSFERS)
    try:
        with up("--empty", data=FOLDER) as installation, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_measure(installation))
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


async def _measure(installation: Any) -> dict[str, float | str]:
    boss = {"authorization": f"Bearer {installation.token(f'boss{time.time_ns()}', admin=True)}"}
    async with httpx.AsyncClient(base_url=f"{installation.url}/api/v1", headers=boss, timeout=60) as client:
        made = (await client.post("/achievements", json=RULE)).json()
        (await client.post(f"/achievements/{made['id']}/publish")).raise_for_status()
        alone: list[float] = []
        end = time.perf_counter() + ALONE_S
        while time.perf_counter() < end:
            await _ask(client, alone)
        memory = [rss_mib(installation.process.pid)]
        began, cpu = time.perf_counter(), installation.cpu_s()
        job = (await client.post(f"/achievements/{made['id']}/backfill")).json()
        beside: list[float] = []
        while job["status"] in ("queued", "running"):
            await _ask(client, beside)
            if len(beside) % 25 == 0:
                memory.append(rss_mib(installation.process.pid))
                job = (await client.get(f"/jobs/{job['id']}")).json()
        assert job["status"] == "done", job
        seconds = time.perf_counter() - began
        return {
            "events": float(job["done"]),
            "awarded": float(job["result"]["awarded"]),
            "events/s": job["done"] / seconds,
            "CPU us an event": (installation.cpu_s() - cpu) / job["done"] * 1e6,
            "MiB before": memory[0],
            "MiB at most": max(memory),
            "p99 ms of a read alone": _p99(alone),
            "p99 ms of a read beside it": _p99(beside),
            "ratio of p99": _p99(beside) / _p99(alone),
        }


async def _ask(client: httpx.AsyncClient, times: list[float]) -> None:
    began = time.perf_counter()
    answer = await client.get("/me/balances")
    times.append((time.perf_counter() - began) * 1000)
    assert answer.status_code == 200, answer.text
    await asyncio.sleep(EVERY_S)


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]
