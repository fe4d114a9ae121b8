"""Every SQL statement of achievements."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx
from questhall.services.achievements.rules import Definition, Progress

EVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
"""All of time."""


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


# Players


async def set_zone(tx: Tx, user_id: UUID, zone: str, since: datetime | None, skipped: list[date]) -> None:
    """A player's zone, from a moment on, and the local days that it jumps over."""
    await tx.execute(
        "INSERT INTO players AS p (user_id, timezone) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET "
        "zone_before = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE p.timezone END, timezone = EXCLUDED.timezone, "
        "zone_from = $3, skipped = p.skipped || $4::date[]",
        user_id,
        zone,
        since,
        skipped,
    )


async def players(tx: Tx, user_ids: list[UUID]) -> dict[UUID, Record]:
    """Players' zones and levels."""
    rows = await tx.fetch("SELECT * FROM players WHERE user_id = ANY($1::uuid[])", user_ids)
    return {row["user_id"]: row for row in rows}


async def set_levels(tx: Tx, levels: dict[UUID, int]) -> None:
    """Players' levels."""
    await tx.execute(
        "INSERT INTO players AS p (user_id, level) SELECT * FROM unnest($1::uuid[], $2::int[]) ORDER BY 1 "
        "ON CONFLICT (user_id) DO UPDATE SET level = EXCLUDED.level",
        list(levels),
        list(levels.values()),
    )


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
    """What an event added to a counter; 0 where its value was known."""

    user_id: UUID
    event_id: UUID
    achievement_id: UUID
    counter: str
    amount: int
    value: str | None
    at: datetime | None
    """Of windows."""
    day: date | None
    """Of streaks, with the zone that it was told in."""
    zone: str | None


async def seen(tx: Tx, wanted: list[tuple[UUID, UUID, str, str]]) -> set[tuple[UUID, UUID, str, str]]:
    """Which of these values a player's counters have seen: player, badge, counter, value."""
    rows = await tx.fetch(
        "SELECT w.user_id, w.achievement_id, w.counter, w.value FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) "
        "AS w(user_id, achievement_id, counter, value) WHERE EXISTS (SELECT FROM achievement_acts t "
        "WHERE t.user_id = w.user_id AND t.achievement_id = w.achievement_id AND t.counter = w.counter AND t.value = w.value)",
        *[[one[n] for one in wanted] for n in range(4)],
    )
    return {(row[0], row[1], row[2], row[3]) for row in rows}


async def add_acts(tx: Tx, acts: list[Counting]) -> None:
    """Notes what events added to counters."""
    if acts:
        await tx.execute(
            "INSERT INTO achievement_acts (user_id, event_id, achievement_id, counter, amount, value, at, day, zone) "
            "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], "
            "$7::timestamptz[], $8::date[], $9::text[]) ON CONFLICT DO NOTHING",
            *[[act[n] for act in acts] for n in range(9)],
        )


async def places_of(tx: Tx, event_ids: list[UUID]) -> list[tuple[UUID, UUID]]:
    """Players and badges whose counters these events moved."""
    rows = await tx.fetch(
        "SELECT DISTINCT user_id, achievement_id FROM achievement_acts WHERE event_id = ANY($1::uuid[]) ORDER BY 1, 2",
        event_ids,
    )
    return [(row[0], row[1]) for row in rows]


async def take_acts(tx: Tx, event_ids: list[UUID]) -> list[Record]:
    """Forgets what these events added; answers it."""
    return await tx.fetch("DELETE FROM achievement_acts WHERE event_id = ANY($1::uuid[]) RETURNING *", event_ids)


Counted = tuple[UUID, UUID, str]
"""A player, a badge and a counter of it."""


async def moments(tx: Tx, spans: dict[Counted, tuple[datetime, datetime]]) -> dict[Counted, list[datetime]]:
    """Moments of windows within these spans of time, in order."""
    rows = await tx.fetch(
        "SELECT w.user_id, w.achievement_id, w.counter, array_agg(t.at ORDER BY t.at) FILTER (WHERE t.at IS NOT NULL) "
        "FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[]) "
        "AS w(user_id, achievement_id, counter, since, until) LEFT JOIN achievement_acts t ON t.user_id = w.user_id "
        "AND t.achievement_id = w.achievement_id AND t.counter = w.counter AND t.at BETWEEN w.since AND w.until "
        "GROUP BY 1, 2, 3",
        *[[counted[n] for counted in spans] for n in range(3)],
        [since for since, _ in spans.values()],
        [until for _, until in spans.values()],
    )
    return {(row[0], row[1], row[2]): list(row[3] or ()) for row in rows}


async def history(tx: Tx, wanted: list[Counted]) -> dict[Counted, tuple[list[datetime], list[date]]]:
    """All that windows and streaks have counted."""
    rows = await tx.fetch(
        "SELECT w.*, array_agg(t.at ORDER BY t.at) FILTER (WHERE t.at IS NOT NULL), "
        "array_agg(DISTINCT t.day) FILTER (WHERE t.day IS NOT NULL) FROM unnest($1::uuid[], $2::uuid[], $3::text[]) "
        "AS w(user_id, achievement_id, counter) JOIN achievement_acts t USING (user_id, achievement_id, counter) "
        "WHERE t.at IS NOT NULL OR t.day IS NOT NULL GROUP BY 1, 2, 3",
        *[[counted[n] for counted in wanted] for n in range(3)],
    )
    return {(row[0], row[1], row[2]): (list(row[3] or ()), list(row[4] or ())) for row in rows}


async def save_progress(tx: Tx, progress: dict[tuple[UUID, UUID], Progress]) -> None:
    """Writes players' progress back."""
    await tx.execute(
        "UPDATE user_achievements u SET progress = w.progress FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[]) "
        "AS w(user_id, achievement_id, progress) WHERE u.user_id = w.user_id AND u.achievement_id = w.achievement_id",
        [user_id for user_id, _ in progress],
        [badge_id for _, badge_id in progress],
        [_json(document) for document in progress.values()],
    )


async def held(tx: Tx, user_ids: list[UUID], achievement_ids: list[UUID]) -> set[tuple[UUID, UUID, str]]:
    """Which of these badges these players have: player, badge, tier."""
    rows = await tx.fetch(
        "SELECT user_id, achievement_id, tier FROM achievement_awards WHERE user_id = ANY($1::uuid[]) "
        "AND achievement_id = ANY($2::uuid[]) AND revoked_at IS NULL",
        user_ids,
        achievement_ids,
    )
    return {(row[0], row[1], row[2]) for row in rows}


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
