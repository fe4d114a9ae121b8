"""Changes by who has read the newest: rows that count their changes, heads and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from questhall.kernel.contract import Refusal
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id

__all__ = ["Heads", "Stale", "change_row"]


class Stale(Refusal):
    """The resource changed since it was read."""

    code: ClassVar[str] = "stale"
    status: ClassVar[int] = 412
    title: ClassVar[str] = "Somebody changed this meanwhile"


async def change_row(
    tx: Tx,
    table: str,
    key: tuple[str, Any],
    version: int | None,
    changes: Mapping[str, Any],
    *,
    counter: str = "version",
) -> Record:
    """Changes columns of a row that is there, and counts it; all names are ours. ``version`` None: whatever was read.

    Refuses ``stale``.
    """
    name, value = key
    sets = "".join(f"{column} = ${n}, " for n, column in enumerate(changes, 3))
    row = await tx.fetchrow(
        f"UPDATE {table} SET {sets}{counter} = {counter} + 1 "
        f"WHERE {name} = $1 AND ($2::int IS NULL OR {counter} = $2) RETURNING *",
        value,
        version,
        *changes.values(),
    )
    if row is None:
        raise Stale
    return row


class Heads(msgspec.Struct, frozen=True):
    """Tables of what is authored: a head, which authors change, and its versions, which hold once they are published.

    A head has ``id``, ``slug``, ``definition``, ``status``, ``version`` (its newest), ``edit`` (what ``If-Match`` names).
    """

    heads: str
    versions: str
    of: str
    """The column of a version that names its head."""

    async def add(self, tx: Tx, columns: Mapping[str, Any]) -> Record | None:
        """A new draft; None if the slug is taken."""
        values = {"id": new_id(), **columns, "status": "draft", "version": 0, "created_at": tx.now}
        places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
        return await tx.fetchrow(
            f"INSERT INTO {self.heads} ({', '.join(values)}) VALUES ({places}) ON CONFLICT DO NOTHING RETURNING *",
            *values.values(),
        )

    async def change(self, tx: Tx, head_id: UUID, edit: int, columns: Mapping[str, Any]) -> Record:
        """Changes a head. Refuses ``stale``."""
        return await change_row(tx, self.heads, ("id", head_id), edit, columns, counter="edit")

    async def head(self, tx: Tx, head_id: UUID, *, lock: bool = False) -> Record | None:
        """A head."""
        return await tx.fetchrow(f"SELECT * FROM {self.heads} WHERE id = $1{' FOR UPDATE' if lock else ''}", head_id)

    async def every(self, tx: Tx) -> list[Record]:
        """All heads, oldest first."""
        return await tx.fetch(f"SELECT * FROM {self.heads} ORDER BY id")

    async def every_with_version(self, tx: Tx) -> list[Record]:
        """All heads, oldest first, each with the definition of its newest version: ``newest``, null for a draft."""
        return await tx.fetch(
            f"SELECT h.*, v.definition AS newest FROM {self.heads} h "
            f"LEFT JOIN {self.versions} v ON v.{self.of} = h.id AND v.version = h.version ORDER BY h.id"
        )

    async def publish(self, tx: Tx, head: Record) -> Record:
        """A locked head as it is becomes the next version; answers the head."""
        version = head["version"] + 1
        await tx.execute(
            f"INSERT INTO {self.versions} ({self.of}, version, definition, published_at) VALUES ($1, $2, $3, $4)",
            head["id"],
            version,
            head["definition"],
            tx.now,
        )
        changes = {"status": "published", "version": version}
        return await change_row(tx, self.heads, ("id", head["id"]), None, changes, counter="edit")

    async def archive(self, tx: Tx, head: Record) -> Record:
        """A locked head is offered no longer; answers it."""
        return await change_row(tx, self.heads, ("id", head["id"]), None, {"status": "archived"}, counter="edit")

    async def newest(self, tx: Tx) -> list[Record]:
        """The newest version of whatever is published, by the column that names its head."""
        return await tx.fetch(
            f"SELECT v.{self.of}, v.version, v.definition FROM {self.versions} v "
            f"JOIN {self.heads} h ON h.id = v.{self.of} AND h.version = v.version WHERE h.status = 'published'"
        )
