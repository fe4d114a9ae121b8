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
from questhall.kernel import jobs, parking
from questhall.kernel.migrations import migrate
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings
from tests.invariants import chains

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


SCHOOL = {
    "slug": "school",
    "kind": "json",
    "name": "School",
    "mapping": {
        "kind": "'school.merged'",
        "account": "sender.login",
        "external_id": "pull_request.node_id",
        "occurred_at": "pull_request.merged_at",
    },
}
BY_SCHOOL = ("d-9", "d-10")
"""Deliveries that a source of any JSON brings, instead of GitHub."""


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
LATE = {
    "slug": "old-hand",
    "name": "Old hand",
    "requirements": {"event": "activity.recorded", "count": 4},
    "xp_reward": 1,
}
"""Published when all has happened, and counted from the log."""


async def main(mode: str, database: str, redis: str, data: str) -> None:
    """Runs one life."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    settings = Settings(data=Path(data), registration="open")
    if mode == "migrate":
        await migrate(discover(), settings, database)
        return
    parking.BACKOFF_S = (0.02,) * 5  # type: ignore[assignment]
    jobs.LEASE_S = 1.0
    installation = Installation(
        settings, database_url=database, redis_url=redis, cache_prefix=f"{urlsplit(database).path[1:]}:", run_jobs=False
    )
    trouble = Trouble(installation)
    await installation.start()
    transport = httpx.ASGITransport(app=installation.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000/api/v1", timeout=30) as client:
        if mode == "setup":
            await setup(installation, client)
        else:
            await trouble.learn()
            await live(client, json.loads((Path(data) / "secrets.json").read_text()))
            await post_twice(installation)
            await let_go(installation, trouble)
            await look_back(installation, client, json.loads((Path(data) / "secrets.json").read_text()))
    await installation.process.drain()
    if mode == "live":
        await run_jobs(installation)
        await installation.process.drain()
        tell("verified", not await chains(installation.process.actions))
    await installation.stop()


def tell(kind: str, what: object) -> None:
    """A line of the client's history: written as soon as it has the answer, so that it outlives a crash."""
    sys.stdout.write(f"{kind} {what}\n")
    sys.stdout.flush()


class Held(Exception):
    """A handler fails, as told."""


class Trouble:
    """Currency's handler fails: once for each reward of ben, which is parked and tried again; and for what cem's third
    merge pays until somebody looks into it, so that it is quarantined and replayed."""

    held = True

    def __init__(self, installation: Installation) -> None:
        self._consumer = installation.process.running["currency"].consumer
        self._run = self._consumer._run
        self._consumer._run = self.run  # type: ignore[method-assign]
        self._identity: Any = installation.process.actions["identity"]
        self._tried: set[Any] = set()
        self._names: dict[str, str] = {}

    async def learn(self) -> None:
        """Whose events fail."""
        for name in ("ben", "cem"):
            self._names[str((await self._identity.user_by_username(name)).user_id)] = name

    async def run(self, tx: Any, envelopes: Any) -> None:
        """The handler, or trouble."""
        for envelope in envelopes:
            who = self._names.get(envelope.subject)
            if who == "cem" and self.held and b"Merge three" in envelope.raw:
                raise Held
            if who == "ben" and envelope.id not in self._tried:
                self._tried.add(envelope.id)
                raise Held
        await self._run(tx, envelopes)


async def let_go(installation: Installation, trouble: Trouble) -> None:
    """What is quarantined is replayed once its reason is gone, as an operator does."""
    consumer = installation.process.running["currency"].consumer
    async with asyncio.timeout(60):
        while True:
            await installation.process.drain()
            counts = await consumer.parking.counts()
            if not counts:
                return
            if "parked" not in counts:
                trouble.held = False
                for event in await consumer.parking.listing():
                    if event.state == "quarantined":
                        await installation.process.replay("currency", event.event_id)
            await asyncio.sleep(0.05)


async def look_back(installation: Installation, client: httpx.AsyncClient, secrets: dict[str, str]) -> None:
    """Publishes the badge that was drafted before, and asks that what happened counts for it."""
    await installation.process.drain()
    auth = {"authorization": f"Bearer {secrets['token']}"}
    for what, status in (("publish", 200), ("backfill", 202)):
        answer = await client.post(f"/achievements/{secrets['late']}/{what}", headers=auth)
        assert answer.status_code == status, answer.text


async def run_jobs(installation: Installation) -> None:
    """Each job once, under its lease; that of a life which ended in the middle runs out first. And what was asked for."""
    for one in installation.process.running.values():
        await one.scheduler.start()
        names = [job.name for job in one.service.schedule()]
        async with asyncio.timeout(30), one.site.db.read() as tx:
            while await tx.fetchval("SELECT count(*) FROM leases WHERE until = '-infinity' AND next_at > now()") < len(
                names
            ):
                await asyncio.sleep(0.02)
            while await tx.fetchval("SELECT EXISTS (SELECT FROM background_jobs WHERE finished_at IS NULL)"):
                await asyncio.sleep(0.02)
        await one.scheduler.stop()


async def setup(installation: Installation, client: httpx.AsyncClient) -> None:
    """Players, two sources, quests and a badge."""
    identity: Any = installation.process.actions["identity"]
    for name in (*PLAYERS, "ada"):
        await identity.create_user(name, f"{name}@example.org", PASSWORD, admin=name == "ada")
    token = await installation.process.stub("cli", Identity).create_token("ada")
    auth = {"authorization": f"Bearer {token}"}
    made = await client.post("/sources", json={"slug": "acme", "kind": "github", "name": "Acme"}, headers=auth)
    for name in PLAYERS:
        await client.post("/sources/acme/links", json={"account": name, "username": name}, headers=auth)
    school = await client.post("/sources", json=SCHOOL, headers=auth)
    for name in PLAYERS:
        await client.post("/sources/school/links", json={"account": name, "username": name}, headers=auth)
    await installation.process.stub("cli", Quests).install(QUESTS)
    badges: Any = installation.process.actions["achievements"]
    await badges.install(BADGES)
    late = await client.post("/achievements", json=LATE, headers=auth)
    secrets = {
        "late": late.json()["id"],
        "hook": made.json()["secret"],
        "school": school.json()["secret"],
        "token": token,
    }
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
        tell("posting", posting.key)
    hold = await ledger.hold("h-1", f"user:{ann.user_id}", "gems", 5, 3600)
    paid = await ledger.commit(hold.hold_id, "sink:test")
    assert paid.accepted
    tell("hold", "h-1")


def signature(secret: str, body: bytes) -> str:
    """As both kinds of sources sign."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def live(client: httpx.AsyncClient, secrets: dict[str, str]) -> None:
    """Receives every delivery, and one request for money under a key."""

    async def send(event: str, delivery: str, payload: dict[str, Any]) -> None:
        body = json.dumps(payload).encode()
        if delivery in BY_SCHOOL:
            slug, headers = "school", {"x-questhall-signature-256": signature(secrets["school"], body)}
            delivery = f"json:school:{payload['pull_request']['node_id']}"
        else:
            slug, headers = "acme", {"x-hub-signature-256": signature(secrets["hook"], body)}
            headers |= {"x-github-event": event, "x-github-delivery": delivery}
        answer = await client.post(f"/ingest/{slug}", content=body, headers=headers)
        assert answer.status_code in (200, 202), answer.text
        tell("delivery", delivery)

    for number, delivery in enumerate(deliveries()):
        await send(*delivery)
        if number == 5:
            headers = {"authorization": f"Bearer {secrets['token']}", "idempotency-key": "gift-1"}
            answers = [
                await client.post("/admin/transactions", json={**POSTING, "username": "ann"}, headers=headers)
                for _ in range(2)
            ]
            assert [answer.status_code for answer in answers] == [201, 201], answers
            assert answers[0].content == answers[1].content
            tell("answer", "gift-1")
            tell("replayed", answers[1].headers["idempotency-replayed"])
            tell("gift", answers[0].text)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
