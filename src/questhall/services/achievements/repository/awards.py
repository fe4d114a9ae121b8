"""Awards: made, taken back, counted."""

from __future__ import annotations

from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx


class NewAward(msgspec.Struct, frozen=True, kw_only=True):
    """An award to be made."""

    user_id: UUID
    achievement_id: UUID
    tier: str
    award_id: UUID
    rule_version: int
    causation_id: UUID
    correlation_id: UUID
    actor: str
    reason: str | None = None
    """Of one that is given by hand."""


async def award(tx: Tx, awards: list[NewAward]) -> set[UUID]:
    """Makes awards; answers the ids of those that were not there. What was taken back by hand is given by hand alone."""
    columns = [[getattr(a, name) for a in awards] for name in NewAward.__struct_fields__]
    rows = await tx.fetch(
        "WITH made AS (INSERT INTO achievement_awards (user_id, achievement_id, tier, award_id, rule_version, causation_id, "
        "correlation_id, actor, reason, awarded_at) SELECT *, $10::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::text[], "
        "$4::uuid[], $5::int[], $6::uuid[], $7::uuid[], $8::text[], $9::text[]) "
        # One that was taken back can be earned again, honestly this time: as a new award.
        "ON CONFLICT (user_id, achievement_id, tier) DO UPDATE SET award_id = EXCLUDED.award_id, "
        "rule_version = EXCLUDED.rule_version, causation_id = EXCLUDED.causation_id, "
        "correlation_id = EXCLUDED.correlation_id, actor = EXCLUDED.actor, reason = EXCLUDED.reason, "
        "awarded_at = EXCLUDED.awarded_at, revoked_at = NULL, revoked_reason = NULL "
        "WHERE achievement_awards.revoked_at IS NOT NULL "
        "AND (achievement_awards.revoked_reason IS NULL OR EXCLUDED.reason IS NOT NULL) "
        "RETURNING user_id, achievement_id, award_id), dated AS (UPDATE user_achievements u SET earned_date = $10 FROM made m "
        "WHERE u.user_id = m.user_id AND u.achievement_id = m.achievement_id AND u.earned_date IS NULL) "
        "SELECT award_id FROM made",
        *columns,
        tx.now,
    )
    return {row[0] for row in rows}


async def mine(tx: Tx, user_id: UUID) -> dict[UUID, Record]:
    """A player's standing with every badge that moved."""
    rows = await tx.fetch("SELECT * FROM user_achievements WHERE user_id = $1", user_id)
    return {row["achievement_id"]: row for row in rows}


async def awards_of(tx: Tx, user_id: UUID) -> list[Record]:
    """A player's awards, oldest first."""
    return await tx.fetch("SELECT * FROM achievement_awards WHERE user_id = $1 ORDER BY awarded_at, award_id", user_id)


async def award_by_id(tx: Tx, award_id: UUID) -> Record | None:
    """An award with its badge."""
    return await tx.fetchrow(
        "SELECT w.*, a.name, a.rarity FROM achievement_awards w JOIN achievements a ON a.id = w.achievement_id "
        "WHERE w.award_id = $1",
        award_id,
    )


async def reveal(tx: Tx, user_id: UUID, achievement_id: UUID) -> bool:
    """The player opened a badge; whether it was earned."""
    done = await tx.execute(
        "UPDATE user_achievements SET revealed_at = coalesce(revealed_at, $3) "
        "WHERE user_id = $1 AND achievement_id = $2 AND earned_date IS NOT NULL",
        user_id,
        achievement_id,
        tx.now,
    )
    return done == "UPDATE 1"


async def awards_standing(tx: Tx, user_ids: list[UUID]) -> list[Record]:
    """Awards of these players that were not taken back."""
    return await tx.fetch(
        "SELECT * FROM achievement_awards WHERE user_id = ANY($1::uuid[]) AND revoked_at IS NULL "
        "ORDER BY user_id, achievement_id, tier",
        user_ids,
    )


async def caused_by(tx: Tx, event_ids: list[UUID]) -> list[UUID]:
    """Players with awards that these events caused."""
    rows = await tx.fetch(
        "SELECT DISTINCT user_id FROM achievement_awards WHERE causation_id = ANY($1::uuid[]) AND revoked_at IS NULL",
        event_ids,
    )
    return [row[0] for row in rows]


async def revoke(tx: Tx, award_ids: list[UUID], reason: str | None = None) -> list[Record]:
    """Takes awards back, by hand if there is a ``reason``; answers what was taken."""
    return await tx.fetch(
        "WITH gone AS (UPDATE achievement_awards SET revoked_at = $2, revoked_reason = $3 WHERE award_id = ANY($1::uuid[]) "
        "AND revoked_at IS NULL RETURNING *), dated AS (UPDATE user_achievements u SET earned_date = NULL, "
        "revealed_at = NULL, showcased = NULL FROM gone g WHERE u.user_id = g.user_id AND u.achievement_id = g.achievement_id "
        "AND NOT EXISTS (SELECT FROM achievement_awards w WHERE w.user_id = g.user_id "
        "AND w.achievement_id = g.achievement_id AND w.revoked_at IS NULL "
        "AND w.award_id NOT IN (SELECT award_id FROM gone))) "
        "SELECT g.*, a.name, a.rarity, a.slug FROM gone g JOIN achievements a ON a.id = g.achievement_id",
        award_ids,
        tx.now,
        reason,
    )


async def standing_of(tx: Tx, user_id: UUID, achievement_id: UUID) -> list[Record]:
    """A player's awards of a badge that were not taken back; locked."""
    return await tx.fetch(
        "SELECT * FROM achievement_awards WHERE user_id = $1 AND achievement_id = $2 AND revoked_at IS NULL "
        "ORDER BY tier FOR UPDATE",
        user_id,
        achievement_id,
    )


async def showcase(tx: Tx, user_id: UUID, achievement_ids: list[UUID]) -> bool:
    """What a player shows first, in this order; False, and nothing changed, unless all of it was earned."""
    earned = await tx.fetchval(
        "SELECT count(*) FROM (SELECT FROM user_achievements WHERE user_id = $1 AND achievement_id = ANY($2::uuid[]) "
        "AND earned_date IS NOT NULL FOR UPDATE) e",
        user_id,
        achievement_ids,
    )
    if earned != len(achievement_ids):
        return False
    await tx.execute(
        "UPDATE user_achievements SET showcased = array_position($2::uuid[], achievement_id) WHERE user_id = $1 "
        "AND (showcased IS NOT NULL OR achievement_id = ANY($2::uuid[]))",
        user_id,
        achievement_ids,
    )
    return True


async def mark_undone(tx: Tx, event_ids: list[UUID]) -> None:
    """No backfill counts these events from now on."""
    await tx.execute("INSERT INTO undone_events SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", event_ids)


async def undone(tx: Tx, event_ids: list[UUID]) -> set[UUID]:
    """Those of these events that were undone."""
    rows = await tx.fetch("SELECT event_id FROM undone_events WHERE event_id = ANY($1::uuid[])", event_ids)
    return {row[0] for row in rows}


async def count_holders(tx: Tx) -> None:
    """Tells anew how many hold each badge."""
    await tx.execute(
        "INSERT INTO holders (achievement_id, count) SELECT achievement_id, count(DISTINCT user_id) FROM achievement_awards "
        "WHERE revoked_at IS NULL GROUP BY achievement_id ON CONFLICT (achievement_id) DO UPDATE SET count = EXCLUDED.count "
        "WHERE holders.count <> EXCLUDED.count"
    )
    await tx.execute(
        "DELETE FROM holders h WHERE NOT EXISTS (SELECT FROM achievement_awards w "
        "WHERE w.achievement_id = h.achievement_id AND w.revoked_at IS NULL)"
    )
