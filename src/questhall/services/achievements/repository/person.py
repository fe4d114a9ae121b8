"""What achievements has of one person: to be given to them, and to be forgotten."""

from __future__ import annotations

from uuid import UUID

from questhall.kernel.database import Tx
from questhall.kernel.sections import Section

SECTIONS = (
    Section(
        "badges",
        "SELECT w.award_id AS place, w.award_id, a.slug, a.name, a.rarity, w.tier, w.rule_version, w.awarded_at, w.reason, "
        "w.revoked_at, w.revoked_reason FROM achievement_awards w JOIN achievements a ON a.id = w.achievement_id "
        "WHERE w.user_id = $1 AND ($2::text IS NULL OR w.award_id > $2::text::uuid) ORDER BY 1 LIMIT $3",
    ),
    Section(
        "progress",
        # A secret badge that was not earned stays secret.
        "SELECT u.achievement_id AS place, a.slug, a.name, u.progress, u.earned_date, u.showcased FROM user_achievements u "
        "JOIN achievements a ON a.id = u.achievement_id WHERE u.user_id = $1 "
        "AND (NOT a.secret OR u.earned_date IS NOT NULL) "
        "AND ($2::text IS NULL OR u.achievement_id > $2::text::uuid) ORDER BY 1 LIMIT $3",
    ),
)


async def forget(tx: Tx, user_id: UUID) -> None:
    """Forgets where a player lived, what their acts said, and what was written when a badge was given or taken by hand.

    Badges stay: they count as held. What their acts counted can't be told any more: no backfill counts for them.
    """
    await tx.execute(
        "UPDATE players SET timezone = 'UTC', zone_before = NULL, zone_from = NULL, skipped = '{}', erased = true "
        "WHERE user_id = $1",
        user_id,
    )
    await tx.execute("DELETE FROM achievement_acts WHERE user_id = $1", user_id)
    await tx.execute(
        "UPDATE achievement_awards SET reason = CASE WHEN reason IS NOT NULL THEN '' END, "
        "revoked_reason = CASE WHEN revoked_reason IS NOT NULL THEN '' END "
        "WHERE (user_id = $1 OR actor = ANY($2::text[])) AND (reason <> '' OR revoked_reason <> '')",
        user_id,
        [f"admin:{user_id}", f"user:{user_id}"],
    )
