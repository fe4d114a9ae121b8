"""Every SQL statement of achievements."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx
from questhall.services.achievements.rules import Definition, Progress


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _columns(d: Definition) -> list[Any]:
    return [
        d.name,
        d.description,
        f"/badges/{d.slug}.svg",
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
    """All heads with how many hold them."""
    return await tx.fetch(
        "SELECT a.*, coalesce(h.count, 0) AS holders FROM achievements a LEFT JOIN holders h ON h.achievement_id = a.id "
        "ORDER BY a.created_at, a.id"
    )


async def players(tx: Tx) -> int:
    """How many players there are."""
    return await tx.fetchval("SELECT count(*) FROM players")


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


async def earnable(tx: Tx) -> list[Record]:
    """The newest version of each published badge."""
    return await tx.fetch(
        "SELECT v.achievement_id, v.version, v.definition FROM achievements a JOIN achievement_versions v "
        "ON v.achievement_id = a.id AND v.version = a.version WHERE a.status = 'published'"
    )


# Players


async def set_zone(tx: Tx, user_id: UUID, zone: str, since: datetime | None) -> None:
    """A player's zone, from a moment on."""
    await tx.execute(
        "INSERT INTO players AS p (user_id, timezone) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET "
        "zone_before = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE p.timezone END, timezone = EXCLUDED.timezone, "
        "zone_from = $3",
        user_id,
        zone,
        since,
    )


async def zones(tx: Tx, user_ids: list[UUID]) -> dict[UUID, Record]:
    """Players' zones."""
    rows = await tx.fetch("SELECT * FROM players WHERE user_id = ANY($1::uuid[])", user_ids)
    return {row["user_id"]: row for row in rows}


# Progress and awards


async def progress(tx: Tx, pairs: list[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Progress]:
    """How far players are with badges; the rows are locked, and made where they are missing."""
    found = await _locked(tx, pairs)
    missing = [pair for pair in pairs if pair not in found]
    if missing:
        await tx.execute(
            "INSERT INTO user_achievements (user_id, achievement_id) SELECT * FROM unnest($1::uuid[], $2::uuid[]) "
            "ON CONFLICT DO NOTHING",
            [user for user, _ in missing],
            [badge for _, badge in missing],
        )
        found |= await _locked(tx, missing)
    return found


async def _locked(tx: Tx, pairs: list[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Progress]:
    rows = await tx.fetch(
        "SELECT u.user_id, u.achievement_id, u.progress FROM user_achievements u "
        "JOIN unnest($1::uuid[], $2::uuid[]) AS w(user_id, achievement_id) USING (user_id, achievement_id) "
        "ORDER BY u.user_id, u.achievement_id FOR UPDATE OF u",
        [user for user, _ in pairs],
        [badge for _, badge in pairs],
    )
    return {(row[0], row[1]): msgspec.json.decode(row[2], type=Progress) for row in rows}


class Counting(NamedTuple):
    """What an event added to a counter."""

    user_id: UUID
    event_id: UUID
    achievement_id: UUID
    path: str
    amount: int
    value: str | None
    at: datetime
    day: date


async def seen(tx: Tx, wanted: list[tuple[UUID, UUID, str, str]]) -> set[tuple[UUID, UUID, str, str]]:
    """Which of these values a player's counters have seen: player, badge, path, value."""
    if not wanted:
        return set()
    rows = await tx.fetch(
        "SELECT DISTINCT user_id, achievement_id, path, value FROM achievement_acts JOIN unnest($1::uuid[], $2::uuid[], "
        "$3::text[], $4::text[]) AS w(user_id, achievement_id, path, value) USING (user_id, achievement_id, path, value)",
        *[[one[n] for one in wanted] for n in range(4)],
    )
    return {(row[0], row[1], row[2], row[3]) for row in rows}


async def add_acts(tx: Tx, acts: list[Counting]) -> None:
    """Notes what events added to counters."""
    if acts:
        await tx.execute(
            "INSERT INTO achievement_acts (user_id, event_id, achievement_id, path, amount, value, at, day) "
            "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], "
            "$7::timestamptz[], $8::date[]) ON CONFLICT DO NOTHING",
            *[[act[n] for act in acts] for n in range(8)],
        )


async def take_acts(tx: Tx, event_ids: list[UUID]) -> list[Record]:
    """Forgets what these events added; answers it."""
    return await tx.fetch("DELETE FROM achievement_acts WHERE event_id = ANY($1::uuid[]) RETURNING *", event_ids)


async def days_of(tx: Tx, user_id: UUID, achievement_id: UUID, path: str) -> list[date]:
    """Local days on which a counter moved."""
    rows = await tx.fetch(
        "SELECT DISTINCT day FROM achievement_acts WHERE user_id = $1 AND achievement_id = $2 AND path = $3",
        user_id,
        achievement_id,
        path,
    )
    return [row[0] for row in rows]


async def save_progress(tx: Tx, rows: list[tuple[UUID, UUID, Progress, int, int]]) -> None:
    """Writes players' progress back."""
    await tx.execute(
        "UPDATE user_achievements u SET progress = w.progress, have = w.have, need = w.need "
        "FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::bigint[], $5::bigint[]) "
        "AS w(user_id, achievement_id, progress, have, need) "
        "WHERE u.user_id = w.user_id AND u.achievement_id = w.achievement_id",
        [row[0] for row in rows],
        [row[1] for row in rows],
        [_json(row[2]) for row in rows],
        [row[3] for row in rows],
        [row[4] for row in rows],
    )


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


async def award(tx: Tx, awards: list[NewAward]) -> set[UUID]:
    """Makes awards; answers the ids of those that were not there."""
    columns = [[getattr(a, name) for a in awards] for name in NewAward.__struct_fields__]
    rows = await tx.fetch(
        "WITH made AS (INSERT INTO achievement_awards (user_id, achievement_id, tier, award_id, rule_version, causation_id, "
        "correlation_id, actor, awarded_at) SELECT *, $9::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::text[], "
        "$4::uuid[], $5::int[], $6::uuid[], $7::uuid[], $8::text[]) "
        # One that was taken back can be earned again, honestly this time: as a new award.
        "ON CONFLICT (user_id, achievement_id, tier) DO UPDATE SET award_id = EXCLUDED.award_id, "
        "rule_version = EXCLUDED.rule_version, causation_id = EXCLUDED.causation_id, "
        "correlation_id = EXCLUDED.correlation_id, actor = EXCLUDED.actor, awarded_at = EXCLUDED.awarded_at, "
        "revoked_at = NULL WHERE achievement_awards.revoked_at IS NOT NULL "
        "RETURNING user_id, achievement_id, award_id), dated AS (UPDATE user_achievements u SET earned_date = $9 FROM made m "
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


async def awards_touched(tx: Tx, event_ids: list[UUID], pairs: list[tuple[UUID, UUID]]) -> list[Record]:
    """Awards that stand, which these events caused or which these players have of these badges."""
    return await tx.fetch(
        "SELECT w.user_id, w.achievement_id, w.tier, w.award_id FROM achievement_awards w WHERE w.revoked_at IS NULL "
        "AND (w.causation_id = ANY($1::uuid[]) OR EXISTS (SELECT FROM unnest($2::uuid[], $3::uuid[]) AS p(user_id, badge) "
        "WHERE p.user_id = w.user_id AND p.badge = w.achievement_id)) ORDER BY w.user_id, w.achievement_id, w.tier",
        event_ids,
        [user for user, _ in pairs],
        [badge for _, badge in pairs],
    )


async def revoke(tx: Tx, award_ids: list[UUID]) -> list[Record]:
    """Takes awards back; answers what was taken."""
    return await tx.fetch(
        "WITH gone AS (UPDATE achievement_awards SET revoked_at = $2 WHERE award_id = ANY($1::uuid[]) "
        "AND revoked_at IS NULL RETURNING *), dated AS (UPDATE user_achievements u SET earned_date = NULL, "
        "revealed_at = NULL FROM gone g WHERE u.user_id = g.user_id AND u.achievement_id = g.achievement_id "
        "AND NOT EXISTS (SELECT FROM achievement_awards w WHERE w.user_id = g.user_id "
        "AND w.achievement_id = g.achievement_id AND w.revoked_at IS NULL "
        "AND w.award_id NOT IN (SELECT award_id FROM gone))) "
        "SELECT g.*, a.name, a.rarity, a.slug FROM gone g JOIN achievements a ON a.id = g.achievement_id",
        award_ids,
        tx.now,
    )


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
