"""S2: the process ends at every named point in turn; a restart and the same deliveries give the same world as no crash."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from questhall.kernel import crash
from questhall.kernel.service import discover
from questhall.kernel.testing import Servers, fresh_database

discover()
POINTS = sorted(crash.POINTS)


def life(mode: str, url: str, redis: str, data: Path, point: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"QUESTHALL_CRASH": point} if point else {})}
    command = [sys.executable, "-m", "tests.crash.worker", mode, url, redis, str(data)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


async def world(url: str) -> dict[str, Any]:
    """What players have and what was told, by names that do not change from run to run."""
    admin = await asyncpg.connect(url)
    try:
        balances = await admin.fetch(
            "SELECT u.username, c.currency_type, c.amount FROM currency.user_currencies c "
            "JOIN identity.users u ON u.id = c.user_id ORDER BY 1, 2"
        )
        badges = await admin.fetch(
            "SELECT u.username, a.slug, w.tier FROM achievements.achievement_awards w JOIN identity.users u ON u.id = w.user_id "
            "JOIN achievements.achievements a ON a.id = w.achievement_id ORDER BY 1, 2, 3"
        )
        progress = await admin.fetch(
            "SELECT u.username, q.slug, c.completions FROM quests.quest_counts c JOIN identity.users u ON u.id = c.user_id "
            "JOIN quests.quests q ON q.id = c.quest_id ORDER BY 1, 2"
        )
        log = await admin.fetch(
            "SELECT subject, type, count(*) FROM audit.event_log WHERE type NOT IN "
            "('badge.progressed', 'quest.progressed', 'user.login', 'session.started') GROUP BY 1, 2 ORDER BY 1, 2"
        )
        rest = {
            schema: await admin.fetchval(
                f"SELECT (SELECT count(*) FROM {schema}.outbox) + (SELECT count(*) FROM {schema}.parked)"
            )
            for schema in ("identity", "integrations", "quests", "currency", "achievements", "audit")
        }
        # I9, I17: what a producer said of a subject is in the log without gap or double.
        gaps = await admin.fetchval(
            "SELECT count(*) FROM (SELECT source, subject FROM audit.event_log GROUP BY 1, 2 "
            "HAVING count(*) <> max(sequence) OR count(DISTINCT sequence) <> count(*)) AS wrong"
        )
        # I1: every currency sums to zero over all legs; I2: stored balances are the fold.
        folds = await admin.fetchval(
            "SELECT count(*) FROM currency.accounts a WHERE balance <> coalesce((SELECT sum(CASE WHEN t.credit = a.owner "
            "THEN amount ELSE -amount END) FROM currency.transfers t WHERE a.owner IN (t.credit, t.debit) "
            "AND t.currency = a.currency), 0)"
        )
    finally:
        await admin.close()
    return {
        "balances": [tuple(row) for row in balances],
        "badges": [tuple(row) for row in badges],
        "progress": [tuple(row) for row in progress],
        "log": [tuple(row) for row in log],
        "rest": rest,
        "gaps": gaps,
        "folds": folds,
    }


class Ready:
    def __init__(self, template: str, data: Path, reference: dict[str, Any]) -> None:
        self.template = template
        self.data = data
        self.reference = reference


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ready(servers: Servers, migrated: tuple[str, Path]) -> AsyncIterator[Ready]:
    template, data = migrated
    async with fresh_database(servers.database, template=template) as url:
        done = life("setup", url, servers.redis, data)
        assert done.returncode == 0, done.stderr[-3000:]
        base = urlsplit(url).path[1:]
        async with fresh_database(servers.database, template=base) as clean:
            done = life("live", clean, servers.redis, data)
            assert done.returncode == 0, done.stderr[-3000:]
            reference = await world(clean)
        yield Ready(base, data, reference)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_reference_world_is_what_the_deliveries_say(ready: Ready) -> None:
    coins = {name: amount for name, currency, amount in ready.reference["balances"] if currency == "coins"}
    # Four merges at 10, the quest for three of them, levels 2 and 3 of 60*4 + 25 XP; ann has a gift of 7.
    assert coins == {"ann": 40 + 100 + 20 + 7, "ben": 160, "cem": 160}
    assert {row[1] for row in ready.reference["badges"]} == {"merger"}
    assert set(ready.reference["rest"].values()) == {0}
    assert (ready.reference["gaps"], ready.reference["folds"]) == (0, 0)
    assert len(POINTS) >= 8


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("visit", [1, 7])
@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_loses_and_doubles_nothing(ready: Ready, servers: Servers, point: str, visit: int) -> None:
    async with fresh_database(servers.database, template=ready.template) as url:
        crashed = life("live", url, servers.redis, ready.data, f"{point}:{visit}")
        visited = crashed.returncode == crash.EXIT_STATUS
        assert visited or (visit > 1 and crashed.returncode == 0), (crashed.returncode, crashed.stderr[-2000:])
        again = life("live", url, servers.redis, ready.data)
        assert again.returncode == 0, again.stderr[-3000:]
        assert await world(url) == ready.reference
        third = life("live", url, servers.redis, ready.data)
        assert third.stdout.startswith("true"), "a retried request gets its stored answer"
        assert await world(url) == ready.reference
