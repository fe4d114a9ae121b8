"""What stands in a throw-away installation: somebody's own things of every kind, with the ids that paths name them by."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import asyncpg
import msgspec

from questhall.kernel.testing import PASSWORD, Hall, HallUser
from tests.achievements.test_badges import BASE
from tests.achievements.test_badges import publish as publish_badge
from tests.quests.test_quests import MERGE, READ, did
from tests.quests.test_quests import publish as publish_quest

RESTLESS = re.compile(r"\.(inbox|leases)")
"""Tables that say only what was delivered and who is at work."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there, and what is theirs."""

    admin: HallUser
    owner: HallUser
    """A player with a private profile; whatever a path can name is this player's, or no player's to see."""
    stranger: HallUser
    ids: dict[str, str]
    """By the name of a path's parameter."""
    published: dict[str, str]
    """What every player may see, by the same names."""
    manual_quest: str
    """One that is done by saying so."""


async def made(hall: Hall) -> World:
    """Makes one of everything."""
    admin, owner = await hall.user("ada", role="admin"), await hall.user("wren")
    hall.author = admin  # type: ignore[attr-defined]
    ask = admin.client
    quest, badge = await publish_quest(hall, MERGE), await publish_badge(hall, BASE)
    manual = await publish_quest(hall, READ)
    await hall.record("integrations", did(owner))
    draft = await _id(ask, "/quests", {**MERGE, "slug": "unpublished"})
    badge_draft = await _id(ask, "/achievements", {**BASE, "slug": "unpublished"})
    grant = {"username": "wren", "currency": "coins", "amount": 5, "reason": "a gift"}
    headers = {"idempotency-key": "given"}
    given = (await _answered(ask.post("/admin/transactions", json=grant, headers=headers)))["transaction_id"]
    await _answered(ask.post("/sources", json={"slug": "school", "kind": "cloudevents", "name": "School"}))
    await _answered(ask.post("/sources/school/links", json={"account": "wren@school", "username": "wren"}))
    job = await _id(ask, f"/achievements/{badge}/backfill", None)
    link = (await _answered(ask.get("/sources/school/links")))["items"][0]["id"]
    event = {"specversion": "1.0", "id": "1", "source": "/school", "type": "school.lesson.completed"}
    token = await _answered(ask.post("/me/tokens", json={"name": "school", "scopes": ["ingest"]}))
    headers = {"authorization": f"Bearer {token['secret']}", "content-type": "application/cloudevents+json"}
    delivery = await _answered(ask.post("/ingest/school", json={**event, "account": "wren@school"}, headers=headers))
    invite = await _id(ask, "/admin/invites", {})
    own_token = await _id(owner.client, "/me/tokens", {"name": "mine"})
    other = hall.client()
    await _answered(other.post("/auth/login", json={"username": "wren", "password": PASSWORD}))
    session = (await _answered(owner.client.get("/me/sessions")))["items"][0]["id"]
    await _answered(owner.client.patch("/me", json={"private": True}, headers={"if-match": '"1"'}))
    stranger = await hall.user("eve")
    for one in (admin, owner, stranger):
        await _answered(one.client.get("/me"))  # the first act of their day, which is noted
    await hall.drain()
    ids = {
        "quest_id": draft, "achievement_id": badge_draft, "username": "wren", "slug": "school", "link_id": link,
        "delivery_id": delivery["delivery_id"], "code": "coins", "transaction_id": given, "user_id": str(owner.user_id),
        "invite_id": invite, "session_id": session, "token_id": own_token, "job_id": job, "kind": "transaction",
        "effect_id": given,
    }  # fmt: skip
    published = {"quest_id": str(quest), "achievement_id": str(badge), "username": "ada"}
    return World(admin=admin, owner=owner, stranger=stranger, ids=ids, published=published, manual_quest=str(manual))


async def _id(client: Any, path: str, body: Any) -> str:
    return str((await _answered(client.post(path, json=body)))["id"])


async def _answered(asked: Any) -> Any:
    answer = await asked
    assert answer.status_code < 300, answer.text
    return answer.json()


async def state(hall: Hall) -> dict[str, tuple[int, str]]:
    """How many rows each table of the services has, and a digest of them."""
    await hall.drain()
    admin = await asyncpg.connect(hall.admin_url)
    try:
        tables = await admin.fetch(
            "SELECT table_schema AS s, table_name AS t FROM information_schema.tables "
            "WHERE table_type = 'BASE TABLE' AND table_schema = ANY($1)",
            list(hall.installation.process.running),
        )
        found = {}
        for table in tables:
            name = f"{table['s']}.{table['t']}"
            if not RESTLESS.search(name):
                rows = await admin.fetch(f"SELECT r::text AS r FROM {name} r ORDER BY 1")
                digest = hashlib.sha256("\n".join(row["r"] for row in rows).encode()).hexdigest()
                found[name] = (len(rows), digest)
        return found
    finally:
        await admin.close()


async def columns(hall: Hall) -> list[str]:
    """The name of every column of every table of the services."""
    admin = await asyncpg.connect(hall.admin_url)
    try:
        rows = await admin.fetch(
            "SELECT DISTINCT column_name AS c FROM information_schema.columns WHERE table_schema = ANY($1) ORDER BY 1",
            list(hall.installation.process.running),
        )
        return [row["c"] for row in rows]
    finally:
        await admin.close()
