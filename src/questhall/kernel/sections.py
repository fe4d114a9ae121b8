"""Archives: what a service keeps of a player, read part by part, so that a long history needs little memory."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from questhall.kernel.contract import ArchivePart
from questhall.kernel.database import Database

__all__ = ["ENTRIES_MAX", "Section", "archive_part"]

ENTRIES_MAX = 500
"""Entries of one part."""


class Section(msgspec.Struct, frozen=True):
    """A section of an archive, and the statement that reads it.

    It selects ``place`` and what is given; ``$1`` is the player, ``$2`` (text, or null) the place after which to go on, ``$3``
    how many at most; in order of ``place``.
    """

    name: str
    sql: str


async def archive_part(
    database: Database, sections: Sequence[Section], user_id: UUID, after: str | None
) -> ArchivePart:
    """The part of an archive that follows a place, None: the first."""
    number, _, place = (after or "0:").partition(":")
    section = sections[int(number)]
    async with database.read() as tx:
        rows = await tx.fetch(
            f"SELECT t.place::text AS place, to_jsonb(t) - 'place' AS item FROM ({section.sql}) AS t ORDER BY t.place",
            user_id,
            place or None,
            ENTRIES_MAX,
        )
    if len(rows) == ENTRIES_MAX:
        more: str | None = f"{number}:{rows[-1]['place']}"
    else:
        more = f"{int(number) + 1}:" if int(number) + 1 < len(sections) else None
    return ArchivePart(section=section.name, items=[msgspec.Raw(row["item"].encode()) for row in rows], next=more)
