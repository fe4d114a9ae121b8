"""What quests has of one person: to be given to them, and to be forgotten."""

from __future__ import annotations

from uuid import UUID

from questhall.kernel.database import Tx
from questhall.kernel.sections import Section

SECTIONS = (
    Section(
        "runs",
        "SELECT r.completion_id AS place, r.completion_id, q.slug, q.title, r.version, r.state, r.progress, r.accepted_at, "
        "r.completed_at, r.local_day, r.expires_at FROM user_quests r JOIN quests q ON q.id = r.quest_id "
        "WHERE r.user_id = $1 AND ($2::text IS NULL OR r.completion_id > $2::text::uuid) ORDER BY 1 LIMIT $3",
    ),
    Section(
        "streaks",
        "SELECT kind AS place, kind, length, best, freezes, last_day, paused_until FROM streaks WHERE user_id = $1 "
        "AND ($2::text IS NULL OR kind > $2) ORDER BY 1 LIMIT $3",
    ),
    Section(
        "streak_days",
        "SELECT day AS place, kind, day, how, zone FROM streak_days WHERE user_id = $1 "
        "AND ($2::text IS NULL OR day > $2::text::date) ORDER BY 1 LIMIT $3",
    ),
)


async def forget(tx: Tx, user_id: UUID) -> None:
    """Forgets where a player lived, and what their acts said; how far they came stays."""
    await tx.execute(
        "UPDATE players SET timezone = 'UTC', zone_before = NULL, zone_from = NULL, older_zones = '[]' WHERE user_id = $1",
        user_id,
    )
    await tx.execute("DELETE FROM quest_acts WHERE user_id = $1", user_id)
    await tx.execute(
        "UPDATE user_quests SET progress = coalesce((SELECT jsonb_object_agg(key, value - 'seen') FROM jsonb_each(progress)), "
        "'{}') WHERE user_id = $1 AND progress::text LIKE '%\"seen\"%'",
        user_id,
    )
    await tx.execute("UPDATE streak_days SET zone = 'UTC' WHERE user_id = $1 AND zone <> 'UTC'", user_id)
