"""Players: under whose rows everything of theirs moves."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from questhall.kernel.database import Record, Tx, json_text


async def lock_players(tx: Tx, user_ids: list[UUID]) -> dict[UUID, Record]:
    """The rows under which these players' quests move; made where they are missing."""
    ordered = sorted(set(user_ids))
    rows = await tx.fetch("SELECT * FROM players WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE", ordered)
    if len(rows) < len(ordered):
        await tx.execute("INSERT INTO players (user_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", ordered)
        rows = await tx.fetch(
            "SELECT * FROM players WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE", ordered
        )
    return {row["user_id"]: row for row in rows}


async def player(tx: Tx, user_id: UUID) -> Record | None:
    """A player's row."""
    return await tx.fetchrow("SELECT * FROM players WHERE user_id = $1", user_id)


async def set_zone(
    tx: Tx, user_id: UUID, zone: str, before: str | None, since: datetime | None, older: list[tuple[str, datetime]]
) -> None:
    """A player's zone from a moment on, the one before it, and older ones, each with its end."""
    await tx.execute(
        "INSERT INTO players (user_id, timezone, zone_before, zone_from, older_zones) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (user_id) DO UPDATE SET timezone = EXCLUDED.timezone, zone_before = EXCLUDED.zone_before, "
        "zone_from = EXCLUDED.zone_from, older_zones = EXCLUDED.older_zones",
        user_id,
        zone,
        before,
        since,
        json_text(older),
    )


async def set_level(tx: Tx, user_id: UUID, level: int) -> None:
    """A player's level."""
    await tx.execute(
        "INSERT INTO players (user_id, level) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET level = EXCLUDED.level",
        user_id,
        level,
    )
