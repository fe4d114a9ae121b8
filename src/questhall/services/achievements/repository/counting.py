"""Players, their progress, and what each event added to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx, json_text
from questhall.services.achievements.rules import Progress

EVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
"""All of time."""


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


async def player_ids(tx: Tx, after: UUID | None, limit: int) -> list[UUID]:
    """Players in the order of their ids."""
    rows = await tx.fetch(
        "SELECT user_id FROM players WHERE $1::uuid IS NULL OR user_id > $1 ORDER BY user_id LIMIT $2", after, limit
    )
    return [row[0] for row in rows]


async def erased(tx: Tx, user_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these players who were erased."""
    rows = await tx.fetch("SELECT user_id FROM players WHERE user_id = ANY($1::uuid[]) AND erased", list(user_ids))
    return {row[0] for row in rows}


async def handled(tx: Tx, first: UUID, last: UUID) -> list[UUID]:
    """Events with ids between two that were handled here."""
    rows = await tx.fetch("SELECT event_id FROM inbox WHERE event_id BETWEEN $1 AND $2 ORDER BY event_id", first, last)
    return [row[0] for row in rows]


async def set_levels(tx: Tx, levels: dict[UUID, int]) -> None:
    """Players' levels."""
    await tx.execute(
        "INSERT INTO players AS p (user_id, level) SELECT * FROM unnest($1::uuid[], $2::int[]) ORDER BY 1 "
        "ON CONFLICT (user_id) DO UPDATE SET level = EXCLUDED.level",
        list(levels),
        list(levels.values()),
    )


# Progress

_progress = msgspec.json.Decoder(Progress)


class Place(NamedTuple):
    """How far a player is with a badge, and whether a backfill has counted there."""

    progress: Progress
    backfilled: bool


async def progress(tx: Tx, pairs: list[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Place]:
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


async def _locked(tx: Tx, pairs: list[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Place]:
    rows = await tx.fetch(
        "SELECT u.user_id, u.achievement_id, u.progress, u.backfilled FROM user_achievements u "
        "JOIN unnest($1::uuid[], $2::uuid[]) AS w(user_id, achievement_id) USING (user_id, achievement_id) "
        "ORDER BY u.user_id, u.achievement_id FOR UPDATE OF u",
        [user for user, _ in pairs],
        [badge for _, badge in pairs],
    )
    return {(row[0], row[1]): Place(_progress.decode(row[2]), row[3]) for row in rows}


async def unlocked_progress(tx: Tx, user_ids: list[UUID], achievement_id: UUID) -> dict[UUID, Progress]:
    """How far these players are with a badge, as far as anything was counted."""
    rows = await tx.fetch(
        "SELECT user_id, progress FROM user_achievements WHERE user_id = ANY($1::uuid[]) AND achievement_id = $2",
        user_ids,
        achievement_id,
    )
    return {row[0]: _progress.decode(row[1]) for row in rows}


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


async def counted(tx: Tx, event_ids: list[UUID]) -> set[tuple[UUID, UUID, str]]:
    """What these events count for: event, badge, counter."""
    rows = await tx.fetch(
        "SELECT event_id, achievement_id, counter FROM achievement_acts WHERE event_id = ANY($1::uuid[])", event_ids
    )
    return {(row[0], row[1], row[2]) for row in rows}


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


async def save_progress(tx: Tx, progress: dict[tuple[UUID, UUID], Progress], *, backfilled: bool = False) -> None:
    """Writes players' progress back; ``backfilled``: and that a backfill counted there."""
    await tx.execute(
        "UPDATE user_achievements u SET progress = w.progress, backfilled = u.backfilled OR $4 "
        "FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[]) "
        "AS w(user_id, achievement_id, progress) WHERE u.user_id = w.user_id AND u.achievement_id = w.achievement_id",
        [user_id for user_id, _ in progress],
        [badge_id for _, badge_id in progress],
        [json_text(document) for document in progress.values()],
        backfilled,
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
