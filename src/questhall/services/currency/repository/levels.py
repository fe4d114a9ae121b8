"""Levels: reached, taken away by an undo, and reached again."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import msgspec

from questhall.kernel.contract import Cause
from questhall.kernel.database import Record, Tx


class Mark(msgspec.Struct, frozen=True):
    """A level that a transaction brought a player to, and the event that says so."""

    user_id: UUID
    level: int
    xp: int
    transaction_id: UUID
    cause: Cause
    event_id: UUID


class Marked(NamedTuple):
    """A level that was noted: whether for the first time, and the events that said it before."""

    first: bool
    earlier: list[UUID]


async def mark_levels(tx: Tx, marks: list[Mark]) -> dict[tuple[UUID, int], Marked]:
    """Notes levels, each once: of one that is reached again, by what it is there now."""
    rows = await tx.fetch(
        "INSERT INTO level_marks AS m (user_id, level, xp, transaction_id, causation_id, said, reached_at) "
        "SELECT user_id, level, xp, transaction_id, causation_id, ARRAY[event_id], $7::timestamptz "
        "FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[]) "
        "AS w(user_id, level, xp, transaction_id, causation_id, event_id) "
        "ON CONFLICT (user_id, level) DO UPDATE SET xp = EXCLUDED.xp, transaction_id = EXCLUDED.transaction_id, "
        "causation_id = EXCLUDED.causation_id, reached_at = EXCLUDED.reached_at, said = m.said || EXCLUDED.said "
        "RETURNING user_id, level, xmax = 0 AS first, said",
        [m.user_id for m in marks],
        [m.level for m in marks],
        [m.xp for m in marks],
        [m.transaction_id for m in marks],
        [m.cause.causation_id for m in marks],
        [m.event_id for m in marks],
        tx.now,
    )
    return {(row["user_id"], row["level"]): Marked(row["first"], row["said"][:-1]) for row in rows}


async def fell(tx: Tx, user_id: UUID, levels: list[int], by: UUID) -> None:
    """An undo took a player below these levels."""
    await tx.execute(
        "UPDATE level_marks SET fell_by = $3 WHERE user_id = $1 AND level = ANY($2::int[]) AND fell_by IS NULL",
        user_id,
        levels,
        by,
    )


async def fallen(tx: Tx, levels: list[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Those of these levels that an undo has taken away."""
    rows = await tx.fetch(
        "SELECT user_id, level FROM level_marks JOIN unnest($1::uuid[], $2::int[]) AS w(user_id, level) "
        "USING (user_id, level) WHERE fell_by IS NOT NULL",
        [user_id for user_id, _ in levels],
        [level for _, level in levels],
    )
    return {(row[0], row[1]) for row in rows}


async def level_mark(tx: Tx, user_id: UUID, level: int) -> Record | None:
    """When and why a player reached a level, the last time."""
    return await tx.fetchrow("SELECT * FROM level_marks WHERE user_id = $1 AND level = $2", user_id, level)


async def level_rewards(tx: Tx) -> dict[int, str]:
    """What each level pays, as JSON."""
    return {row[0]: row[1] for row in await tx.fetch("SELECT level, reward FROM level_rewards")}
