"""What integrations can do."""

from __future__ import annotations

import base64
import csv
import hashlib
import secrets
import time
from datetime import datetime
from io import StringIO
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.identity import Identity, UserNotFound
from questhall.contracts.integrations import (
    ActivityRecorded,
    BadLinks,
    Integrations,
    SlugTaken,
    SourceNotFound,
)
from questhall.kernel.batching import Applied, GroupCommit
from questhall.kernel.contract import Cause, Origin, Step
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Record, Tx
from questhall.kernel.encryption import Sealer
from questhall.kernel.ids import new_id
from questhall.kernel.service import Site
from questhall.services.integrations import cloudevents, github, repository, rules

STORED = declare("integrations.after_store_before_answer")
BATCH_MAX = 128
RACES_MAX = 5
LINKS_MAX = 5000
REMEMBERED_S = 5.0
"""How long a source is believed without a look: a secret changed on another node is good here by then."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A source as the ingest path needs it."""

    id: UUID
    slug: str
    kind: str
    name: str
    enabled: bool
    secrets: tuple[str, ...]
    connected: bool


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a source, verified and read."""

    source: Source
    external_id: str
    event: str
    drafts: list[github.Draft]
    ignored: str
    body: bytes
    content_type: str
    received_at: datetime
    again: bool = False
    """A redelivery by hand: its acts are looked at again, whatever its id."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery."""

    delivery_id: UUID
    outcome: str
    duplicate: bool
    activities: int


class IntegrationsActions(Integrations):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self.identity = at.stub(Identity)
        self._sealer = Sealer(at.settings.keys)
        self._group: GroupCommit[Delivery, Taken] = GroupCommit(self._take_together, cap=BATCH_MAX)
        self._sources: dict[str, tuple[float, Source]] = {}

    # Sources

    async def add_source(self, tx: Tx, slug: str, kind: str, name: str) -> tuple[Record, str]:
        """A new source and its secret. Refuses ``slug_taken``."""
        source_id, secret = new_id(), secrets.token_hex(32)
        sealed = self._sealer.seal(secret, context=f"source:{source_id}")
        values = {"id": source_id, "slug": slug, "kind": kind, "name": name, "secrets": [sealed]}
        row = await repository.add_source(tx, values)
        if row is None:
            raise SlugTaken
        return row, secret

    async def source_row(self, slug: str) -> Record:
        """Refuses ``source_not_found``."""
        async with self.at.db.read() as tx:
            row = await repository.source(tx, slug)
        if row is None:
            raise SourceNotFound
        return row

    async def change_source(self, slug: str, changes: dict[str, Any]) -> Record:
        """Refuses ``source_not_found``."""
        async with self.at.db.tx() as tx:
            row = await repository.change_source(tx, slug, changes)
        self._sources.pop(slug, None)
        if row is None:
            raise SourceNotFound
        return row

    async def rotate(self, slug: str) -> str:
        """A new secret; the one before is good until the next rotation."""
        row = await self.source_row(slug)
        secret = secrets.token_hex(32)
        sealed = self._sealer.seal(secret, context=f"source:{row['id']}")
        await self.change_source(slug, {"secrets": [sealed, *row["secrets"]][:2]})
        return secret

    async def source(self, slug: str) -> Source:
        """The source as the ingest path needs it; remembered. Refuses ``source_not_found``."""
        until, known = self._sources.get(slug, (0.0, None))
        if known is None or until < time.monotonic():
            row = await self.source_row(slug)
            opened = tuple(self._sealer.open(sealed, context=f"source:{row['id']}") for sealed in row["secrets"])
            known = Source(
                id=row["id"],
                slug=row["slug"],
                kind=row["kind"],
                name=row["name"],
                enabled=row["enabled"],
                secrets=opened,
                connected=row["connected_at"] is not None,
            )
            self._sources[slug] = (time.monotonic() + REMEMBERED_S, known)
        return known

    # Deliveries

    async def take(self, delivery: Delivery) -> Taken:
        """Stores a delivery and says what players did in it; once for each act, for ever."""
        taken = await self._group.submit(delivery)
        crash_point(STORED)
        return taken

    async def _take_together(self, batch: list[Delivery]) -> Applied[Taken]:
        for _ in range(RACES_MAX):
            try:
                async with self.at.db.tx(pipelined=True) as tx:
                    taken = await _Batch(tx, batch).take()
                for delivery in batch:
                    if not delivery.source.connected:
                        self._sources.pop(delivery.source.slug, None)
                return Applied(taken, tx.durable)
            except _Raced:
                continue
        raise _Raced

    async def redeliver(self, slug: str, delivery_id: UUID) -> Taken:
        """Reads a stored delivery again: what was counted stays counted once. Refuses ``source_not_found``."""
        source = await self.source(slug)
        async with self.at.db.read() as tx:
            row = await repository.delivery(tx, delivery_id)
        if row is None or row["source_id"] != source.id or row["body"] is None:
            raise SourceNotFound("the delivery is not there, or too old to be read again")
        drafts, ignored = self.read(
            source, row["event"], rules.first(row["external_id"]), row["body"], row["content_type"]
        )
        delivery = Delivery(
            source=source,
            external_id=rules.again(row["external_id"], str(new_id())),
            event=row["event"],
            drafts=drafts,
            ignored=ignored,
            body=row["body"],
            content_type=row["content_type"],
            received_at=self.at.clock.now(),
        )
        return await self.take(delivery)

    @staticmethod
    def read(
        source: Source, event: str, external_id: str, body: bytes, content_type: str
    ) -> tuple[list[github.Draft], str]:
        """The acts in a body, and why there are none if so. Raises cloudevents.Malformed."""
        if source.kind == "cloudevents":
            drafts = cloudevents.drafts_of(msgspec.json.decode(content_type, type=dict[str, str]), body)
            return [rules.storable(draft) for draft in drafts], ""
        payload = cloudevents.read_json(rules.json_of(body, content_type))
        if not isinstance(payload, dict):
            raise cloudevents.Malformed("a payload is an object")
        if event == "ping":
            return [], "ping"
        try:
            return [rules.storable(github.draft_of(event, payload, external_id))], ""
        except github.Ignored as why:
            return [], str(why)

    # Links

    async def link(self, kind: str, pairs: list[tuple[str, str]], made_by: str) -> list[Record]:
        """Links accounts to players by name and credits what waited. Refuses ``user_not_found``, ``bad_links``."""
        users: dict[str, UUID] = {}
        for _, username in pairs:
            if username not in users:
                user = await self.identity.user_by_username(username)
                if user is None:
                    raise UserNotFound(f"there is no player {username}")
                users[username] = user.user_id
        unique = {account.strip().lower(): username for account, username in pairs}
        rows = [
            {
                "kind": kind,
                "account": account,
                "id": new_id(),
                "user_id": users[username],
                "username": username,
                "made_by": made_by,
            }
            for account, username in unique.items()
        ]
        async with self.at.db.tx() as tx:
            made = await repository.add_links(tx, rows)
            await self._credit_waiting(tx, kind, {row["account"]: row["user_id"] for row in made})
        return made

    @staticmethod
    async def _credit_waiting(tx: Tx, kind: str, owners: dict[str, UUID]) -> None:
        for row in await repository.take_waiting(tx, kind, list(owners)):
            _credit(tx, row, owners[row["account"]])

    async def credit_linked(self) -> None:
        """Credits acts that came in the same moment as the link of their account, and so wait although it is there."""
        async with self.at.db.tx() as tx:
            for row in await repository.take_linked(tx):
                _credit(tx, row, row["user_id"])

    @staticmethod
    def pairs_of(text: str) -> list[tuple[str, str]]:
        """Account and player from CSV lines ``account,username``. Refuses ``bad_links``."""
        pairs: list[tuple[str, str]] = []
        for number, line in enumerate(csv.reader(StringIO(text)), 1):
            if not line or line[0].strip().lower() == "account":
                continue
            if len(line) != 2 or not line[0].strip() or not line[1].strip():
                raise BadLinks(f"line {number} is not `account,username`")
            pairs.append((line[0].strip(), line[1].strip().lower()))
        if not 0 < len(pairs) <= LINKS_MAX:
            raise BadLinks(f"1 to {LINKS_MAX} lines")
        return pairs

    async def forget_old(self) -> None:
        """Bodies and waiting acts past their keep."""
        async with self.at.db.tx() as tx:
            await repository.forget_old(tx, rules.BODY_DAYS, rules.WAITING_DAYS)

    # Why

    async def explain(self, kind: str, effect_id: str) -> Origin | None:
        """See the contract: a ``delivery``."""
        try:
            identifier = UUID(effect_id)
        except ValueError:
            return None
        async with self.at.db.read() as tx:
            row = await repository.delivery(tx, identifier)
        if row is None:
            return None
        step = Step(
            kind="delivery",
            title=f"{row['event']} from {row['name']}",
            detail=f"delivery {row['external_id']}",
            time=row["received_at"],
            actor=f"source:{row['source_id']}",
            facts={"source": row["slug"], "source_kind": row["kind"], "delivery_id": str(row["id"])},
        )
        return Origin(owner=None, step=step, causation_id=None)


class _Raced(Exception):
    """Another writer was first with part of the batch; it is read again."""


class _Batch:
    """Deliveries that are taken in one transaction, in their order."""

    def __init__(self, tx: Tx, deliveries: list[Delivery]) -> None:
        self._tx = tx
        self._all = deliveries
        self._rows: list[repository.TakenDelivery] = []
        self._keys: list[tuple[str, UUID]] = []
        self._waiting: list[repository.TakenWaiting] = []

    async def take(self) -> list[Taken]:
        tx = self._tx
        known = await repository.known_deliveries(
            tx, [d.source.id for d in self._all], [d.external_id for d in self._all]
        )
        drafts = [(d.source.kind, draft) for d in self._all for draft in d.drafts]
        counted = await repository.known_keys(tx, [draft.key for _, draft in drafts]) if drafts else set()
        owners = (
            await repository.linked(tx, [kind for kind, _ in drafts], [draft.account.lower() for _, draft in drafts])
            if drafts
            else {}
        )
        seen: dict[tuple[UUID, str], UUID] = {}
        answers: list[Taken] = []
        for delivery in self._all:
            place = (delivery.source.id, delivery.external_id)
            before = known[place]["id"] if place in known else seen.get(place)
            if before is not None:
                answers.append(Taken(delivery_id=before, outcome="duplicate", duplicate=True, activities=0))
                continue
            taken = self._one(delivery, counted, owners)
            seen[place] = taken.delivery_id
            answers.append(taken)
        if self._rows and not await repository.take(tx, self._rows, self._keys, self._waiting):
            raise _Raced
        fresh = [d.source.id for d in self._all if not d.source.connected]
        if fresh:
            await repository.connected(tx, fresh)
        return answers

    def _one(self, delivery: Delivery, counted: set[str], owners: dict[tuple[str, str], UUID]) -> Taken:
        delivery_id = new_id()
        said: list[dict[str, str]] = []
        waits = doubles = 0
        for draft in delivery.drafts:
            if draft.key in counted:
                doubles += 1
                continue
            counted.add(draft.key)
            activity_id = new_id()
            self._keys.append((draft.key, activity_id))
            owner = owners.get((delivery.source.kind, draft.account.lower()))
            if owner is None:
                waits += 1
                self._wait(delivery, delivery_id, activity_id, draft)
                continue
            said.append({"id": str(activity_id), "user_id": str(owner), "kind": draft.kind})
            row = {
                "activity_id": activity_id,
                "source_id": delivery.source.id,
                "delivery_id": delivery_id,
                "received_at": delivery.received_at,
            }
            event = _recorded(row, draft, owner, delivery.source.slug, recorded_at=delivery.received_at, waited=False)
            self._tx.emit(event, cause=_cause(delivery_id, delivery.source.id))
        outcome, detail = _outcome(delivery, len(said), waits, doubles)
        self._rows.append(
            repository.TakenDelivery(
                source_id=delivery.source.id,
                id=delivery_id,
                external_id=delivery.external_id,
                event=delivery.event,
                outcome=outcome,
                detail=detail,
                body=delivery.body,
                body_hash=hashlib.sha256(delivery.body).digest(),
                content_type=delivery.content_type,
                received_at=delivery.received_at,
                activities=msgspec.json.encode(said).decode(),
            )
        )
        return Taken(delivery_id=delivery_id, outcome=outcome, duplicate=outcome == "duplicate", activities=len(said))

    def _wait(self, delivery: Delivery, delivery_id: UUID, activity_id: UUID, draft: github.Draft) -> None:
        self._waiting.append(
            repository.TakenWaiting(
                kind=delivery.source.kind,
                account=draft.account.lower(),
                activity_id=activity_id,
                source_id=delivery.source.id,
                delivery_id=delivery_id,
                activity=msgspec.json.encode(draft).decode(),
                received_at=delivery.received_at,
            )
        )


def _outcome(delivery: Delivery, said: int, waits: int, doubles: int) -> tuple[str, str]:
    if delivery.ignored == "ping":
        return "ping", "connected"
    if said:
        return "recorded", ""
    if waits:
        return "waiting", "for an account link: " + ", ".join(sorted({d.account for d in delivery.drafts}))[:300]
    if doubles:
        return "duplicate", "the same act was counted before"
    return "ignored", delivery.ignored or "it tells of no act"


def _cause(delivery_id: UUID, source_id: UUID) -> Cause:
    return Cause(correlation_id=delivery_id, causation_id=delivery_id, actor=f"source:{source_id}")


def _recorded(
    row: Any, draft: github.Draft, user_id: UUID, slug: str, *, recorded_at: datetime, waited: bool
) -> ActivityRecorded:
    return ActivityRecorded(
        activity_id=row["activity_id"],
        user_id=user_id,
        source=slug,
        source_id=row["source_id"],
        kind=draft.kind,
        external_id=draft.key,
        occurred_at=rules.clamped(draft.occurred_at, row["received_at"]),
        recorded_at=recorded_at,
        delivery_id=row["delivery_id"],
        attributes=draft.attributes,
        waited=waited,
    )


def _credit(tx: Tx, row: Record, user_id: UUID) -> None:
    draft = msgspec.json.decode(row["activity"], type=github.Draft)
    event = _recorded(row, draft, user_id, row["slug"], recorded_at=tx.now, waited=True)
    tx.emit(event, cause=_cause(row["delivery_id"], row["source_id"]))


def delivery_name(body: bytes) -> str:
    """An id for a delivery that brought none: what it says."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:18]).decode()
