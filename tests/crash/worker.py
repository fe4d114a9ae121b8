"""One life of an installation under test: set up, or receive the deliveries; perhaps ended at a crash point."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from questhall.compose import Installation
from questhall.contracts.currency import Posting, Transfer
from questhall.contracts.identity import Identity
from questhall.contracts.quests import Quests
from questhall.kernel.settings import Settings

PASSWORD = "correct horse battery"
PLAYERS = ("ann", "ben", "cem")
POSTING = {"currency": "coins", "amount": 7, "reason": "a gift of the day"}


def deliveries() -> list[tuple[str, str, dict[str, Any]]]:
    """GitHub deliveries of three players: event, id, payload. One is sent twice, one act comes under two ids."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    for number, login in enumerate(PLAYERS * 4):
        payload = {
            "action": "closed",
            "pull_request": {
                "node_id": f"PR_{number}",
                "number": number,
                "merged": True,
                "merged_at": "2026-03-01T10:00:00Z",
                "user": {"login": login},
                "title": f"Change {number}",
            },
            "repository": {"full_name": "acme/site"},
            "sender": {"login": login, "type": "User"},
        }
        found.append(("pull_request", f"d-{number}", payload))
    return [*found, found[0], ("pull_request", "another-id", found[1][2])]


QUESTS = [
    {
        "slug": "merge",
        "title": "Merge",
        "kind": "repeatable",
        "auto_accept": True,
        "objectives": [{"id": "m", "label": "Merge", "event": "activity.recorded"}],
        "rewards": {"currencies": {"xp": 60, "coins": 10}},
    },
    {
        "slug": "merge-three",
        "title": "Merge three",
        "auto_accept": True,
        "objectives": [{"id": "m", "label": "Merge", "event": "activity.recorded", "count": 3}],
        "rewards": {"currencies": {"coins": 100}},
    },
]
BADGES = [
    {"slug": "merger", "name": "Merger", "requirements": {"event": "quest.completed", "count": 2}, "xp_reward": 25},
]


async def main(mode: str, database: str, redis: str, data: str) -> None:
    """Runs one life."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    settings = Settings(data=Path(data), registration="open")
    installation = Installation(
        settings, database_url=database, redis_url=redis, cache_prefix=f"{urlsplit(database).path[1:]}:", run_jobs=False
    )
    await installation.start()
    transport = httpx.ASGITransport(app=installation.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000/api/v1", timeout=30) as client:
        if mode == "setup":
            await setup(installation, client)
        else:
            await live(client, json.loads((Path(data) / "secrets.json").read_text()))
            await post_twice(installation)
    await installation.process.drain()
    await installation.stop()


async def setup(installation: Installation, client: httpx.AsyncClient) -> None:
    """Players, a source, quests and a badge."""
    identity: Any = installation.process.actions["identity"]
    for name in (*PLAYERS, "ada"):
        await identity.create_user(name, f"{name}@example.org", PASSWORD, admin=name == "ada")
    token = await installation.process.stub("cli", Identity).create_token("ada")
    auth = {"authorization": f"Bearer {token}"}
    made = await client.post("/sources", json={"slug": "acme", "kind": "github", "name": "Acme"}, headers=auth)
    for name in PLAYERS:
        await client.post("/sources/acme/links", json={"account": name, "username": name}, headers=auth)
    await installation.process.stub("cli", Quests).install(QUESTS)
    badges: Any = installation.process.actions["achievements"]
    await badges.install(BADGES)
    secrets = {"hook": made.json()["secret"], "token": token}
    (installation.settings.data / "secrets.json").write_text(json.dumps(secrets))


async def post_twice(installation: Installation) -> None:
    """Postings under keys, as other services would make them."""
    ledger: Any = installation.process.actions["currency"]
    identity: Any = installation.process.actions["identity"]
    ann = await identity.user_by_username("ann")
    for number in range(8):
        transfer = Transfer(debit="mint:test", credit=f"user:{ann.user_id}", currency="gems", amount=3)
        posting = Posting(key=f"p-{number}", transfers=[transfer], transaction_type="test")
        assert (await ledger.post([posting]))[0].accepted


async def live(client: httpx.AsyncClient, secrets: dict[str, str]) -> None:
    """Receives every delivery, and one request for money under a key."""

    async def send(event: str, delivery: str, payload: dict[str, Any]) -> None:
        body = json.dumps(payload).encode()
        signature = "sha256=" + hmac.new(secrets["hook"].encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-github-event": event, "x-github-delivery": delivery, "x-hub-signature-256": signature}
        answer = await client.post("/ingest/acme", content=body, headers=headers)
        assert answer.status_code in (200, 202), answer.text

    for number, delivery in enumerate(deliveries()):
        await send(*delivery)
        if number == 5:
            headers = {"authorization": f"Bearer {secrets['token']}", "idempotency-key": "gift-1"}
            answer = await client.post("/admin/transactions", json={**POSTING, "username": "ann"}, headers=headers)
            assert answer.status_code == 201, answer.text
            sys.stdout.write(f"{answer.headers.get('idempotency-replayed', 'first')}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
