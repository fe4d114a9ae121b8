"""Levels: reached once each, and taken away by an undo."""

from __future__ import annotations

from uuid import UUID

import msgspec

from questhall.kernel.contract import Cause
from questhall.kernel.database import Record, Tx


class Mark(msgspec.Struct, frozen=True):
    """A level that a transaction brought a player to."""

    user_id: UUID
    level: int
    xp: int
    transaction_id: UUID
    cause: Cause


async def mark_levels(tx: Tx, marks: list[Mark]) -> set[tuple[UUID, int]]:
    """Notes levels; answers those that are reached for the first time."""
    rows = await tx.fetch(
        "INSERT INTO level_marks (user_id, level, xp, transaction_id, causation_id, reached_at) "
        "SELECT *, $6::timestamptz FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::uuid[], $5::uuid[]) "
        "ON CONFLICT DO NOTHING RETURNING user_id, level",
        [m.user_id for m in marks],
        [m.level for m in marks],
        [m.xp for m in marks],
        [m.transaction_id for m in marks],
        [m.cause.causation_id for m in marks],
        tx.now,
    )
    return {(row[0], row[1]) for row in rows}


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
    """When and why a player reached a level."""
    return await tx.fetchrow("SELECT * FROM level_marks WHERE user_id = $1 AND level = $2", user_id, level)


async def level_rewards(tx: Tx) -> dict[int, str]:
    """What each level pays, as JSON."""
    return {row[0]: row[1] for row in await tx.fetch("SELECT level, reward FROM level_rewards")}
