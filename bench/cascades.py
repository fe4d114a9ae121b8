"""Cascades a second: a signed delivery each over HTTP, and everything that follows from it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import uvloop
from websockets.asyncio.client import connect

from bench.client import Connection, head_of
from bench.servers import PORT, up

PLAYERS = 1000
SOCKETS = 50
CONNECTIONS = 32
SECONDS = 20.0
QUEST = {
    "slug": "bench",
    "title": "Merge",
    "kind": "repeatable",
    "auto_accept": True,
    "objectives": [
        {"id": "m", "label": "Merge", "event": "activity.recorded", "where": "data.kind.startsWith('github.')"}
    ],
    "rewards": {"currencies": {"xp": 30, "coins": 3}},
}
# Two counters a cascade; with 30 XP each a level comes about every 50th time, a tier of the first badge every 20th.
BADGES = [
    {
        "slug": "counter-one",
        "name": "Counter one",
        "requirements": {"event": "quest.completed"},
        "tiers": [{"name": f"t{n}", "count": 20 * n, "xp_reward": 1} for n in range(1, 20)],
    },
    {"slug": "counter-two", "name": "Counter two", "requirements": {"event": "activity.recorded", "count": 100000}},
]


class World:
    """What a run needs."""

    name = "bench"
    secret = ""
    tokens: list[str]
    logins: list[str]
    authored: list[str]
    """Paths of what was published for it."""
    admin: dict[str, str]


def signed(world: World, player: int, number: int) -> tuple[bytes, dict[str, str]]:
    """A merge of a player's, as GitHub would send it."""
    login = world.logins[player]
    payload = {
        "action": "closed",
        "pull_request": {
            "node_id": f"PR_{player}_{number}",
            "number": number,
            "merged": True,
            "user": {"login": login},
            "title": "Change",
        },
        "repository": {"full_name": "acme/site"},
        "sender": {"login": login, "type": "User"},
    }
    body = json.dumps(payload).encode()
    signature = hmac.new(world.secret.encode(), body, hashlib.sha256).hexdigest()
    return body, {
        "x-github-event": "pull_request",
        "x-github-delivery": f"{player}-{number}",
        "x-hub-signature-256": f"sha256={signature}",
        "content-type": "application/json",
    }


async def prepare(installation: Any, client: httpx.AsyncClient, *, players: int, name: str = "bench") -> World:
    """Players with linked accounts (rows written as registration would), a source, a quest, two badges."""
    world = World()
    world.name, world.authored = name, []
    admin = {"authorization": f"Bearer {installation.token(f'boss-{name}', admin=True)}"}
    world.logins = [f"p{n}-{name}" for n in range(players)]
    world.tokens = [installation.token(login) for login in world.logins[:2]]
    await _players(installation, world.logins[len(world.tokens) :])
    made = await client.post("/sources", json={"slug": name, "kind": "github", "name": "Bench"}, headers=admin)
    world.secret = made.json()["secret"]
    csv = "\n".join(f"{login},{login}" for login in world.logins)
    linked = await client.post(f"/sources/{name}/links", json={"csv": csv}, headers=admin)
    assert linked.status_code == 201, linked.text
    for path, definitions in (("/quests", [QUEST]), ("/achievements", BADGES)):
        for definition in definitions:
            body = {**definition, "slug": f"{definition['slug']}-{name}"}
            answer = await client.post(path, json=body, headers=admin)
            assert answer.status_code == 201, answer.text
            world.authored.append(f"{path}/{answer.json()['id']}")
            await client.post(f"{world.authored[-1]}/publish", headers=admin)
    world.admin = admin
    return world


async def archive(client: httpx.AsyncClient, world: World) -> None:
    """Archives what was published: the next run of the same installation counts by its own alone."""
    for path in world.authored:
        (await client.post(f"{path}/archive", headers=world.admin)).raise_for_status()


def dsn_of(installation: Any) -> str:
    """The administrator's URL of the embedded server, from its process's arguments."""
    for pid in installation.pids():
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if words[0].endswith(b"/postgres") and b"-k" in words:
            folder = words[words.index(b"-k") + 1].decode()
            return f"postgresql://questhall@/questhall?host={folder}"
    raise LookupError("no server found")


async def _players(installation: Any, names: list[str]) -> None:
    connection = await asyncpg.connect(dsn_of(installation))
    await connection.execute(
        "INSERT INTO identity.users (id, username, display_name, email, timezone, locale, created_at) "
        "SELECT gen_random_uuid(), n, n, n || '@example.org', 'UTC', 'en', now() FROM unnest($1::text[]) AS n",
        names,
    )
    await connection.close()


async def _rows(connection: asyncpg.Connection) -> int:
    return await connection.fetchval("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables")


async def _settled(connection: asyncpg.Connection) -> int:
    return await connection.fetchval("SELECT count(*) FROM audit.event_log WHERE type = 'reward.settled'")


def run() -> dict[str, float | str]:
    """Cascades a second until the last effect is in the log, lag, rows and CPU each."""
    with up("--empty") as installation, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure(installation))


async def measure(installation: Any, name: str = "bench") -> dict[str, float | str]:
    """One reading on an installation; under another ``name`` each time."""
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=f"{installation.url}/api/v1", timeout=60, limits=limits) as client:
        world = await prepare(installation, client, players=PLAYERS, name=name)
        admin = await asyncpg.connect(dsn_of(installation))
        sockets = [asyncio.create_task(_listen(world.tokens[n % len(world.tokens)])) for n in range(SOCKETS)]
        await asyncio.sleep(1)
        rows, cpu, settled = await _rows(admin), installation.cpu_s(), await _settled(admin)
        numbers = iter(range(10**9))
        done = 0
        began = time.perf_counter()

        async def send() -> None:
            nonlocal done
            connection = await Connection.open(PORT)
            while time.perf_counter() - began < SECONDS:
                number = next(numbers)
                body, headers = signed(world, number % PLAYERS, number)
                status, answer = await connection.post(head_of(f"/api/v1/ingest/{name}", headers), body)
                assert status == 202, answer
                done += 1
            connection.close()

        await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
        sent = time.perf_counter()
        while await _settled(admin) - settled < 2 * done:
            assert time.perf_counter() - sent < 120, "not all effects arrived"
            await asyncio.sleep(0.01)
        end = time.perf_counter()
        cpu = installation.cpu_s() - cpu
        await asyncio.sleep(1.5)  # the server's own counters are told once a second
        rows = await _rows(admin) - rows
        for task in sockets:
            task.cancel()
        await admin.close()
        await archive(client, world)
        return {
            "cascades": float(done),
            "cascades/s to the last effect": done / (end - began),
            "lag s after the last request": end - sent,
            "rows written a cascade": rows / done,
            "server CPU ms a cascade": cpu / done * 1000,
        }


async def _listen(token: str) -> None:
    async with connect(f"ws://127.0.0.1:{PORT}/api/v1/ws", subprotocols=[f"qh.bearer.{token}"]) as ws:  # type: ignore[list-item]
        await ws.send('{"type": "subscribe", "channel": "me"}')
        async for _ in ws:
            pass
