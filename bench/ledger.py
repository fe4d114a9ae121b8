"""The internal post route against the same route with one plain database transaction a request."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import uvloop

from bench.client import Connection, head_of
from bench.servers import cpu_s
from questhall.contracts.currency import Currency, CurrencyCredited
from questhall.kernel import rpc
from questhall.kernel.access import Caller, KeyRing
from questhall.kernel.ids import new_id
from questhall.kernel.migrations import migrate
from questhall.kernel.postgres import EmbeddedPostgres
from questhall.kernel.process import Process
from questhall.kernel.server import server, settle_heap
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings
from questhall.services.currency.rules.postings import fingerprint

PLAYERS = 1000
CONNECTIONS = 64
SECONDS = 4.0
ROUNDS = 5
PORTS = {"grouped": 21811, "plain": 21812, "bare": 21813}
USERS = [UUID(int=n + 1) for n in range(PLAYERS)]


def run() -> dict[str, float | str]:
    """With 1,000 players; see ``compare``."""
    return compare(USERS)


def run_hot() -> dict[str, float | str]:
    """All on one account; see ``compare``."""
    return compare(USERS[:1])


def compare(users: list[UUID]) -> dict[str, float | str]:
    """Requests a second and p99, medians of interleaved rounds, and their ratios."""
    folder = Path(tempfile.mkdtemp(prefix="qh-bench-"))
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(folder / "postgres")
    postgres.start()
    settings = Settings(data=folder, pool_max=16)
    try:
        asyncio.run(migrate(discover(["currency"]), settings, postgres.dsn))
        asyncio.run(_prepare(postgres.dsn))
        KeyRing(settings.keys)
        context = multiprocessing.get_context("spawn")
        children = {
            kind: context.Process(target=_serve, args=(kind, postgres.dsn, str(folder)), daemon=True) for kind in PORTS
        }
        for child in children.values():
            child.start()
        try:
            token = KeyRing(settings.keys).sign(Caller(service="bench"), ttl_s=300)
            pids = {kind: (child.pid or 0, postgres.pid or 0) for kind, child in children.items()}
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(_compare(token, pids, users))
        finally:
            for child in children.values():
                child.terminate()
                child.join(5)
    finally:
        postgres.stop()


async def _prepare(dsn: str) -> None:
    """Copies of the ledger's own tables with their indexes (a row costs the same on both sides), and two bare ones."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE SCHEMA plain; CREATE SCHEMA bare")
    for table in ("accounts", "transfers", "transactions", "keys", "outbox", "sequences"):
        await connection.execute(f"CREATE TABLE plain.{table} (LIKE currency.{table} INCLUDING ALL)")
    await connection.execute("ALTER TABLE plain.accounts SET (fillfactor = 50)")
    await connection.execute("ALTER TABLE plain.sequences SET (fillfactor = 50)")
    await connection.execute("CREATE SEQUENCE plain.seq")
    await connection.execute(
        "CREATE TABLE bare.accounts (id text PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50);"
        "CREATE TABLE bare.transfers (id uuid PRIMARY KEY, key text UNIQUE, account text, amount bigint, balance bigint, "
        "at timestamptz DEFAULT now())"
    )
    await connection.execute(
        "INSERT INTO plain.accounts SELECT 'user:' || u, 'coins', 0, 0, 0, 0 FROM unnest($1::uuid[]) AS u", USERS
    )
    await connection.execute("INSERT INTO bare.accounts SELECT 'user:' || u, 0 FROM unnest($1::uuid[]) AS u", USERS)
    # As after the first minutes of use: the log's segments are there and written over, not made one by one.
    for _ in range(2):
        await connection.execute("CREATE TABLE bare.fill AS SELECT repeat('x', 1000) FROM generate_series(1, 150000)")
        await connection.execute("DROP TABLE bare.fill")
        await connection.execute("CHECKPOINT")
    await connection.close()


class _Bare:
    """The least that may be called a ledger: a balance and a row with a unique key; a transaction a request."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.pool: Any = None

    async def open(self) -> None:
        """As many connections as measured best."""
        self.pool = await asyncpg.create_pool(self._dsn, min_size=16, max_size=16, connection_class=_Lean)

    async def post(self, postings: list[Any]) -> list[dict[str, Any]]:
        """Posts each in a transaction of its own."""
        answers = []
        for posting in postings:
            async with self.pool.acquire() as connection, connection.transaction():
                balance = await self.one(connection, posting)
            answers.append({"key": posting.key, "balance": balance})
        return answers

    async def one(self, connection: Any, posting: Any) -> int:
        """Locks the account, moves the balance, writes the journal."""
        transfer = posting.transfers[0]
        before = await connection.fetchval(
            "SELECT balance FROM bare.accounts WHERE id = $1 FOR UPDATE", transfer.credit
        )
        balance = int(before) + int(transfer.amount)
        await connection.execute("UPDATE bare.accounts SET balance = $2 WHERE id = $1", transfer.credit, balance)
        await connection.execute(
            "INSERT INTO bare.transfers (id, key, account, amount, balance) VALUES ($1, $2, $3, $4, $5)",
            new_id(),
            posting.key,
            transfer.credit,
            transfer.amount,
            balance,
        )
        return balance


class _Plain(_Bare):
    """The same rows as the ledger writes, as they are written where nothing is grouped."""

    async def one(self, connection: Any, posting: Any) -> int:
        """Key, account, journal, transaction, event."""
        transfer, transaction_id, transfer_id = posting.transfers[0], new_id(), new_id()
        owner, now = transfer.credit, datetime.now(UTC)
        known = await connection.fetchrow("SELECT * FROM plain.keys WHERE owner = $1 AND key = $2", owner, posting.key)
        assert known is None
        row = await connection.fetchrow(
            "SELECT balance, number FROM plain.accounts WHERE owner = $1 AND currency = $2 FOR UPDATE",
            owner,
            transfer.currency,
        )
        balance, number = row["balance"] + transfer.amount, row["number"] + 1
        await connection.execute(
            "UPDATE plain.accounts SET balance = $3, number = $4 WHERE owner = $1 AND currency = $2",
            owner,
            transfer.currency,
            balance,
            number,
        )
        await connection.execute(
            "INSERT INTO plain.transfers (owner, id, seq, transaction_id, debit, credit, currency, amount, credit_balance, "
            "credit_number) VALUES ($1, $2, nextval('plain.seq'), $3, $4, $1, $5, $6, $7, $8)",
            owner,
            transfer_id,
            transaction_id,
            transfer.debit,
            transfer.currency,
            transfer.amount,
            balance,
            number,
        )
        await connection.execute(
            "INSERT INTO plain.transactions (owner, id, key, transaction_type, reason, causation_id, correlation_id, actor, "
            "depth, created_at) VALUES ($1, $2, $3, $4, '', $2, $2, 'service:bench', 0, $5)",
            owner,
            transaction_id,
            posting.key,
            posting.transaction_type,
            now,
        )
        await connection.execute(
            "INSERT INTO plain.keys (owner, key, fingerprint, transaction_id, balances) VALUES ($1, $2, $3, $4, $5)",
            owner,
            posting.key,
            fingerprint(posting),
            transaction_id,
            f'{{"{owner}|coins": {balance}}}',
        )
        event = CurrencyCredited(
            user_id=UUID(owner.removeprefix("user:")),
            currency=transfer.currency,
            amount=transfer.amount,
            balance=balance,
            number=number,
            transaction_id=transaction_id,
            transfer_id=transfer_id,
            source=transfer.debit,
            transaction_type=posting.transaction_type,
        )
        sequence = await connection.fetchval(
            "INSERT INTO plain.sequences AS q (subject, last) VALUES ($1, 1) "
            "ON CONFLICT (subject) DO UPDATE SET last = q.last + 1 RETURNING last",
            event.subject,
        )
        await connection.execute(
            "INSERT INTO plain.outbox (id, aggregatetype, aggregateid, type, payload, sequence, time, correlation_id, "
            "causation_id, actor, depth) VALUES ($1, 'currency', $2, $3, $4, $5, $6, $7, $7, 'service:bench', 1)",
            new_id(),
            event.subject,
            event.type,
            msgspec.json.encode(event).decode(),
            sequence,
            now,
            transaction_id,
        )
        return int(balance)


class _Lean(asyncpg.Connection):
    """As the kernel's own: without the pool's reset query."""

    def get_reset_query(self) -> str:
        """None."""
        return ""


def _serve(kind: str, dsn: str, data: str) -> None:
    async def main() -> None:
        settings = Settings(data=Path(data), pool_max=16)
        keyring = KeyRing(settings.keys)
        actions: dict[str, Any]
        if kind == "grouped":
            process = Process(settings, discover(["currency"]), database_url=dsn, redis_url="", run_jobs=False)
            await process.start()
            actions = dict(process.actions)
        else:
            plain = _Plain(dsn) if kind == "plain" else _Bare(dsn)
            await plain.open()
            actions = {"currency": plain}
        app = rpc.internal_app(actions, contracts={"currency": Currency}, keyring=keyring)
        serving = server(app, host="127.0.0.1", port=PORTS[kind], proxy_headers=False)
        settle_heap()
        await serving.serve()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


class _Reading(msgspec.Struct):
    rate: float
    p99_ms: float
    client_us: float
    server_us: float
    database_us: float


async def _compare(token: str, pids: dict[str, tuple[int, int]], users: list[UUID]) -> dict[str, float | str]:
    readings: dict[str, list[_Reading]] = {kind: [] for kind in PORTS}
    for kind in PORTS:
        await _wait(PORTS[kind])
        await _round(kind, token, pids[kind], users, 1.5)
    for _ in range(ROUNDS):
        for kind in PORTS:
            readings[kind].append(await _round(kind, token, pids[kind], users, SECONDS))
    found: dict[str, float | str] = {}
    for kind, rounds in readings.items():
        for what in ("rate", "p99_ms", "client_us", "server_us", "database_us"):
            found[f"{kind} {what}"] = statistics.median(getattr(reading, what) for reading in rounds)
    for kind in ("plain", "bare"):
        rates = [ours.rate / theirs.rate for ours, theirs in zip(readings["grouped"], readings[kind], strict=True)]
        p99s = [ours.p99_ms / theirs.p99_ms for ours, theirs in zip(readings["grouped"], readings[kind], strict=True)]
        found[f"throughput ratio to {kind}"] = statistics.median(rates)
        found[f"p99 ratio to {kind}"] = statistics.median(p99s)
    return found


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


async def _round(kind: str, token: str, pids: tuple[int, int], users: list[UUID], seconds: float) -> _Reading:
    """Requests a second, p99, and CPU of client, server and database a request."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    head = head_of("/internal/currency/post", {"content-type": "application/json", "authorization": f"Bearer {token}"})

    async def client() -> None:
        connection = await Connection.open(PORTS[kind])
        while time.perf_counter() < end:
            body = _BODY % (str(new_id()).encode(), str(random.choice(users)).encode())
            began = time.perf_counter()
            status, answer = await connection.post(head, body)
            assert status == 200, answer
            took.append(time.perf_counter() - began)
        connection.close()

    before = [time.process_time(), *(cpu_s(pid) for pid in pids)]
    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    after = [time.process_time(), *(cpu_s(pid) for pid in pids)]
    took.sort()
    spent = [(b - a) * 1e6 / len(took) for a, b in zip(before, after, strict=True)]
    return _Reading(len(took) / seconds, took[int(len(took) * 0.99)] * 1000, *spent)


_BODY = (
    b'{"postings":[{"key":"%b","transfers":[{"debit":"mint:bench","credit":"user:%b","currency":"coins","amount":5}],'
    b'"transaction_type":"bench"}]}'
)
