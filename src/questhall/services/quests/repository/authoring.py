"""Quests as they are authored, and their versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from questhall.kernel.database import Record, Tx, json_text
from questhall.kernel.versions import Heads
from questhall.services.quests.rules import Definition

HEADS = Heads("quests", "quest_versions", "quest_id")


def columns(d: Definition) -> dict[str, Any]:
    """What a head holds."""
    return {
        "slug": d.slug,
        "title": d.title,
        "description": d.description,
        "category": d.category,
        "difficulty": d.difficulty,
        "kind": d.kind,
        "objectives": json_text(d.objectives),
        "rewards": json_text(d.rewards),
        "prerequisites": json_text(d.prerequisites),
        "available_from": d.available_from,
        "available_until": d.available_until,
        "cooldown_s": d.cooldown_s,
        "daily_cap": d.daily_cap,
        "definition": json_text(d),
    }


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
    return await HEADS.newest(tx)


async def lock_authoring(tx: Tx) -> None:
    """Nothing of a quest is saved or published by others until the transaction ends; heads first, as ``publish`` does."""
    await tx.execute("SELECT FROM quests ORDER BY id FOR UPDATE")
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('quests.publish'))")


async def versions(tx: Tx, wanted: list[tuple[UUID, int]]) -> list[Record]:
    """Versions that runs still play."""
    return await tx.fetch(
        "SELECT v.quest_id, v.version, v.definition FROM quest_versions v "
        "JOIN unnest($1::uuid[], $2::int[]) AS w(quest_id, version) USING (quest_id, version)",
        [quest_id for quest_id, _ in wanted],
        [version for _, version in wanted],
    )
