"""Content that is applied: files become heads and versions as authoring makes them, all of a service's or none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any, ClassVar, Generic
from uuid import UUID

import msgspec

from questhall.kernel.content import Change, ContentContract, D, Entry, Fault, Plan, changes_of, entries_of, written
from questhall.kernel.contract import Event, Refusal
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.kernel.service import Site
from questhall.kernel.versions import Heads

__all__ = ["Check", "ContentCalls", "Contents", "Outcome"]


class Outcome(msgspec.Struct, Generic[D], frozen=True, kw_only=True):
    """What there would be when everything is applied."""

    changed: list[Entry[D]]
    """Definitions of the files that are new or other than they were."""
    published: dict[str, tuple[UUID, D]]
    """Everything that would be published, by slug."""
    known: frozenset[str]
    """Every slug that there would be."""


Check = Callable[[Outcome[D]], list[Fault]]


class Held(msgspec.Struct, Generic[D], frozen=True):
    """What is there under a slug: its head, and the same as a file has it."""

    row: Record
    entry: Entry[D]


class Contents(msgspec.Struct, Generic[D], frozen=True, kw_only=True):
    """What one service authors, as files."""

    heads: Heads
    kind: type[D]
    columns: Callable[[D], Mapping[str, Any]]
    """What a head holds."""
    waits_for: Callable[[D], Iterable[str]]
    """Slugs that come before it."""
    published: Callable[[UUID, D, int], Event]
    """What is said of a new version."""
    archived: Callable[[UUID, D], Event] | None = None
    taken: type[Refusal]
    """Another made the same slug meanwhile."""
    lock: Callable[[Tx], Awaitable[None]]
    """Holds everything that is authored still until the transaction ends."""

    async def read(self, tx: Tx) -> list[dict[str, Any]]:
        """What is there, as files have it, by slug."""
        return [written(held.entry) for _, held in sorted((await self._held(tx)).items())]

    async def plan(self, tx: Tx, raw: Iterable[Mapping[str, Any]], check: Check[D]) -> Plan:
        """What applying would do."""
        plan, _ = self._planned(await self._held(tx), raw, check)
        return plan

    async def apply(self, tx: Tx, raw: Iterable[Mapping[str, Any]], check: Check[D]) -> Plan:
        """Does it, unless there are faults. What is the same already is not touched, what is not named stays.

        Refuses ``taken``.
        """
        await self.lock(tx)
        here = await self._held(tx)
        plan, entries = self._planned(here, raw, check)
        await self._bring(tx, here, plan, entries)
        return plan

    async def install(self, tx: Tx, raw: Iterable[Mapping[str, Any]], check: Check[D]) -> Plan:
        """Makes what is not there yet by its slug. What does not fit here is left out: it may wait for what was archived."""
        await self.lock(tx)
        here = await self._held(tx)
        missing = [one for one in raw if one["slug"] not in here]
        plan, entries = self._planned(here, missing, check)
        while plan.faults:
            faulty = {fault.slug for fault in plan.faults}
            missing = [one for one in missing if one["slug"] not in faulty]
            plan, entries = self._planned(here, missing, check)
        await self._bring(tx, here, plan, entries)
        return plan

    async def _held(self, tx: Tx) -> dict[str, Held[D]]:
        found = {}
        for row in await self.heads.every_with_version(tx):
            head = self._read(row["definition"])
            newest = head if row["newest"] is None else self._read(row["newest"])
            draft = None if head == newest else head
            found[row["slug"]] = Held(row, Entry(definition=newest, status=row["status"], draft=draft))
        return found

    def _read(self, text: str) -> D:
        return msgspec.json.decode(text, type=self.kind)

    def _planned(
        self, here: Mapping[str, Held[D]], raw: Iterable[Mapping[str, Any]], check: Check[D]
    ) -> tuple[Plan, list[Entry[D]]]:
        entries, faults = entries_of(raw, self.kind)
        changes = changes_of(entries, {slug: held.entry for slug, held in here.items()})
        faults += [
            Fault(
                slug=entry.slug,
                pointer="#/status",
                detail="it was published, and is no draft again; archived it can be",
            )
            for entry in entries
            if entry.status == "draft" and entry.slug in here and here[entry.slug].entry.status != "draft"
        ]
        if not faults:
            faults = check(_outcome(here, entries, changes))
        return Plan(changes=[] if faults else changes, faults=faults), entries

    async def _bring(self, tx: Tx, here: Mapping[str, Held[D]], plan: Plan, entries: list[Entry[D]]) -> None:
        moving = {change.slug for change in plan.changes if change.does in ("create", "change")}
        for entry in self._in_order([entry for entry in entries if entry.slug in moving]):
            await self._bring_one(tx, here.get(entry.slug), entry)

    def _in_order(self, entries: list[Entry[D]]) -> list[Entry[D]]:
        """What others wait for first. Drafts may wait for each other: nothing of them is played."""
        by_slug = {entry.slug: entry for entry in entries}
        waits = {
            slug: [other for other in self.waits_for(entry.definition) if other in by_slug]
            for slug, entry in by_slug.items()
            if entry.status == "published"
        }
        order = TopologicalSorter(waits).static_order()  # what was checked has no cycle
        return [by_slug[slug] for slug in {**dict.fromkeys(order), **by_slug}]

    async def _bring_one(self, tx: Tx, held: Held[D] | None, entry: Entry[D]) -> None:
        before, d = (None, entry.definition) if held is None else (held.entry, entry.definition)
        row = await self.heads.add(tx, self.columns(d)) if held is None else held.row
        if row is None:
            raise self.taken(f"somebody made {entry.slug} meanwhile: plan again")
        if entry.status != "draft" and _is_published(before, entry):
            row = await self._head(tx, row, d)
            row = await self.heads.publish(tx, row)
            tx.emit(self.published(row["id"], d, row["version"]))
        if entry.status == "archived" and row["status"] != "archived":
            row = await self.heads.archive(tx, row)
            if self.archived is not None:
                tx.emit(self.archived(row["id"], d))
        await self._head(tx, row, entry.draft or d)

    async def _head(self, tx: Tx, row: Record, d: D) -> Record:
        if self._read(row["definition"]) == d:
            return row
        return await self.heads.change(tx, row["id"], row["edit"], self.columns(d))


def _is_published(before: Entry[D] | None, entry: Entry[D]) -> bool:
    """Whether it becomes a version: what players have is another, or none."""
    if before is None or before.status == "draft" or before.definition != entry.definition:
        return True
    return before.status == "archived" and entry.status == "published"


def _outcome(here: Mapping[str, Held[D]], entries: list[Entry[D]], changes: list[Change]) -> Outcome[D]:
    moving = {change.slug for change in changes if change.does in ("create", "change")}
    after = {slug: held.entry for slug, held in here.items()} | {entry.slug: entry for entry in entries}
    return Outcome(
        changed=[entry for entry in entries if entry.slug in moving],
        published={
            slug: (here[slug].row["id"] if slug in here else new_id(), entry.definition)
            for slug, entry in after.items()
            if entry.status == "published"
        },
        known=frozenset(after),
    )


class ContentCalls(ContentContract):
    """Implements the content calls; a service says what it authors, what may be wrong with it, and when it holds."""

    at: Site
    contents: ClassVar[Contents[Any]]

    async def _check(self) -> Check[Any]:
        """What finds the faults of an outcome. Asked before the transaction: it may need other services."""
        raise NotImplementedError

    async def _authored(self) -> None:
        """What was published or archived holds, and is shown, from now on."""
        raise NotImplementedError

    async def content(self) -> list[dict[str, Any]]:
        """See the contract."""
        async with self.at.db.read() as tx:
            return await self.contents.read(tx)

    async def plan(self, definitions: list[dict[str, Any]]) -> Plan:
        """See the contract."""
        check = await self._check()
        async with self.at.db.read() as tx:
            return await self.contents.plan(tx, definitions, check)

    async def apply(self, definitions: list[dict[str, Any]]) -> Plan:
        """See the contract."""
        check = await self._check()
        async with self.at.db.tx() as tx:
            plan = await self.contents.apply(tx, definitions, check)
        await self._authored()
        return plan

    async def install(self, definitions: list[dict[str, Any]]) -> int:
        """See the contract."""
        check = await self._check()
        async with self.at.db.tx() as tx:
            plan = await self.contents.install(tx, definitions, check)
        await self._authored()
        return sum(change.does == "create" for change in plan.changes)
