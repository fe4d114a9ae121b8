"""Badges and their versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from questhall.kernel.database import Record, Tx, json_text
from questhall.kernel.versions import Heads
from questhall.services.achievements.rules import Definition, icon_url

HEADS = Heads("achievements", "achievement_versions", "achievement_id")


def columns(d: Definition) -> dict[str, Any]:
    """What a head holds."""
    return {
        "slug": d.slug,
        "name": d.name,
        "description": d.description,
        "icon_url": icon_url(d),
        "category": d.category,
        "requirements": json_text(d.requirements),
        "xp_reward": d.xp_reward,
        "rarity": d.rarity,
        "secret": d.secret,
        "tiers": json_text(d.tiers),
        "series": d.series,
        "prerequisites": json_text(d.prerequisites),
        "definition": json_text(d),
    }


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


async def lock_publishing(tx: Tx) -> None:
    """Publications happen one after the other."""
    await tx.execute("LOCK TABLE achievements IN SHARE ROW EXCLUSIVE MODE")


async def versions(tx: Tx, achievement_ids: list[UUID]) -> list[Record]:
    """Every version of these badges."""
    return await tx.fetch(
        "SELECT achievement_id, version, definition FROM achievement_versions WHERE achievement_id = ANY($1::uuid[])",
        achievement_ids,
    )
