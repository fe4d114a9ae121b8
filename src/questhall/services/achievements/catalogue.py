"""What every player sees of the badges: kept in the cache, told anew by a job each minute and whenever something is authored."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from questhall.kernel.service import Site
from questhall.services.achievements import repository, rules

KEPT_S = 90.0
"""How long it is shown at most when the job does not come."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A badge as its newest version has it."""

    id: UUID
    status: str
    version: int
    edit: int
    holders: int
    definition: rules.Definition


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """All badges that were ever published, oldest first, and how many players there are."""

    heads: list[Head]
    players: int

    def percent(self, holders: int) -> float:
        """How many in a hundred players have a badge that so many hold."""
        return round(min(100.0, 100 * holders / max(1, self.players)), 1)


class Catalogue:
    """Reads from Redis; from the database when it is not there, and from memory for a while when Redis is away."""

    def __init__(self, at: Site) -> None:
        self._at = at
        self._key = at.cache.key("achievements", "catalogue")
        self._own: Shown | None = None
        self._own_until = at.clock.now()

    async def read(self) -> Shown:
        """What is shown now."""
        raw = await self._at.cache.get(self._key)
        if raw is not None:
            return msgspec.json.decode(raw, type=Shown)
        if self._at.cache.away and self._own is not None and self._at.clock.now() < self._own_until:
            return self._own
        shown = await self._load()
        # Whoever authored meanwhile has written what is newer than this.
        milliseconds = int(KEPT_S * 1000)
        await self._at.cache.command("SET", self._key, msgspec.json.encode(shown), "NX", "PX", milliseconds)
        return shown

    async def renew(self) -> None:
        """Tells it anew; after a change, and each minute."""
        shown = await self._load()
        await self._at.cache.set(self._key, msgspec.json.encode(shown), ttl_s=KEPT_S)

    async def _load(self) -> Shown:
        async with self._at.db.read() as tx:
            rows, players = await repository.shown(tx), await repository.count_players(tx)
        heads = [
            Head(
                id=row["id"],
                status=row["status"],
                version=row["version"],
                edit=row["edit"],
                holders=row["holders"],
                definition=msgspec.json.decode(row["definition"], type=rules.Definition),
            )
            for row in rows
        ]
        self._own, self._own_until = (
            Shown(heads=heads, players=players),
            self._at.clock.now() + timedelta(seconds=KEPT_S),
        )
        return self._own
