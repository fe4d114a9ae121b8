"""What an operator's own processes ask on the inner socket: alive, ready, and what is counted; and nobody else can."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from redis.asyncio import ConnectionPool, Redis

from questhall.compose import Installation
from questhall.contracts.currency import Currency
from questhall.contracts.rewards import Reason, RewardGranted, RewardPart
from questhall.kernel import parking
from questhall.kernel.ids import new_id
from questhall.kernel.migrations import Behind
from questhall.kernel.server import server
from questhall.kernel.testing import Hall
from tests.realtime.test_socket import open_socket, served


@pytest.fixture
async def inner(hall: Hall, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The inner socket of an installation."""
    path = str(tmp_path / "inner.sock")
    serving = server(hall.installation.internal, uds=path)
    task = asyncio.create_task(serving.serve())
    while not serving.started:
        await asyncio.sleep(0.005)
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=path), base_url="http://inner") as client:
        yield client
    serving.should_exit = True
    await task


async def ready(inner: httpx.AsyncClient) -> tuple[int, str, dict[str, str]]:
    answer = await inner.get("/readyz")
    body = answer.json()
    return answer.status_code, body["status"], body["problems"]


async def measured(inner: httpx.AsyncClient) -> dict[str, float]:
    """Every sample by its name and labels."""
    answer = await inner.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


FINE = (200, "ready", {})


async def test_alive_and_ready(inner: httpx.AsyncClient) -> None:
    answer = await inner.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert await ready(inner) == FINE


async def test_a_database_that_is_away_is_named_by_service(hall: Hall, inner: httpx.AsyncClient) -> None:
    admin = await asyncpg.connect(hall.admin_url)
    try:
        role = hall.database(Currency).dsn.split("://")[1].split(":")[0]
        await admin.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)
        try:
            status, word, problems = await ready(inner)
        finally:
            await admin.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
    finally:
        await admin.close()
    assert (status, word, list(problems)) == (503, "not ready", ["database:currency"])
    assert (await inner.get("/healthz")).status_code == 200, "it is alive all the same"
    async with asyncio.timeout(10):
        while await ready(inner) != FINE:
            await asyncio.sleep(0.1)


async def test_a_schema_older_than_the_code_is_named(hall: Hall, inner: httpx.AsyncClient) -> None:
    admin = await asyncpg.connect(hall.admin_url)
    try:
        rows = await admin.fetch(
            "DELETE FROM quests.applied_migrations WHERE origin = 'quests' AND name LIKE '0001%' RETURNING *"
        )
        assert rows
        status, word, problems = await ready(inner)
        await admin.executemany("INSERT INTO quests.applied_migrations VALUES ($1, $2, $3, $4)", map(tuple, rows))
    finally:
        await admin.close()
    assert (status, word, list(problems)) == (503, "not ready", ["migrations:quests"])
    assert "0001" in problems["migrations:quests"]
    assert await ready(inner) == FINE


async def test_nothing_starts_on_a_schema_older_than_the_code(hall: Hall, redis_url: str) -> None:
    admin = await asyncpg.connect(hall.admin_url)
    try:
        rows = await admin.fetch("DELETE FROM quests.applied_migrations WHERE name LIKE '0001%' RETURNING *")
        settings = hall.installation.settings
        late = Installation(settings, database_url=hall.admin_url, redis_url=redis_url, cache_prefix="late:")
        with pytest.raises(Behind, match=r"quests: kernel/0001_.*run `questhall migrate`"):
            await late.start()
        await late.stop()
        await admin.executemany("INSERT INTO quests.applied_migrations VALUES ($1, $2, $3, $4)", map(tuple, rows))
    finally:
        await admin.close()


async def test_a_bus_that_delivers_nothing_more_to_somebody_is_named(hall: Hall, inner: httpx.AsyncClient) -> None:
    bus: Any = hall.installation.process.bus
    lane = next(lane for lane in bus._lanes if lane.subscriber.name == "audit")
    lane.task.cancel()
    await asyncio.gather(lane.task, return_exceptions=True)
    assert await ready(inner) == (503, "not ready", {"bus": "delivers nothing to audit"})
    lane.task = asyncio.create_task(lane.run())
    assert await ready(inner) == FINE


async def test_without_a_cache_it_serves_and_says_so(
    hall: Hall, inner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache: Any = hall.installation.process.cache
    with monkeypatch.context() as patch:
        patch.setattr(cache, "_redis", Redis(connection_pool=ConnectionPool.from_url("unix:///nowhere.sock")))
        assert await ready(inner) == (200, "degraded", {"cache": "away"})
        assert (await hall.client().get("/services")).status_code == 200
    async with asyncio.timeout(5):
        while await ready(inner) != FINE:
            await asyncio.sleep(0.1)


def granted(user: Any, currency: str) -> RewardGranted:
    grant = new_id()
    return RewardGranted(
        grant_id=grant,
        user_id=user,
        parts=[RewardPart(id=f"{grant}:0", kind="currency", what=currency, amount=5, base=5)],
        reason=Reason(kind="quest", id=grant, title="for a test"),
    )


async def test_what_is_counted(hall: Hall, inner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    wren = await hall.user("wren")
    quiet = await measured(inner)
    for service in hall.installation.process.running:
        assert quiet[f'questhall_outbox_rows{{service="{service}"}}'] == 0
        assert quiet[f'questhall_outbox_oldest_seconds{{service="{service}"}}'] == 0
        for state in ("parked", "behind", "quarantined"):
            assert quiet[f'questhall_parked_events{{service="{service}",state="{state}"}}'] == 0
    assert quiet["questhall_unsettled_reward_parts"] == quiet["questhall_websocket_connections"] == 0
    asked = 'questhall_request_seconds_count{method="POST",service="identity",status="2xx"}'
    assert quiet[asked] >= 1
    assert any(re.match(r"questhall_request_seconds_bucket\{le=\"0.1\",", name) for name in quiet)

    await hall.record("quests", granted(wren.user_id, "pearls"))
    async with served(hall) as address, open_socket(address, wren) as ws:
        await ws.ping()
        now = await measured(inner)
    assert now["questhall_unsettled_reward_parts"] == 1
    assert now["questhall_websocket_connections"] == 1
    async with asyncio.timeout(5):
        while (await measured(inner))["questhall_websocket_connections"]:
            await asyncio.sleep(0.02)


@pytest.mark.tampers
async def test_what_waits_is_counted(hall: Hall, inner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    wren = await hall.user("wren")
    consumer = hall.installation.process.running["currency"].consumer
    monkeypatch.setattr(parking, "BACKOFF_S", (60.0,) * 5)

    async def broken(_tx: object, envelopes: list[Any]) -> None:
        if envelopes:
            raise ZeroDivisionError

    take = asyncio.Event()
    real = consumer.take

    async def later(envelopes: list[Any]) -> None:
        await take.wait()
        await real(envelopes)

    monkeypatch.setattr(consumer, "_run", broken)
    monkeypatch.setattr(consumer, "take", later)
    async with hall.installation.process.running["quests"].site.db.tx() as tx:
        for _ in range(2):
            tx.emit(granted(wren.user_id, "coins"))
    await asyncio.sleep(0.05)
    now = await measured(inner)
    assert now['questhall_outbox_rows{service="quests"}'] == 2
    assert now['questhall_outbox_oldest_seconds{service="quests"}'] > 0.04
    take.set()
    await hall.drain()
    now = await measured(inner)
    assert now['questhall_outbox_rows{service="quests"}'] == 0
    assert now['questhall_parked_events{service="currency",state="parked"}'] == 1
    assert now['questhall_parked_events{service="currency",state="behind"}'] == 1


async def test_the_gateway_routes_none_of_it(hall: Hall) -> None:
    client = hall.client()
    for path in ("/healthz", "/readyz", "/metrics", "/internal/identity/resolve", "/internal/"):
        assert (await client.get(f"http://localhost:8000{path}")).status_code == 404
        for wrong in (f"{path}?x=1", f"/.{path}", f"//{path.lstrip('/')}", path.replace("a", "%61")):
            answer = await client.get(f"http://localhost:8000{wrong}")
            assert answer.status_code in (200, 404), wrong
            assert "questhall_" not in answer.text, wrong
            refusal = answer.headers["content-type"] == "application/problem+json"
            assert refusal or '"status"' not in answer.text, wrong
