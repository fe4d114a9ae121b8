"""Deliveries: stored together, each act said once to each player concerned, or kept until its account is linked."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.integrations import ActivityRecorded, BadMapping, MalformedDelivery, SourceNotFound
from questhall.kernel.batching import GroupCommit, Turn
from questhall.kernel.contract import Cause
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Record, Tx, json_text
from questhall.kernel.ids import new_id
from questhall.kernel.service import Site
from questhall.services.integrations import cloudevents, github, mapped, repository, rules
from questhall.services.integrations.actions.sources import Source, Sources, refuse_faults

STORED = declare("integrations.after_store_before_answer")
BATCH_MAX = 128
RACES_MAX = 5


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


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery."""

    delivery_id: UUID
    outcome: str
    duplicate: bool
    activities: int


class Taking(Sources):
    """Takes deliveries."""

    at: Site
    _group: GroupCommit[Delivery, Taken]

    async def take(self, delivery: Delivery) -> Taken:
        """Stores a delivery and says what players did in it; once for each act, for ever."""
        taken = await self._group.submit(delivery)
        crash_point(STORED)
        return taken

    async def _take_together(self, turn: Turn[Delivery]) -> list[Taken]:
        batch = await turn.take()
        for _ in range(RACES_MAX):
            try:
                async with self.at.db.tx(pipelined=True) as tx:
                    taken = await _Batch(tx, batch).take()
                    turn.pass_on()
                for delivery in batch:
                    if not delivery.source.connected:
                        self.forget_source(delivery.source.slug)
                return taken
            except _Raced:
                continue
        raise _Raced

    async def redeliver(self, slug: str, delivery_id: UUID) -> Taken:
        """Reads a stored delivery again: what was counted stays counted once.

        Refuses ``source_not_found``, ``malformed_delivery``.
        """
        source = await self.source(slug)
        async with self.at.db.read() as tx:
            row = await repository.delivery(tx, delivery_id)
        if row is None or row["source_id"] != source.id or row["body"] is None:
            raise SourceNotFound("the delivery is not there, or too old to be read again")
        drafts, ignored = self.read(source, row["event"], row["body"], row["content_type"])
        delivery = Delivery(
            source=source,
            external_id=f"again:{new_id()}",
            event=row["event"],
            drafts=drafts,
            ignored=ignored,
            body=row["body"],
            content_type=row["content_type"],
            received_at=self.at.clock.now(),
        )
        return await self.take(delivery)

    @staticmethod
    def read(source: Source, event: str, body: bytes, content_type: str) -> tuple[list[github.Draft], str]:
        """The acts in a body, and why there are none if so. Refuses ``malformed_delivery``."""
        try:
            if source.mapping is not None:
                return [_of_source(source.slug, draft) for draft in _mapped(source.mapping, body)], ""
            if source.kind == "cloudevents":
                drafts = cloudevents.drafts_of(msgspec.json.decode(content_type, type=dict[str, str]), body)
                return [rules.storable(draft) for draft in drafts], ""
            payload = cloudevents.read_json(rules.json_of(body, content_type))
        except cloudevents.Malformed as problem:
            raise MalformedDelivery(str(problem)) from None
        except mapped.Unmappable as problem:
            raise MalformedDelivery(f"{problem}; nothing of the body was taken") from None
        if not isinstance(payload, dict):
            raise MalformedDelivery("a payload is an object")
        if event == "ping":
            return [], "ping"
        try:
            return [rules.storable(draft) for draft in github.drafts_of(event, payload)], ""
        except github.Ignored as why:
            return [], str(why)

    @staticmethod
    def try_mapping(mapping: mapped.Mapping, sample: str) -> list[github.Draft]:
        """The acts that a mapping finds in a sample. Refuses ``bad_mapping``."""
        refuse_faults(mapped.faults_of(mapping))
        try:
            return _mapped(mapping, sample.encode())
        except cloudevents.Malformed as problem:
            raise BadMapping(
                f"the sample: {problem}", errors=[{"pointer": "#/sample", "detail": str(problem)}]
            ) from None
        except mapped.Unmappable as problem:
            refuse_faults(problem.faults)
            raise


def _mapped(mapping: mapped.Mapping, body: bytes) -> list[github.Draft]:
    return [rules.storable(draft) for draft in mapped.drafts_of(mapping, body)]


def _of_source(slug: str, draft: github.Draft) -> github.Draft:
    # No slug has a colon: acts of two services that count from 1 are not the same.
    return msgspec.structs.replace(draft, key=f"json:{slug}:{draft.key}")


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
        self._owners: dict[tuple[str, str, str], repository.Owner] = {}
        self._counted: set[str] = set()

    async def take(self) -> list[Taken]:
        tx = self._tx
        known = await repository.known_deliveries(
            tx, [d.source.id for d in self._all], [d.external_id for d in self._all]
        )
        drafts = [(d.source.accounts, draft) for d in self._all for draft in d.drafts]
        if drafts:
            self._counted = await repository.known_keys(tx, [draft.key for _, draft in drafts])
            self._owners = await repository.owners(tx, {_person(kind, draft) for kind, draft in drafts})
        seen: dict[tuple[UUID, str], UUID] = {}
        answers: list[Taken] = []
        for delivery in self._all:
            place = (delivery.source.id, delivery.external_id)
            before = known[place]["id"] if place in known else seen.get(place)
            if before is not None:
                answers.append(Taken(delivery_id=before, outcome="duplicate", duplicate=True, activities=0))
                continue
            taken = self._one(delivery)
            seen[place] = taken.delivery_id
            answers.append(taken)
        if self._rows and not await repository.take(tx, self._rows, self._keys, self._waiting):
            raise _Raced
        learnt = {person: owner for person, owner in self._owners.items() if not owner.known}
        if learnt:
            await repository.learn_accounts(tx, learnt)
        fresh = [d.source.id for d in self._all if not d.source.connected]
        if fresh:
            await repository.connected(tx, fresh)
        return answers

    def _one(self, delivery: Delivery) -> Taken:
        delivery_id = new_id()
        said: list[dict[str, str]] = []
        waits: set[str] = set()
        doubles = 0
        for draft in delivery.drafts:
            if draft.key in self._counted:
                doubles += 1
                continue
            self._counted.add(draft.key)
            activity_id = new_id()
            self._keys.append((draft.key, activity_id))
            owner = self._owners.get(_person(delivery.source.accounts, draft))
            if owner is None:
                waits.add(draft.account)
                self._wait(delivery, delivery_id, activity_id, draft)
                continue
            said.append({"id": str(activity_id), "user_id": str(owner.user_id), "kind": draft.kind})
            row = {
                "activity_id": activity_id,
                "source_id": delivery.source.id,
                "delivery_id": delivery_id,
                "received_at": delivery.received_at,
            }
            slug, now = delivery.source.slug, delivery.received_at
            past_days = delivery.source.past_days
            event = _recorded(row, draft, owner.user_id, slug, recorded_at=now, waited=False, past_days=past_days)
            self._tx.emit(event, cause=_cause(delivery_id, delivery.source.id))
        outcome, detail = _outcome(delivery, said=len(said), waits=waits, doubles=doubles)
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
                activities=json_text(said),
            )
        )
        return Taken(delivery_id=delivery_id, outcome=outcome, duplicate=outcome == "duplicate", activities=len(said))

    def _wait(self, delivery: Delivery, delivery_id: UUID, activity_id: UUID, draft: github.Draft) -> None:
        self._waiting.append(
            repository.TakenWaiting(
                kind=delivery.source.accounts,
                account=draft.account.lower(),
                activity_id=activity_id,
                source_id=delivery.source.id,
                delivery_id=delivery_id,
                activity=json_text(draft),
                received_at=delivery.received_at,
                stable_id=draft.account_id,
            )
        )


def _person(kind: str, draft: github.Draft) -> tuple[str, str, str]:
    return kind, draft.account.lower(), draft.account_id


def _outcome(delivery: Delivery, *, said: int, waits: set[str], doubles: int) -> tuple[str, str]:
    if delivery.ignored == "ping":
        return "ping", "connected"
    waiting = repository.WAITS_FOR + ", ".join(sorted(waits)) if waits else ""
    doubled = f"{doubles} counted before" if doubles else ""
    if said:
        return "recorded", "; ".join(filter(None, (doubled, waiting)))[: repository.DETAIL_MAX]
    if waits:
        return "waiting", "; ".join(filter(None, (doubled, waiting)))[: repository.DETAIL_MAX]
    if doubles:
        return "duplicate", "the same act was counted before"
    return "ignored", delivery.ignored or "it tells of no act"


def _cause(delivery_id: UUID, source_id: UUID) -> Cause:
    return Cause(correlation_id=delivery_id, causation_id=delivery_id, actor=f"source:{source_id}")


def _recorded(
    row: Any,
    draft: github.Draft,
    user_id: UUID,
    slug: str,
    *,
    recorded_at: datetime,
    waited: bool,
    past_days: int = rules.PAST_DAYS,
) -> ActivityRecorded:
    return ActivityRecorded(
        activity_id=row["activity_id"],
        user_id=user_id,
        source=slug,
        source_id=row["source_id"],
        kind=draft.kind,
        external_id=draft.key,
        occurred_at=rules.clamped(draft.occurred_at, row["received_at"], past_days),
        recorded_at=recorded_at,
        delivery_id=row["delivery_id"],
        attributes=draft.attributes,
        waited=waited,
    )


async def credit(tx: Tx, rows: list[tuple[Record, UUID]]) -> None:
    """Says acts that have waited for their accounts' links, each with whose it is, and corrects their deliveries."""
    said: dict[UUID, list[dict[str, str]]] = {}
    for row, user_id in rows:
        draft = msgspec.json.decode(row["activity"], type=github.Draft)
        event = _recorded(row, draft, user_id, row["slug"], recorded_at=tx.now, waited=True)
        tx.emit(event, cause=_cause(row["delivery_id"], row["source_id"]))
        activity = {"id": str(row["activity_id"]), "user_id": str(user_id), "kind": draft.kind}
        said.setdefault(row["delivery_id"], []).append(activity)
    if said:
        await repository.credited(tx, said)


def delivery_name(body: bytes) -> str:
    """An id for a delivery that brought none: what it says."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:18]).decode()
