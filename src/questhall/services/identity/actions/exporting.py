"""The archive of a player: gathered from every service in the background, kept for some days."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts import every_contract
from questhall.contracts.identity import Identity, NoArchive
from questhall.kernel.background import BackgroundJob, NotReady, enqueue, job_state
from questhall.kernel.contract import ArchivePart, Contract, JobState
from questhall.kernel.database import Record
from questhall.kernel.limits import Quota, RateLimited
from questhall.kernel.rpc import NotDeployed, ServiceAbsent
from questhall.kernel.sections import archive_part
from questhall.services.identity import repository
from questhall.services.identity.actions.part import Part

EXPORT = "export"
FORMAT = "questhall.archive/1"
KEPT = timedelta(days=7)
ASKED = Quota("archive", 6, 86400)
WAIT_MAX = timedelta(minutes=10)
"""A service that is away is waited for this long; then the archive says that its part is missing."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose archive."""

    user_id: UUID


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is."""

    service: int = 0
    place: str | None = None
    parts: int = 0
    entries: int = 0
    missing: list[str] = []


class Exporting(Part):
    """Archives."""

    async def ask_for_archive(self, user_id: UUID) -> JobState:
        """Begins to gather; while that is under way it is the same one. Refuses ``rate_limited``."""
        verdict = await self.at.limits.take([(ASKED, str(user_id))])
        if not verdict.admitted:
            raise RateLimited("an archive takes much work", retry_after=max(1, round(verdict.reset_s)))
        async with self.at.db.tx() as tx:
            return await enqueue(tx, EXPORT, Asked(user_id=user_id), owner=user_id, about=str(user_id))

    async def gather(self, job: BackgroundJob) -> None:
        """Does an export: a part of a service is one step."""
        user_id, contracts = job.arguments(Asked).user_id, every_contract()
        while True:
            at = job.state(Gathered) or Gathered()
            if at.service == len(contracts):
                break
            name = contracts[at.service].name
            part = await self._part(job, contracts[at.service], user_id, at.place)
            async with job.step() as tx:
                items = [] if part is None else part.items
                if items and part is not None:
                    text = msgspec.json.encode(items)[1:-1].decode()
                    await repository.add_part(tx, user_id, job.id, at.parts, name, part.section, text)
                more = None if part is None else part.next
                job.go_on_from(
                    Gathered(
                        service=at.service + (more is None),
                        place=more,
                        parts=at.parts + bool(items),
                        entries=at.entries + len(items),
                        missing=at.missing if part is not None else [*at.missing, name],
                    )
                )
                job.done, job.total = at.service + (more is None), len(contracts)
        async with job.step() as tx:
            await repository.set_archive(tx, user_id, job.id, at.missing)
            job.finish({"entries": at.entries, "missing": at.missing})

    async def _part(
        self, job: BackgroundJob, contract: type[Contract], user_id: UUID, place: str | None
    ) -> ArchivePart | None:
        """None when the service stays away."""
        try:
            service: Contract = self if contract is Identity else self.at.stub(contract)  # type: ignore[assignment]
            return await service.archive_of(user_id, place)
        except NotDeployed:
            return ArchivePart()
        except ServiceAbsent:
            if job.age < WAIT_MAX:
                raise NotReady from None
            return None

    async def archive_of(self, user_id: UUID, after: str | None) -> ArchivePart:
        """See the contract: ``profile``, ``sessions``, ``tokens``, ``devices``, ``mails``, ``invites``."""
        return await archive_part(self.at.db, repository.SECTIONS, user_id, after)

    async def job(self, job_id: UUID) -> JobState | None:
        """See the contract."""
        return await job_state(self.at.db, job_id)

    # Fetching it

    async def archive(self, user_id: UUID) -> Record:
        """The archive that a player may fetch now. Refuses ``no_archive``."""
        async with self.at.db.read() as tx:
            row = await repository.archive(tx, user_id, tx.now - KEPT)
        if row is None:
            raise NoArchive("ask for one first")
        return row

    async def archive_text(self, row: Record) -> AsyncIterator[bytes]:
        """An archive as JSON, piece by piece."""
        head: dict[str, Any] = {name: row[name] for name in ("user_id", "made_at", "missing")}
        yield msgspec.json.encode({"format": FORMAT, **head})[:-1] + b',"services":{'
        number, before = -1, ("", "")
        while True:
            async with self.at.db.read() as tx:
                parts = await repository.parts(tx, row["user_id"], row["job_id"], number)
            for part in parts:
                place = (part["service"], part["section"])
                yield _between(before, place) + part["items"].encode()
                number, before = part["number"], place
            if not parts:
                break
        yield b"]}}}" if before[0] else b"}}"


def _between(before: tuple[str, str], place: tuple[str, str]) -> bytes:
    """What stands between two parts of an archive."""
    if before == place:
        return b","
    section = msgspec.json.encode(place[1]) + b":["
    if before[0] == place[0]:
        return b"]," + section
    return (b"]}," if before[0] else b"") + msgspec.json.encode(place[0]) + b":{" + section
