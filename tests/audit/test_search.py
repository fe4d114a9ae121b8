"""Search and history over a log that is not small: by index, whatever is asked for; and a history that is behind says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from questhall.contracts.audit import Audit
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall
from questhall.services.audit import repository, words
from questhall.services.audit.repository import Search
from tests.audit.test_audit import as_admin, cascade

ROWS = 100_000
TOUCHED_MAX = 2_000
"""Rows that a search may look at; a page has 26."""


class Explaining:
    """Reads how a query is run."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.plans: list[dict[str, Any]] = []

    async def fetch(self, sql: str, *arguments: object) -> list[Any]:
        text = await self._tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
        self.plans.append(msgspec.json.decode(text)[0])
        return []

    async def fetchrow(self, sql: str, *arguments: object) -> None:
        await self.fetch(sql, *arguments)


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", []) for node in nodes(inner))]


def touched(plan: dict[str, Any]) -> int:
    """Rows that were read from tables, those thrown away among them."""
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    scans = [node for node in nodes(plan) if "Scan" in node["Node Type"] and "Relation Name" in node]
    return sum(int(node.get(name, 0) * node.get("Actual Loops", 1)) for node in scans for name in names)


async def fill(hall: Hall) -> None:
    """As many events as 2,000 players make in some days, one a second, by one source; one act by an admin among the oldest."""
    base = new_id()
    await as_admin(
        hall,
        f"""
        INSERT INTO event_log (class, id, position, type, source, subject, "time", sequence, correlation_id, causation_id,
                               actor, depth, data)
        SELECT 'lasting',
               (left('{base}', 14) || '7' || substr(md5(n::text), 1, 3) || '-8' || substr(md5(n::text), 4, 3) || '-' ||
                substr(md5(n::text), 7, 12))::uuid,
               1000 + n, (ARRAY['currency.credited', 'activity.recorded', 'quest.completed', 'reward.granted'])[n % 4 + 1],
               'quests', md5((n % 2000)::text)::uuid::text, now() - make_interval(secs => {ROWS} - n), n,
               md5((n / 10)::text)::uuid, md5((n / 10)::text)::uuid,
               CASE WHEN n = 50 THEN 'admin:x' ELSE 'source:y' END, 1, '{{"xp": 1}}'
        FROM generate_series(1, {ROWS}) n
        """,
    )
    connection = await asyncpg.connect(hall.admin_url)
    await connection.execute("ANALYZE audit.event_log")
    await connection.close()


@pytest.mark.tampers
async def test_every_search_uses_an_index(hall: Hall) -> None:
    await fill(hall)
    old = datetime.now(UTC) - timedelta(seconds=ROWS - 100)
    async with hall.database(Audit).read() as tx:
        subject = await tx.fetchval("SELECT md5('7')::uuid::text")
        correlation = await tx.fetchval("SELECT md5('70')::uuid")
        searches = [
            Search(),
            Search(subject=subject),
            Search(subject=str(uuid4())),
            Search(type="quest.completed"),
            Search(type="nothing.like.it"),
            Search(actor="source:y"),
            Search(actor="admin:x"),
            Search(actor="admin:nobody"),
            Search(correlation=correlation),
            Search(since=old, until=old + timedelta(seconds=30)),
            Search(until=old - timedelta(days=400)),
            Search(since=old + timedelta(days=400)),
            Search(subject=subject, type="quest.completed", actor="source:y"),
        ]
        for wanted in searches:
            for after in (None, 60_000):
                found = Explaining(tx)
                await repository.search(found, wanted, after, 26)  # type: ignore[arg-type]
                assert touched(found.plans[0]["Plan"]) <= TOUCHED_MAX, (wanted, after, found.plans[0])
        found = Explaining(tx)
        await repository.history(found, subject, list(words.WRITERS), None, 26)  # type: ignore[arg-type]
        await repository.event(found, uuid4())  # type: ignore[arg-type]
        for plan in found.plans:
            assert touched(plan["Plan"]) <= TOUCHED_MAX, plan
        assert "passing" not in str(found.plans[0]), "a history reads what is kept for ever, and nothing else"


@pytest.mark.tampers
async def test_a_history_that_is_behind_says_so(hall: Hall) -> None:
    wren = await hall.user("wren")
    said = await cascade(hall, wren)
    assert (await wren.client.get(f"/me/history?seen={said[0].id}")).status_code == 200
    # As if the log had not taken this event over yet.
    await as_admin(hall, f"DELETE FROM event_log WHERE id = '{said[0].id}'")
    answer = await wren.client.get(f"/me/history?seen={said[0].id}")
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "1")
    assert answer.json() == {"status": "catching_up", "position": await hall.actions(Audit).position()}
    assert (await wren.client.get("/me/history")).status_code == 200


@pytest.mark.parametrize(
    "seen",
    [
        "00000000-0000-7000-8000-000000000000",
        "ffffffff-ffff-7fff-bfff-ffffffffffff",
        str(UUID(int=1)),
    ],
)
async def test_nobody_waits_for_an_event_that_can_not_come(hall: Hall, seen: str) -> None:
    wren = await hall.user("wren")
    assert (await wren.client.get(f"/me/history?seen={seen}")).status_code == 200
    assert (await wren.client.get("/me/history?seen=x")).status_code == 422
