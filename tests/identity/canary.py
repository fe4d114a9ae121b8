"""Canaries: strings that say who somebody is, put wherever a player can say something; and the search for them everywhere."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import asyncpg

from questhall.kernel.testing import Hall, HallUser
from tests.achievements.test_badges import publish as publish_badge
from tests.currency.test_gifts import fill, send
from tests.integrations.test_ingest import Github, connect
from tests.quests.test_quests import publish
from tests.test_story import merged

CANARY = "canary"
LOGIN = "canary-gh"
PASSWORD = "correct horse battery"
AGENT = "CanaryBrowser/1.0"

BADGE: dict[str, Any] = {
    "slug": "places",
    "name": "Places",
    "requirements": {"event": "activity.recorded", "distinct": "data.attributes.repo", "count": 5},
}
BY_HAND: dict[str, Any] = {"slug": "kind", "name": "Kind", "requirements": {"manual": True}}
QUEST: dict[str, Any] = {
    "slug": "wander",
    "title": "Wander",
    "auto_accept": True,
    "objectives": [
        {"id": "o", "label": "Go", "event": "activity.recorded", "count": 9, "distinct": "data.attributes.repo"}
    ],
    "rewards": {"currencies": {"xp": 5}},
}


async def sign_up(hall: Hall) -> HallUser:
    """A player whose every word is a canary, as an admin has invited them."""
    admin: HallUser = hall.admin  # type: ignore[attr-defined]
    invite = await admin.client.post("/admin/invites", json={"note": "for canary"})
    assert invite.status_code == 201, invite.text
    client = hall.client()
    client.headers["user-agent"] = AGENT
    body = {
        "username": "canary-user",
        "email": "canary-mail@example.org",
        "password": PASSWORD,
        "display_name": "Canary Shown",
        "timezone": "Pacific/Chatham",
        "invite": invite.json()["secret"],
    }
    answer = await client.post("/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    await hall.drain()
    return HallUser(UUID(answer.json()["id"]), "canary-user", client)


async def live(hall: Hall, manager: HallUser, other: HallUser, bird: HallUser, hook: Github) -> None:
    """Everything that the product offers, said with a canary in it."""
    client = bird.client
    me = await client.get("/me")
    etag = {"if-match": me.headers["etag"]}
    change = {"display_name": "Canary Renamed", "preferences": {"quiet": True}, "look": {"hair": "canary-hair"}}
    assert (await client.patch("/me", json=change, headers=etag)).status_code == 200
    made = await client.post("/me/tokens", json={"name": "canary token"}, headers={"idempotency-key": "canary-token"})
    assert made.status_code == 201
    await client.post("/auth/password/forgot", json={"email": "canary-mail@example.org"})
    await client.post("/auth/login", json={"username": "canary-nobody", "password": PASSWORD})
    asked = await client.post("/auth/email/change", json={"email": "canary-new@example.org", "password": PASSWORD})
    assert asked.status_code == 202
    assert (await client.post("/me/streaks/leave", json={"until": "2026-03-05"})).status_code == 204
    await _act(hall, manager, hook)
    await fill(hall, bird, 40)
    await fill(hall, other, 40)
    assert (await send(bird, other.username, 10, note="canary note out", key="canary-key")).status_code == 201
    assert (await send(other, "canary-user", 10, note="canary note in")).status_code == 201
    await _by_others(hall, manager, bird)
    assert (await client.get("/users/canary-user")).status_code == 200
    await hall.drain()


async def _act(hall: Hall, manager: HallUser, hook: Github) -> None:
    # One waits for the link, the others come after it; one is about somebody whom nobody knows, and names the player.
    for number, linked in ((1, False), (2, True), (3, True)):
        if linked and number == 2:
            body = {"account": LOGIN, "username": "canary-user"}
            made = await manager.client.post("/sources/acme/links", json=body, headers={"idempotency-key": "link"})
            assert made.status_code == 201, made.text
        payload = merged()
        payload["pull_request"] |= {"node_id": f"PR_{number}", "title": f"canary title {number}", "user": _person()}
        payload["pull_request"]["merged_by"] = _person()
        payload["repository"]["full_name"] = f"{LOGIN}/repo-{number}"
        payload["sender"] = _person()
        assert (await hook.send("pull_request", payload, delivery=f"canary-delivery-{number}")).status_code == 202
        await hall.drain()
    stranger = merged()
    stranger["sender"] = stranger["pull_request"]["user"] = {"login": "stranger", "id": 9, "type": "User"}
    stranger["pull_request"] |= {"node_id": "PR_9", "requested_reviewers": [_person()]}
    assert (await hook.send("pull_request", stranger)).status_code == 202
    star = {"action": "created", "repository": {"full_name": f"{LOGIN}/star"}, "sender": _person()}
    assert (await hook.send("star", star)).status_code == 202
    await hall.drain()


def _person() -> dict[str, Any]:
    return {"login": LOGIN, "id": 4242, "type": "User"}


async def _by_others(hall: Hall, manager: HallUser, bird: HallUser) -> None:
    author: HallUser = hall.author  # type: ignore[attr-defined]
    body = {"username": "canary-user", "reason": "canary was kind"}
    badge = hall.by_hand  # type: ignore[attr-defined]
    headers = {"idempotency-key": "award"}
    given = await author.client.post(f"/achievements/{badge}/award", json=body, headers=headers)
    assert given.status_code == 201, given.text
    taken = await author.client.post(f"/achievements/{badge}/revoke", json={**body, "reason": "canary was not"})
    assert taken.status_code // 100 == 2, taken.text
    admin: HallUser = hall.admin  # type: ignore[attr-defined]
    grant = {"user_id": str(bird.user_id), "currency": "coins", "amount": 3, "reason": "canary found a bug"}
    answer = await admin.client.post("/admin/transactions", json=grant, headers={"idempotency-key": "grant"})
    assert answer.status_code == 201, answer.text
    undo = {"reason": "canary found none"}
    path = f"/admin/transactions/{answer.json()['transaction_id']}/reverse"
    assert (await admin.client.post(path, json=undo, headers={"idempotency-key": "undo"})).status_code == 201


async def sightings(hall: Hall, *words: str) -> list[str]:
    """Where a canary sits: in any column of any table, any key or value of Redis."""
    found = [place async for place in _tables(hall, words)]
    return sorted(found) + [place async for place in _redis(hall, words)]


async def _tables(hall: Hall, words: tuple[str, ...]) -> Any:
    admin = await asyncpg.connect(hall.admin_url)
    try:
        tables = await admin.fetch(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'"
        )
        assert len(tables) > 60, "every service has its tables"
        for schema, table in tables:
            # Bytes too, as text where they are some.
            columns = await admin.fetch(
                "SELECT attname, atttypid::regtype::text AS kind FROM pg_attribute WHERE attrelid = $1::text::regclass "
                "AND attnum > 0 AND NOT attisdropped",
                f'"{schema}"."{table}"',
            )
            for name, kind in columns:
                value = f"encode(\"{name}\", 'escape')" if kind == "bytea" else f'"{name}"::text'
                hits = await admin.fetchval(
                    f'SELECT count(*) FROM "{schema}"."{table}" WHERE EXISTS (SELECT FROM unnest($1::text[]) AS w '
                    f"WHERE position(lower(w) IN lower({value})) > 0)",
                    list(words),
                )
                if hits:
                    yield f"{schema}.{table}.{name}: {hits}"
    finally:
        await admin.close()


async def _redis(hall: Hall, words: tuple[str, ...]) -> Any:
    cache = hall.installation.process.cache
    cache_keys = cache.key("*")
    start: Any = 0
    while True:
        start, keys = await cache.command("SCAN", start, "MATCH", cache_keys, "COUNT", 1000)
        for key in keys:
            kind = await cache.command("TYPE", key)
            if kind == b"none":  # its time was over just now
                continue
            read = {b"string": ("GET",), b"set": ("SMEMBERS",), b"hash": ("HGETALL",), b"zset": ("ZRANGE", 0, -1)}
            command = ("XRANGE", "-", "+") if kind == b"stream" else read[kind]
            value = await cache.command(command[0], key, *command[1:])
            text = f"{key!r} {value!r} {_claims(value)}".lower()
            if any(word.lower() in text for word in words):
                yield f"redis {key!r}"
        if int(start) == 0:
            return


def _claims(value: Any) -> str:
    """What a signed token within a value says: it is only encoded."""
    if not isinstance(value, bytes) or b"eyJ" not in value:
        return ""
    parts = value.decode(errors="replace").replace('"', ".").split(".")
    decoded = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts if part.startswith("eyJ")]
    return repr(decoded)


async def scenery(hall: Hall) -> tuple[Github, HallUser, HallUser]:
    """What there is to be earned, and who is there: a hook, a manager, another player."""
    hook, manager, other = await connect(hall, link=None)
    hall.author = manager  # type: ignore[attr-defined]
    hall.admin = await hall.user("ada", role="admin")  # type: ignore[attr-defined]
    await publish(hall, QUEST)
    await publish_badge(hall, BADGE)
    hall.by_hand = await publish_badge(hall, BY_HAND)  # type: ignore[attr-defined]
    return hook, manager, other
