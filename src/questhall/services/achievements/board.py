"""The rare board: kept in the cache, told anew by a job each minute."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from questhall.contracts.identity import Identity, Look, UserBrief
from questhall.kernel.database import Record
from questhall.kernel.service import Site
from questhall.services.achievements import repository, rules

PLACES = 100
READ_AT_ONCE = 200
READ_MAX = 2_000
"""So far down it is looked for players who may be shown."""
KEPT_S = 90.0


class BoardLine(msgspec.Struct, frozen=True, kw_only=True):
    """A player's place: ``points`` are 1, 5, 25 and 125 for each badge by its rarity."""

    rank: int
    user_id: UUID
    username: str
    display_name: str
    look: Look | None = None
    points: int
    common: int
    rare: int
    epic: int
    legendary: int
    since: datetime
    """When the newest of these badges came; of equal points, the earlier is before."""


class Board:
    """Who has the rarest badges. Players who are private or suspended stand nowhere on it."""

    def __init__(self, at: Site) -> None:
        self._at = at
        self._identity = at.stub(Identity)
        self._key = at.cache.key("achievements", "board")

    async def read(self) -> list[BoardLine]:
        """The board as it was told last."""
        raw = await self._at.cache.get(self._key)
        return await self.renew() if raw is None else msgspec.json.decode(raw, type=list[BoardLine])

    async def renew(self) -> list[BoardLine]:
        """Tells it anew from the table."""
        lines: list[BoardLine] = []
        for skip in range(0, READ_MAX, READ_AT_ONCE):
            async with self._at.db.read() as tx:
                rows = await repository.board(tx, skip, READ_AT_ONCE)
            briefs = {brief.user_id: brief for brief in await self._identity.users([row["user_id"] for row in rows])}
            for row in rows:
                brief = briefs.get(row["user_id"])
                if brief is not None and not brief.private and brief.status == "active":
                    lines.append(_line(row, len(lines) + 1, brief))
            if len(lines) >= PLACES or len(rows) < READ_AT_ONCE:
                break
        lines = lines[:PLACES]
        await self._at.cache.set(self._key, msgspec.json.encode(lines), ttl_s=KEPT_S)
        return lines

    async def place_of(self, user_id: UUID, board: list[BoardLine]) -> BoardLine | None:
        """A player's own place on it or, counted over everybody, below; None for who holds nothing, or is private."""
        own = next((line for line in board if line.user_id == user_id), None)
        if own is not None:
            return own
        async with self._at.db.read() as tx:
            row = await repository.board_place(tx, user_id)
        briefs = [] if row is None else await self._identity.users([user_id])
        if row is None or not briefs or briefs[0].private:
            return None
        return _line(row, row["rank"], briefs[0])


def _line(row: Record, rank: int, brief: UserBrief) -> BoardLine:
    counts = {name: row[name] for name in (*rules.WEIGHTS, "user_id", "points", "since")}
    who = {name: getattr(brief, name) for name in ("username", "display_name", "look")}
    return BoardLine(rank=rank, **who, **counts)
