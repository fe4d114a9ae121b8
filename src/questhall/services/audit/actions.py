"""What audit can do."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts import every_contract
from questhall.contracts.audit import Audit, Broken, JobNotFound, LogPart, LogPlace
from questhall.kernel.access import Caller
from questhall.kernel.contract import ArchivePart, Contract, Envelope, Forgotten, JobState
from questhall.kernel.database import Record, Tx
from questhall.kernel.encryption import Sealer
from questhall.kernel.forgetting import forget_traces
from questhall.kernel.rpc import ServiceAbsent
from questhall.kernel.sealing import GENESIS, Seal, block_hash, differences, digest_of
from questhall.kernel.service import Site
from questhall.kernel.tables import Locked, changing_tables
from questhall.services.audit import repository, rules, words
from questhall.services.audit.chains import CatchingUp, Chain, Chains
from questhall.services.audit.people import People

BLOCK_MAX = 1000
BROKEN_MAX = 100
ARCHIVED_AT_ONCE = 500


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a line of history leads to: a quest, or something that ``/why`` explains."""

    kind: str
    id: str


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a player's history."""

    id: UUID
    time: datetime
    kind: str
    icon: str
    text: str
    detail: str
    link: Target | None


class AuditActions(Audit):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self._people = People(Sealer(at.settings.keys))
        self._chains = Chains(at, self._people)

    async def start(self) -> None:
        """The partitions for now exist before the first event comes."""
        every_contract()  # every type is known here: what of it is personal
        await self.roll()

    async def append(self, tx: Tx, events: list[Envelope[Any]]) -> None:
        """Writes events down, once each; what is personal in them is sealed."""
        await repository.lock(tx)
        unique = list({event.id: event for event in events}.values())
        await repository.append(tx, unique, await self._people.seal(tx, unique))

    async def opened(self, tx: Tx, rows: list[Record]) -> list[dict[str, Any]]:
        """Rows of the log as they may be shown to whom they concern, and to who may see all."""
        return await self._people.open(tx, rows)

    async def roll(self) -> None:
        """Makes this month's and the next month's partitions."""
        month = self.at.db.real_now().date().replace(day=1)
        try:
            async with changing_tables(self.at.db) as tx:
                await repository.roll(tx, month)
                await repository.roll(tx, (month + timedelta(days=32)).replace(day=1))
        except Locked:
            self.at.log.info("event_log_rolled_later")  # a month early, or the default partition takes what has none

    async def position(self) -> int:
        """See the contract."""
        async with self.at.db.read() as tx:
            return await repository.position(tx)

    async def read_log(self, types: list[str], until: int, after: LogPlace | None, limit: int) -> LogPart:
        """See the contract."""
        subject, position = (after.subject, after.position) if after is not None else ("", 0)
        async with self.at.db.read() as tx:
            found = await repository.read_log(tx, types, until, subject, position, limit)
            rows = await self._people.open(tx, found)
        place = LogPlace(subject=rows[-1]["subject"], position=rows[-1]["position"]) if len(rows) == limit else None
        return LogPart(events=[_envelope(row) for row in rows], next=place)

    async def count_log(self, types: list[str], until: int) -> int:
        """See the contract."""
        async with self.at.db.read() as tx:
            return await repository.count_log(tx, types, until)

    async def unlogged(self, event_ids: list[UUID]) -> list[UUID]:
        """See the contract."""
        async with self.at.db.read() as tx:
            return await repository.unlogged(tx, event_ids)

    async def background_job(self, job_id: UUID, caller: Caller) -> JobState:
        """How far a background job of any service is. Refuses ``job_not_found``, also for what is somebody else's."""
        states = await asyncio.gather(*(self._job_of(contract, job_id) for contract in every_contract()))
        state = next((state for state in states if state is not None), None)
        if state is None:
            raise JobNotFound
        allowed = state.permission is not None and caller.may(state.permission)
        if state.owner != caller.user and not allowed and not caller.may("jobs:read"):
            raise JobNotFound
        return state

    async def _job_of(self, contract: type[Contract], job_id: UUID) -> JobState | None:
        try:
            return await self.at.stub(contract).job(job_id)
        except ServiceAbsent:
            return None

    async def history(self, user_id: UUID, after: int | None, limit: int) -> list[tuple[int, HistoryLine]]:
        """A player's own history, newest first, each line with its position."""
        async with self.at.db.read() as tx:
            rows = await self._people.open(tx, await repository.history(tx, user_id, list(words.WRITERS), after, limit))
        return [(row["position"], _history_line(row)) for row in rows]

    async def behind(self, seen: UUID) -> CatchingUp | None:
        """Where the log stands if it has yet to take this event over."""
        if not rules.is_behind(seen, self.at.db.real_now()):
            return None
        async with self.at.db.read() as tx:
            if await repository.event(tx, seen) is not None:
                return None
            return CatchingUp(position=await repository.position(tx))

    async def why(self, kind: str, effect_id: str, asker: UUID, *, sees_all: bool) -> Chain | CatchingUp:
        """The chain of causes of an effect. Refuses ``not_found``, also for what is somebody else's."""
        return await self._chains.why(kind, effect_id, asker, sees_all=sees_all)

    async def archive_of(self, user_id: UUID, after: str | None) -> ArchivePart:
        """See the contract: ``events``, all that the log has about the player."""
        async with self.at.db.read() as tx:
            found = await repository.told(tx, user_id, int(after or 0), ARCHIVED_AT_ONCE)
            rows = await self._people.open(tx, found)
        more = str(rows[-1]["position"]) if len(rows) == ARCHIVED_AT_ONCE else None
        return ArchivePart(section="events", items=[_archived(row, user_id) for row in rows], next=more)

    async def forget(self, user_id: UUID, names: list[str], after: str | None) -> Forgotten:
        """See the contract: what is personal in the log can't be read any more."""
        async with self.at.db.tx() as tx:
            await self._people.erase(tx, user_id)
            return Forgotten(pending=await forget_traces(tx, user_id, names))

    # The chain of hashes

    async def seal(self) -> int:
        """Seals what is new, partition by partition; answers how many blocks."""
        async with self.at.db.read() as tx:
            names = await repository.partitions(tx)
        made = 0
        for name in names:
            while rows := await self._seal_block(name):
                made += 1
                if rows < BLOCK_MAX:
                    break
        return made

    async def _seal_block(self, partition: str) -> int:
        """How many rows the new block has."""
        async with self.at.db.tx() as tx:
            before = await repository.last_seal(tx, partition)
            number, after, previous = (before["number"], before["last"], before["hash"]) if before else (0, 0, GENESIS)
            rows = [tuple(row) for row in await repository.block(tx, partition, after, BLOCK_MAX)]
            if not rows:
                return 0
            positions = [row[0] for row in rows]
            hash_ = block_hash(previous, rows)
            block = Seal(first=positions[0], last=positions[-1], count=len(rows), previous=previous, hash=hash_)
            digests = b"".join(map(digest_of, rows))
            await repository.add_seal(tx, partition, number + 1, block, positions=positions, digests=digests)
        # Another witness: whoever rewrites rows and seals does not reach a log that was shipped elsewhere.
        self.at.log.debug("event_log_sealed", partition=partition, number=number + 1, last=block.last, hash=hash_.hex())
        return len(rows)

    async def verify(self) -> list[Broken]:
        """See the contract."""
        broken: list[Broken] = []
        async with self.at.db.read() as tx:
            there = set(await repository.partitions(tx))
            for partition in await repository.sealed_partitions(tx):
                if partition not in there:
                    broken.append(Broken(partition=partition, position=0, detail="the partition is gone"))
                    continue
                broken += await self._verify_partition(tx, partition)
                if len(broken) >= BROKEN_MAX:
                    break
        return broken[:BROKEN_MAX]

    @staticmethod
    async def _verify_partition(tx: Tx, partition: str) -> list[Broken]:
        broken: list[Broken] = []
        previous, number = GENESIS, 1
        while (seal := await repository.seal(tx, partition, number)) is not None and len(broken) < BROKEN_MAX:
            rows = {
                row["position"]: tuple(row)
                for row in await repository.rows_between(tx, partition, seal["first"], seal["last"])
            }
            found = differences(seal["positions"], seal["digests"], rows)
            broken += [Broken(partition=partition, position=position, detail=detail) for position, detail in found]
            if seal["previous"] != previous:
                detail = f"block {number} does not follow the one before"
                broken.append(Broken(partition=partition, position=seal["first"], detail=detail))
            elif not found and block_hash(previous, rows.values()) != seal["hash"]:
                detail = f"the seal of block {number} was changed"
                broken.append(Broken(partition=partition, position=seal["first"], detail=detail))
            previous, number = seal["hash"], number + 1
        last = await repository.last_seal(tx, partition)
        if last is not None and last["number"] >= number and len(broken) < BROKEN_MAX:
            broken.append(Broken(partition=partition, position=0, detail=f"the seal of block {number} is gone"))
        return broken


def _history_line(row: dict[str, Any]) -> HistoryLine:
    line = words.line_of(row["type"], msgspec.json.decode(row["data"]))
    assert line is not None, "only types with a writer are asked for"
    link = None if line.link is None else Target(kind=line.link[0], id=line.link[1])
    return HistoryLine(
        id=row["id"], time=row["time"], kind=row["type"], icon=line.icon, text=line.text, detail=line.detail, link=link
    )


def _archived(row: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    kind, _, who = row["actor"].partition(":")  # others who acted are nobody's business, what they are is
    shown = {name: row[name] for name in ("id", "time", "type")}
    return {**shown, "actor": row["actor"] if who == str(user_id) else kind, "data": msgspec.Raw(row["data"].encode())}


def _envelope(row: dict[str, Any]) -> Envelope[Any]:
    return Envelope(
        id=row["id"],
        type=row["type"],
        source=row["source"],
        subject=row["subject"],
        time=row["time"],
        sequence=row["sequence"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        actor=row["actor"],
        depth=row["depth"],
        traceparent=row["traceparent"],
        raw=row["data"].encode(),
    )
