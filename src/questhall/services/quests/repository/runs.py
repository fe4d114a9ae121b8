"""Runs, and what becomes of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx, json_text
from questhall.services.quests.rules import Counted, Run


def run_of(row: Record) -> Run:
    """A row as a run in memory."""
    return Run(
        user_id=row["user_id"],
        quest_id=row["quest_id"],
        completion=row["completion"],
        completion_id=row["completion_id"],
        version=row["version"],
        state=row["state"],
        progress=msgspec.json.decode(row["progress"], type=dict[str, Counted]),
        accepted_at=row["accepted_at"],
        expires_at=row["expires_at"],
        period=row["period"],
        completed_at=row["completed_at"],
        local_day=row["local_day"],
        recorded_at=row["recorded_at"],
        recorded_day=row["recorded_day"],
        kept_day=row["kept_day"],
        causation_id=row["causation_id"],
    )


async def open_runs(tx: Tx, pairs: set[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Run]:
    """Runs that are under way."""
    rows = await tx.fetch(
        "SELECT r.* FROM user_quests r JOIN unnest($1::uuid[], $2::uuid[]) AS w(user_id, quest_id) USING (user_id, quest_id) "
        "WHERE r.state IN ('accepted', 'in_progress')",
        [user_id for user_id, _ in pairs],
        [quest_id for _, quest_id in pairs],
    )
    return {(row["user_id"], row["quest_id"]): run_of(row) for row in rows}


async def latest_runs(tx: Tx, user_id: UUID) -> dict[UUID, Run]:
    """A player's run of each quest: that under way, or the newest."""
    rows = await tx.fetch(
        "SELECT DISTINCT ON (quest_id) * FROM user_quests WHERE user_id = $1 "
        "ORDER BY quest_id, state IN ('accepted', 'in_progress') DESC, completion DESC",
        user_id,
    )
    return {row["quest_id"]: run_of(row) for row in rows}


async def run(tx: Tx, user_id: UUID, quest_id: UUID, completion: int) -> Run | None:
    """One run."""
    row = await tx.fetchrow(
        "SELECT * FROM user_quests WHERE user_id = $1 AND quest_id = $2 AND completion = $3",
        user_id,
        quest_id,
        completion,
    )
    return None if row is None else run_of(row)


async def save_runs(tx: Tx, runs: list[Run]) -> None:
    """Writes runs back, new and changed ones alike."""
    if not runs:
        return
    await tx.execute(
        "INSERT INTO user_quests (user_id, quest_id, completion, completion_id, version, state, progress, period, accepted_at, "
        "completed_at, local_day, expires_at, causation_id, recorded_at, recorded_day, kept_day) "
        "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::int[], $6::text[], $7::jsonb[], $8::text[], "
        "$9::timestamptz[], $10::timestamptz[], $11::date[], $12::timestamptz[], $13::uuid[], $14::timestamptz[], "
        "$15::date[], $16::boolean[]) "
        "ON CONFLICT (user_id, quest_id, completion) DO UPDATE SET state = EXCLUDED.state, progress = EXCLUDED.progress, "
        "period = EXCLUDED.period, completed_at = EXCLUDED.completed_at, local_day = EXCLUDED.local_day, "
        "causation_id = EXCLUDED.causation_id, recorded_at = EXCLUDED.recorded_at, recorded_day = EXCLUDED.recorded_day, "
        "kept_day = EXCLUDED.kept_day",
        [r.user_id for r in runs],
        [r.quest_id for r in runs],
        [r.completion for r in runs],
        [r.completion_id for r in runs],
        [r.version for r in runs],
        [r.state for r in runs],
        [json_text(r.progress) for r in runs],
        [r.period for r in runs],
        [r.accepted_at for r in runs],
        [r.completed_at for r in runs],
        [r.local_day for r in runs],
        [r.expires_at for r in runs],
        [r.causation_id for r in runs],
        [r.recorded_at for r in runs],
        [r.recorded_day for r in runs],
        [r.kept_day for r in runs],
    )


async def due_players(tx: Tx, now: datetime) -> list[UUID]:
    """Players with open runs whose time is over, some at a time."""
    rows = await tx.fetch(
        "SELECT DISTINCT user_id FROM user_quests WHERE state IN ('accepted', 'in_progress') AND expires_at <= $1 LIMIT 200",
        now,
    )
    return [row[0] for row in rows]


async def due_runs(tx: Tx, now: datetime, user_ids: list[UUID]) -> list[Run]:
    """Open runs of these players whose time is over."""
    rows = await tx.fetch(
        "SELECT * FROM user_quests WHERE user_id = ANY($2::uuid[]) AND state IN ('accepted', 'in_progress') "
        "AND expires_at <= $1 ORDER BY user_id, quest_id",
        now,
        user_ids,
    )
    return [run_of(row) for row in rows]
