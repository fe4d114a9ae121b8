"""One's own balances through the gateway, with a session, against a bare ASGI route that sends the same SELECT."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import random
import secrets
import statistics
import time
from typing import Any

import asyncpg
import httpx
import msgspec
import uvloop

from bench.cascades import dsn_of, prepare
from bench.client import Connection
from bench.servers import PORT, cpu_s, up
from questhall.kernel.server import server, settle_heap
from questhall.kernel.settings import Settings

PLAYERS = 1000
CONNECTIONS = 32
SECONDS = 4.0
ROUNDS = 5
BARE_PORT = 21841
SELECT = "SELECT * FROM accounts WHERE owner = $1 ORDER BY currency"


def run() -> dict[str, float | str]:
    """Requests a second, medians of interleaved rounds, their ratio, CPU of the servers a request."""
    with up("--empty") as installation:
        child = multiprocessing.get_context("spawn").Process(target=_serve, args=(dsn_of(installation),), daemon=True)
        child.start()
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(_compare(installation, child.pid or 0))
        finally:
            child.terminate()
            child.join(5)


def _serve(dsn: str) -> None:
    async def main() -> None:
        pool: Any = await asyncpg.create_pool(
            dsn, min_size=4, max_size=4, server_settings={"search_path": "currency"}, connection_class=_Lean
        )

        async def app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
            user = scope["path"].rpartition("/")[2]
            async with pool.acquire() as connection:
                rows = await connection.fetch(SELECT, f"user:{user}")
            body = msgspec.json.encode([{"currency": row["currency"], "amount": row["balance"]} for row in rows])
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        serving = server(app, host="127.0.0.1", port=BARE_PORT)
        settle_heap()
        await serving.serve()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


class _Lean(asyncpg.Connection):
    """As the kernel's own: without the pool's reset query."""

    def get_reset_query(self) -> str:
        """None."""
        return ""


async def _sessions(installation: Any) -> dict[str, str]:
    """A session's secret by player: its row as a log-in would write it, without the price of a password."""
    admin = await asyncpg.connect(dsn_of(installation))
    found: dict[str, str] = {}
    for row in await admin.fetch("SELECT id FROM identity.users WHERE username LIKE 'p%'"):
        found[str(row["id"])] = secrets.token_urlsafe(32)
    await admin.executemany(
        "INSERT INTO identity.sessions (secret_hash, id, user_id, created_at, seen_at, expires_at) "
        "VALUES ($1, gen_random_uuid(), $2, now(), now(), now() + interval '1 day')",
        [(hashlib.sha256(secret.encode()).digest(), user) for user, secret in found.items()],
    )
    await admin.execute(
        "INSERT INTO currency.accounts (owner, currency, balance, number) SELECT 'user:' || u, c, 0, 0 "
        "FROM unnest($1::uuid[]) AS u, unnest(ARRAY['xp', 'coins']) AS c",
        list(found),
    )
    await admin.close()
    return found


async def _compare(installation: Any, bare: int) -> dict[str, float | str]:
    async with httpx.AsyncClient(base_url=f"{installation.url}/api/v1", timeout=60) as client:
        await prepare(installation, client, players=PLAYERS)
    sessions = await _sessions(installation)
    cookie = Settings(public_url=installation.url).cookie("session")
    heads = {
        "ours": [
            f"GET /api/v1/me/balances HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}={secret}\r\n".encode()
            for secret in sessions.values()
        ],
        "bare": [f"GET /{user} HTTP/1.1\r\nhost: localhost\r\n".encode() for user in sessions],
    }
    ports, rates, spent = {"ours": PORT, "bare": BARE_PORT}, {"ours": [], "bare": []}, {"ours": [], "bare": []}
    await _ask("ours", ports["ours"], heads["ours"], 3)
    for _ in range(ROUNDS):
        for kind, port in ports.items():
            before = installation.cpu_s() + cpu_s(bare)
            made = await _ask(kind, port, heads[kind], SECONDS)
            rates[kind].append(made / SECONDS)
            spent[kind].append((installation.cpu_s() + cpu_s(bare) - before) / made * 1e6)
    return {
        "requests/s": statistics.median(rates["ours"]),
        "requests/s of a bare route": statistics.median(rates["bare"]),
        "ratio": statistics.median(a / b for a, b in zip(rates["ours"], rates["bare"], strict=True)),
        "server CPU us a request": statistics.median(spent["ours"]),
        "server CPU us a request of a bare route": statistics.median(spent["bare"]),
    }


async def _ask(kind: str, port: int, heads: list[bytes], seconds: float) -> int:
    end = time.perf_counter() + seconds
    made = 0

    async def ask() -> None:
        nonlocal made
        connection = await Connection.open(port)
        while time.perf_counter() < end:
            status, answer = await connection.post(random.choice(heads), b"")
            assert status == 200, (kind, answer)
            made += 1
        connection.close()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return made
