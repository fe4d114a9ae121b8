"""Quests as they are authored, and their versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from questhall.kernel.database import Record, Tx
from questhall.services.quests.repository.text import packed
from questhall.services.quests.rules import Definition


async def save_quest(tx: Tx, quest_id: UUID, d: Definition) -> Record | None:
    """A new draft; None if the slug is taken."""
    return await tx.fetchrow(
        "INSERT INTO quests (id, slug, title, description, category, difficulty, kind, objectives, rewards, prerequisites, "
        "available_from, available_until, cooldown_s, daily_cap, definition, status, version, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'draft', 0, $16) "
        "ON CONFLICT DO NOTHING RETURNING *",
        quest_id,
        d.slug,
        *_columns(d),
        tx.now,
    )


def _columns(d: Definition) -> list[Any]:
    return [
        d.title,
        d.description,
        d.category,
        d.difficulty,
        d.kind,
        packed(d.objectives),
        packed(d.rewards),
        packed(d.prerequisites),
        d.available_from,
        d.available_until,
        d.cooldown_s,
        d.daily_cap,
        packed(d),
    ]


async def change_quest(tx: Tx, quest_id: UUID, edit: int, d: Definition) -> Record | None:
    """Changes the head if it is still the one read."""
    return await tx.fetchrow(
        "UPDATE quests SET title = $3, description = $4, category = $5, difficulty = $6, kind = $7, objectives = $8, "
        "rewards = $9, prerequisites = $10, available_from = $11, available_until = $12, cooldown_s = $13, daily_cap = $14, "
        "definition = $15, edit = edit + 1 WHERE id = $1 AND edit = $2 RETURNING *",
        quest_id,
        edit,
        *_columns(d),
    )


async def quest(tx: Tx, quest_id: UUID, *, lock: bool = False) -> Record | None:
    """A quest's head."""
    return await tx.fetchrow(f"SELECT * FROM quests WHERE id = $1{' FOR UPDATE' if lock else ''}", quest_id)


async def quest_by_slug(tx: Tx, slug: str) -> Record | None:
    """A quest's head by slug."""
    return await tx.fetchrow("SELECT * FROM quests WHERE slug = $1", slug)


async def quests(tx: Tx) -> list[Record]:
    """All heads."""
    return await tx.fetch("SELECT * FROM quests ORDER BY id")


async def add_version(tx: Tx, quest_id: UUID, version: int, definition: str) -> None:
    """A version that can be played."""
    await tx.execute(
        "INSERT INTO quest_versions (quest_id, version, definition, published_at) VALUES ($1, $2, $3, $4)",
        quest_id,
        version,
        definition,
        tx.now,
    )


async def set_status(tx: Tx, quest_id: UUID, status: str, version: int) -> Record | None:
    """A new status and version of the head."""
    return await tx.fetchrow(
        "UPDATE quests SET status = $2, version = $3, edit = edit + 1 WHERE id = $1 RETURNING *",
        quest_id,
        status,
        version,
    )


async def played(tx: Tx) -> list[Record]:
    """Versions that are played: the newest of each published quest, and those with runs under way.

    The one before the newest is always among them: another replica may begin a run under it until it hears of the newest.
    """
    return await tx.fetch(
        "SELECT v.quest_id, v.version, v.definition, q.status = 'published' AND v.version = q.version AS newest "
        "FROM quest_versions v JOIN quests q ON q.id = v.quest_id WHERE v.version >= q.version - 1 OR EXISTS ("
        "SELECT FROM user_quests r WHERE r.quest_id = v.quest_id AND r.version = v.version "
        "AND r.state IN ('accepted', 'in_progress')) ORDER BY q.created_at, q.id, v.version"
    )


async def newest(tx: Tx) -> list[Record]:
    """The newest version of each published quest. They hold still until the transaction ends: no other is published."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('quests.publish'))")
    return await tx.fetch(
        "SELECT v.quest_id, v.definition FROM quest_versions v "
        "JOIN quests q ON q.id = v.quest_id AND v.version = q.version WHERE q.status = 'published'"
    )


async def versions(tx: Tx, wanted: list[tuple[UUID, int]]) -> list[Record]:
    """Versions that runs still play."""
    return await tx.fetch(
        "SELECT v.quest_id, v.version, v.definition FROM quest_versions v "
        "JOIN unnest($1::uuid[], $2::int[]) AS w(quest_id, version) USING (quest_id, version)",
        [quest_id for quest_id, _ in wanted],
        [version for _, version in wanted],
    )
