"""The internal post route against the same route with one plain database transaction a request."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
import uvloop

from bench.client import Connection, head_of
from questhall.contracts.currency import Currency
from questhall.kernel import rpc
from questhall.kernel.access import Caller, KeyRing
from questhall.kernel.ids import new_id
from questhall.kernel.migrations import migrate
from questhall.kernel.postgres import EmbeddedPostgres
from questhall.kernel.process import Process
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings

PLAYERS = 1000
CONNECTIONS = 64
SECONDS = 5.0
ROUNDS = 3
PORTS = {"grouped": 21811, "plain": 21812}
USERS = [UUID(int=n + 1) for n in range(PLAYERS)]


def run() -> dict[str, float | str]:
    """Requests a second and p99, medians of interleaved rounds, and their ratios."""
    folder = Path(tempfile.mkdtemp(prefix="qh-bench-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    settings = Settings(data=folder, pool_max=16)
    try:
        asyncio.run(migrate(discover(["currency"]), settings, server.dsn))
        asyncio.run(_plain_tables(server.dsn))
        KeyRing(settings.keys)
        context = multiprocessing.get_context("spawn")
        children = [context.Process(target=_serve, args=(kind, server.dsn, str(folder)), daemon=True) for kind in PORTS]
        for child in children:
            child.start()
        try:
            token = KeyRing(settings.keys).sign(Caller(service="bench"), ttl_s=300)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(_compare(token))
        finally:
            for child in children:
                child.terminate()
                child.join(5)
    finally:
        server.stop()


async def _plain_tables(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "CREATE SCHEMA plain; CREATE TABLE plain.accounts (id text PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50);"
        "CREATE TABLE plain.transfers (id uuid PRIMARY KEY, key text UNIQUE, account text, amount bigint, balance bigint, "
        "at timestamptz DEFAULT now())"
    )
    await connection.execute("INSERT INTO plain.accounts SELECT 'user:' || u, 0 FROM unnest($1::uuid[]) AS u", USERS)
    await connection.close()


class _Plain:
    """What most do: a transaction a request."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.pool: Any = None

    async def open(self) -> None:
        """As many connections as measured best."""
        self.pool = await asyncpg.create_pool(self._dsn, min_size=16, max_size=16)

    async def post(self, postings: list[Any]) -> list[dict[str, Any]]:
        """Locks the account, moves the balance, writes the journal."""
        answers = []
        for posting in postings:
            transfer = posting.transfers[0]
            async with self.pool.acquire() as connection, connection.transaction():
                balance = await connection.fetchval(
                    "SELECT balance FROM plain.accounts WHERE id = $1 FOR UPDATE", transfer.credit
                )
                await connection.execute(
                    "UPDATE plain.accounts SET balance = $2 WHERE id = $1", transfer.credit, balance + transfer.amount
                )
                await connection.execute(
                    "INSERT INTO plain.transfers (id, key, account, amount, balance) VALUES ($1, $2, $3, $4, $5)",
                    new_id(),
                    posting.key,
                    transfer.credit,
                    transfer.amount,
                    balance + transfer.amount,
                )
            answers.append({"key": posting.key, "balance": balance + transfer.amount})
        return answers


def _serve(kind: str, dsn: str, data: str) -> None:
    async def main() -> None:
        settings = Settings(data=Path(data), pool_max=16)
        keyring = KeyRing(settings.keys)
        plain = _Plain(dsn)
        actions: dict[str, Any] = {"currency": plain}
        if kind == "grouped":
            process = Process(settings, discover(["currency"]), database_url=dsn, redis_url="", run_jobs=False)
            await process.start()
            actions = dict(process.actions)
        else:
            await plain.open()
        app = rpc.internal_app(actions, contracts={"currency": Currency}, keyring=keyring)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=PORTS[kind],
            log_config=None,
            lifespan="off",
            interface="asgi3",
            http="httptools",
        )
        await uvicorn.Server(config).serve()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def _compare(token: str) -> dict[str, float | str]:
    readings: dict[str, list[tuple[float, float]]] = {kind: [] for kind in PORTS}
    for kind in PORTS:
        await _wait(PORTS[kind])
        await _round(kind, token, 1.5)
    for _ in range(ROUNDS):
        for kind in PORTS:
            readings[kind].append(await _round(kind, token, SECONDS))
    rate = {kind: statistics.median(r for r, _ in found) for kind, found in readings.items()}
    p99 = {kind: statistics.median(p for _, p in found) for kind, found in readings.items()}
    return {
        "grouped posts/s": rate["grouped"],
        "plain posts/s": rate["plain"],
        "throughput ratio": rate["grouped"] / rate["plain"],
        "grouped p99 ms": p99["grouped"],
        "plain p99 ms": p99["plain"],
        "p99 ratio": p99["grouped"] / p99["plain"],
    }


async def _wait(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < deadline, "the server did not start"
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


async def _round(kind: str, token: str, seconds: float) -> tuple[float, float]:
    """Requests a second and p99."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    head = head_of("/internal/currency/post", {"content-type": "application/json", "authorization": f"Bearer {token}"})

    async def client() -> None:
        connection = await Connection.open(PORTS[kind])
        while time.perf_counter() < end:
            body = _BODY % (str(new_id()).encode(), str(random.choice(USERS)).encode())
            began = time.perf_counter()
            status, answer = await connection.post(head, body)
            assert status == 200, answer
            took.append(time.perf_counter() - began)
        connection.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    took.sort()
    return len(took) / seconds, took[int(len(took) * 0.99)] * 1000


_BODY = (
    b'{"postings":[{"key":"%b","transfers":[{"debit":"mint:bench","credit":"user:%b","currency":"coins","amount":5}],'
    b'"transaction_type":"bench"}]}'
)
