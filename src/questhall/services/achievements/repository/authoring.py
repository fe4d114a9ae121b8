"""Badges and their versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx
from questhall.services.achievements.rules import Definition, icon_url


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _columns(d: Definition) -> list[Any]:
    return [
        d.name,
        d.description,
        icon_url(d),
        d.category,
        _json(d.requirements),
        d.xp_reward,
        d.rarity,
        d.secret,
        _json(d.tiers),
        d.series,
        _json(d.prerequisites),
        _json(d),
    ]


async def add(tx: Tx, achievement_id: UUID, d: Definition) -> Record | None:
    """A new draft; None if the slug is taken."""
    return await tx.fetchrow(
        "INSERT INTO achievements (id, slug, name, description, icon_url, category, requirements, xp_reward, rarity, secret, "
        "tiers, series, prerequisites, definition, status, version, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'draft', 0, $15) "
        "ON CONFLICT DO NOTHING RETURNING *",
        achievement_id,
        d.slug,
        *_columns(d),
        tx.now,
    )


async def change(tx: Tx, achievement_id: UUID, edit: int, d: Definition) -> Record | None:
    """Changes the head if it is still the one read."""
    return await tx.fetchrow(
        "UPDATE achievements SET name = $3, description = $4, icon_url = $5, category = $6, requirements = $7, xp_reward = $8, "
        "rarity = $9, secret = $10, tiers = $11, series = $12, prerequisites = $13, definition = $14, edit = edit + 1 "
        "WHERE id = $1 AND edit = $2 RETURNING *",
        achievement_id,
        edit,
        *_columns(d),
    )


async def achievement(tx: Tx, achievement_id: UUID, *, lock: bool = False) -> Record | None:
    """A badge's head."""
    return await tx.fetchrow(f"SELECT * FROM achievements WHERE id = $1{' FOR UPDATE' if lock else ''}", achievement_id)


async def achievements(tx: Tx) -> list[Record]:
    """All heads, oldest first."""
    return await tx.fetch("SELECT * FROM achievements ORDER BY id")


async def shown(tx: Tx) -> list[Record]:
    """What was ever published, oldest first: as the newest version has it, with how many hold it."""
    return await tx.fetch(
        "SELECT a.id, a.status, a.version, a.edit, v.definition, coalesce(h.count, 0) AS holders FROM achievements a "
        "JOIN achievement_versions v ON v.achievement_id = a.id AND v.version = a.version "
        "LEFT JOIN holders h ON h.achievement_id = a.id ORDER BY a.id"
    )


async def slugs(tx: Tx) -> dict[UUID, str]:
    """Every badge's slug."""
    return {row[0]: row[1] for row in await tx.fetch("SELECT id, slug FROM achievements")}


async def count_players(tx: Tx) -> int:
    """How many players there are."""
    return int(await tx.fetchval("SELECT count(*) FROM players"))


async def add_version(tx: Tx, achievement_id: UUID, version: int, definition: str) -> None:
    """A version that can be earned."""
    await tx.execute(
        "INSERT INTO achievement_versions (achievement_id, version, definition, published_at) VALUES ($1, $2, $3, $4)",
        achievement_id,
        version,
        definition,
        tx.now,
    )


async def set_status(tx: Tx, achievement_id: UUID, status: str, version: int) -> Record | None:
    """A new status and version of the head."""
    return await tx.fetchrow(
        "UPDATE achievements SET status = $2, version = $3, edit = edit + 1 WHERE id = $1 RETURNING *",
        achievement_id,
        status,
        version,
    )


async def lock_publishing(tx: Tx) -> None:
    """Publications happen one after the other."""
    await tx.execute("LOCK TABLE achievements IN SHARE ROW EXCLUSIVE MODE")


async def earnable(tx: Tx) -> list[Record]:
    """The newest version of each published badge."""
    return await tx.fetch(
        "SELECT v.achievement_id, v.version, v.definition FROM achievements a JOIN achievement_versions v "
        "ON v.achievement_id = a.id AND v.version = a.version WHERE a.status = 'published'"
    )


async def versions(tx: Tx, achievement_ids: list[UUID]) -> list[Record]:
    """Every version of these badges."""
    return await tx.fetch(
        "SELECT achievement_id, version, definition FROM achievement_versions WHERE achievement_id = ANY($1::uuid[])",
        achievement_ids,
    )
