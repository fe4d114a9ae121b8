"""S2: the process ends at every named point in turn; a restart and the same deliveries give the same world as no crash."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from questhall.kernel import crash
from questhall.kernel.migrations import runner
from questhall.kernel.service import discover
from questhall.kernel.testing import Servers, fresh_database, named
from tests import invariants

SERVICES = discover()
WHILE_MIGRATING = sorted(point for point in crash.POINTS if point.startswith("migrations."))
WHILE_LIVING = sorted(point for point in crash.POINTS if not point.startswith(("migrations.", "backup.", "restore.")))
# Said once a batch, so how often depends on what came together; what they lead to is compared by `progress`.
PASSING = ("badge.progressed", "quest.progressed")
# What depends on the order in which several producers are heard, which nobody promises: their folds are in `balances`.
ORDERLY = ("balance", "number", "xp")
# Each point once; those that lie on the way of everything also further on, when more is under way.
VISITS = [(point, 1) for point in WHILE_LIVING] + [
    (point, 7) for point in WHILE_LIVING if point.startswith(("tx.", "consumer.", "relay."))
]
VISITS += [(point, 2) for point in WHILE_LIVING if point.startswith("background.")]
CRASHES = "test_a_crash_loses_and_doubles_nothing"
LAST_FILE_OF_FIRST = len(runner._files(SERVICES[0]))

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")

BALANCES = "SELECT owner, currency, balance, held, paid, number FROM currency.accounts"
BADGES = "SELECT w.user_id, w.achievement_id, w.tier, w.rule_version, w.revoked_at IS NULL FROM achievements.achievement_awards w"
PROGRESS = (
    "SELECT 'badge', user_id, achievement_id, progress::text, earned_date IS NULL FROM achievements.user_achievements UNION ALL "
    "SELECT 'quest', user_id, quest_id, runs || ' ' || completions, false FROM quests.quest_counts UNION ALL "
    "SELECT 'run', user_id, quest_id, completion || ' ' || version, state = 'completed' FROM quests.user_quests UNION ALL "
    "SELECT 'acts', user_id, quest_id, count(*)::text, false FROM quests.quest_acts GROUP BY user_id, quest_id UNION ALL "
    "SELECT 'level', user_id, NULL, level::text, false FROM currency.level_marks UNION ALL "
    "SELECT 'streak', user_id, NULL, length || ' ' || best, due_at IS NULL FROM quests.streaks"
)
LEDGER = (
    "SELECT x.key, x.transaction_type, x.reason, x.rule::text, x.reverses, t.debit, t.credit, t.currency, t.amount, t.paid "
    "FROM currency.transactions x JOIN currency.transfers t ON t.transaction_id = x.id"
)
HOLDS = "SELECT owner, key, currency, amount, state FROM currency.holds"
DELIVERIES = "SELECT external_id, event, outcome, body_hash, body FROM integrations.deliveries"
# What is personal is sealed anew each time: what it says is compared where it had effects.
LOG = (
    "SELECT source, subject, type, actor, depth, (data - 'sealed')::text FROM audit.event_log "
    f"WHERE type <> ALL('{{{','.join(PASSING)}}}')"
)


async def life(
    mode: str, url: str, redis: str, data: Path, point: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"QUESTHALL_CRASH": point} if point else {})}
    command = [sys.executable, "-m", "tests.crash.worker", mode, url, redis, str(data)]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def history(*lives: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    """What clients were told, life by life."""
    lines = [line.partition(" ") for one in lives for line in one.stdout.splitlines()]
    return [(kind, what) for kind, _, what in lines]


class Names:
    """Ids differ from run to run; players, quests and badges are called by their names, all else is just an id."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known

    def plain(self, value: object) -> object:
        if isinstance(value, str) and value.startswith("{"):
            return json.dumps(self._orderless(json.loads(value)), sort_keys=True)
        text = UUID.sub(lambda found: self._known.get(found.group(), "<id>"), str(value))
        return TIME.sub("<time>", text)

    def _orderless(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._orderless(one) for name, one in value.items() if name not in ORDERLY}
        if isinstance(value, list):
            return [self._orderless(one) for one in value]
        return self.plain(value)


async def world(url: str) -> dict[str, list[tuple[object, ...]]]:
    """What players have, how they got it and what was told of it, by names that do not change from run to run."""
    admin = await asyncpg.connect(url)
    try:
        assert await invariants.broken(admin, SERVICES, unprompted=True) == []
        named = await admin.fetch(
            "SELECT id, username FROM identity.users UNION ALL SELECT id, slug FROM quests.quests UNION ALL "
            "SELECT id, slug FROM achievements.achievements UNION ALL SELECT id, slug FROM integrations.sources"
        )
        names = Names({str(row[0]): row[1] for row in named})
        parts = {
            "balances": BALANCES,
            "badges": BADGES,
            "progress": PROGRESS,
            "ledger": LEDGER,
            "holds": HOLDS,
            "deliveries": DELIVERIES,
            "log": LOG,
        }
        return {
            part: sorted(tuple(names.plain(value) for value in row) for row in await admin.fetch(sql))
            for part, sql in parts.items()
        }
    finally:
        await admin.close()


async def harm(url: str) -> list[str]:
    """What holds at any moment, also right after a crash, and does not: the ledger's promises."""
    admin = await asyncpg.connect(url)
    try:
        return await invariants.ledger.broken(admin)
    finally:
        await admin.close()


async def lost(url: str, told: list[tuple[str, str]]) -> list[str]:
    """I5: what a client had an answer for, before the crash or after, and is not there once."""
    admin = await asyncpg.connect(url)
    try:
        return await invariants.lost(admin, [line for line in told if line[0] in invariants.APPLIED])
    finally:
        await admin.close()


class Visit(msgspec.Struct, frozen=True):
    """What was found after a crash, and after the life that followed it."""

    crashed: subprocess.CompletedProcess[str]
    harmed: list[str]
    again: subprocess.CompletedProcess[str]
    world: dict[str, Any]
    lost: list[str]


class Ready:
    """What lives begin with; two at a time, since each mostly starts and waits."""

    def __init__(self, servers: Servers, template: str, data: Path, reference: dict[str, Any]) -> None:
        self._servers = servers
        self._template = template
        self._data = data
        self.reference = reference
        self._room = asyncio.Semaphore(2)
        self._visits: dict[tuple[str, int], asyncio.Task[Visit]] = {}

    def begin(self, visits: list[tuple[str, int]]) -> None:
        """In their order, as there is room."""
        for visit in visits:
            self._visits[visit] = asyncio.create_task(self._visit(*visit))

    async def visit(self, point: str, visit: int) -> Visit:
        """What became of one."""
        return await self._visits[point, visit]

    async def end(self) -> None:
        """Leaves off what nobody asked for."""
        for task in self._visits.values():
            task.cancel()
        await asyncio.gather(*self._visits.values(), return_exceptions=True)

    async def _visit(self, point: str, visit: int) -> Visit:
        redis, data = self._servers.redis, self._data
        async with self._room, fresh_database(self._servers.database, template=self._template) as url:
            crashed = await life("live", url, redis, data, f"{point}:{visit}")
            harmed = await harm(url)
            again = await life("live", url, redis, data)
            found = await world(url) if again.returncode == 0 else {}
            return Visit(crashed, harmed, again, found, await lost(url, history(crashed, again)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ready(servers: Servers, migrated: tuple[str, Path], request: pytest.FixtureRequest) -> AsyncIterator[Ready]:
    template, data = migrated
    async with fresh_database(servers.database, template=template) as url:
        done = await life("setup", url, servers.redis, data)
        assert done.returncode == 0, done.stderr[-3000:]
        base = urlsplit(url).path[1:]
        async with fresh_database(servers.database, template=base) as clean:
            done = await life("live", clean, servers.redis, data)
            assert done.returncode == 0, done.stderr[-3000:]
            reference = await world(clean)
            # The same once more, without any crash: nothing is done a second time.
            again = await life("live", clean, servers.redis, data)
            assert again.returncode == 0, again.stderr[-3000:]
            assert await world(clean) == reference
        found = Ready(servers, base, data, reference)
        chosen = [item for item in request.session.items if isinstance(item, pytest.Function)]
        found.begin([_place(item) for item in chosen if item.originalname == CRASHES])
        yield found
        await found.end()


def _place(item: pytest.Function) -> tuple[str, int]:
    return item.callspec.params["point"], item.callspec.params["visit"]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_reference_world_is_what_the_deliveries_say(ready: Ready) -> None:
    coins = {row[0]: int(str(row[2])) for row in ready.reference["balances"] if row[1] == "coins"}
    # Four merges at 10, the quest for three of them, levels 2 and 3 of 60*4 + 25 XP; ann has a gift of 7.
    players = {"user:ann": 40 + 100 + 20 + 7, "user:ben": 160, "user:cem": 160}
    assert {name: coins[name] for name in players} == players
    assert {row[1] for row in ready.reference["badges"]} == {"merger", "old-hand"}
    assert len(ready.reference["log"]) > 100
    assert all(ready.reference.values()), "every part of the world has something in it"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("point", "visit"), VISITS)
async def test_a_crash_loses_and_doubles_nothing(ready: Ready, point: str, visit: int) -> None:
    found = await ready.visit(point, visit)
    crashed, again = found.crashed, found.again
    assert crashed.returncode == crash.EXIT_STATUS, ("never visited", crashed.returncode, crashed.stderr[-2000:])
    assert found.harmed == []
    assert again.returncode == 0, again.stderr[-3000:]
    assert found.world == ready.reference
    assert found.lost == []
    told = history(again)
    assert ("replayed", "true") in told, "a retried request gets its stored answer"
    assert len({what for kind, what in history(crashed, again) if kind == "gift"}) == 1, "and it is the same one"
    assert ("verified", "True") in told


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("point", "visit"),
    [(point, 1) for point in WHILE_MIGRATING] + [("migrations.after_file_before_next", LAST_FILE_OF_FIRST)],
)
async def test_a_migration_that_is_cut_off_is_finished_by_the_next(
    servers: Servers, migrated: tuple[str, Path], point: str, visit: int
) -> None:
    template, data = migrated
    base = named(servers.database, template)
    async with fresh_database(servers.database) as url:
        crashed = await life("migrate", url, servers.redis, data, f"{point}:{visit}")
        assert crashed.returncode == crash.EXIT_STATUS, ("never visited", crashed.returncode, crashed.stderr[-2000:])
        again = await life("migrate", url, servers.redis, data)
        assert again.returncode == 0, again.stderr[-3000:]
        assert await shape(url) == await shape(base)


SHAPE = (
    "SELECT c.oid::regclass::text, c.relkind::text, pg_get_userbyid(c.relowner), "
    "(SELECT string_agg(a::text, ' ' ORDER BY a::text) "
    "FROM unnest(c.relacl) AS a), (SELECT string_agg(attname || ' ' || atttypid::regtype, ', ' ORDER BY attnum) "
    "FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), (SELECT string_agg(tgname, ' ' "
    "ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
    "WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY 1"
)


async def shape(url: str) -> list[tuple[object, ...]]:
    """Every table, view and index with its columns, owner, rights and triggers."""
    admin = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await admin.fetch(SHAPE)]
    finally:
        await admin.close()
