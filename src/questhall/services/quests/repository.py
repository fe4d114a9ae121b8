"""Every SQL statement of quests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx
from questhall.services.quests.rules import Counted, Definition, Past, Run
from questhall.services.quests.streaks import Streak


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


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
        _json(d.objectives),
        _json(d.rewards),
        _json(d.prerequisites),
        d.available_from,
        d.available_until,
        d.cooldown_s,
        d.daily_cap,
        _json(d),
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


# Players


async def lock_players(tx: Tx, user_ids: list[UUID]) -> dict[UUID, Record]:
    """The rows under which these players' quests move; made where they are missing."""
    ordered = sorted(set(user_ids))
    rows = await tx.fetch("SELECT * FROM players WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE", ordered)
    if len(rows) < len(ordered):
        await tx.execute("INSERT INTO players (user_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", ordered)
        rows = await tx.fetch(
            "SELECT * FROM players WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE", ordered
        )
    return {row["user_id"]: row for row in rows}


async def player(tx: Tx, user_id: UUID) -> Record | None:
    """A player's row."""
    return await tx.fetchrow("SELECT * FROM players WHERE user_id = $1", user_id)


async def set_zone(
    tx: Tx, user_id: UUID, zone: str, before: str | None, since: datetime | None, older: list[tuple[str, datetime]]
) -> None:
    """A player's zone from a moment on, the one before it, and older ones, each with its end."""
    await tx.execute(
        "INSERT INTO players (user_id, timezone, zone_before, zone_from, older_zones) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (user_id) DO UPDATE SET timezone = EXCLUDED.timezone, zone_before = EXCLUDED.zone_before, "
        "zone_from = EXCLUDED.zone_from, older_zones = EXCLUDED.older_zones",
        user_id,
        zone,
        before,
        since,
        _json(older),
    )


async def set_level(tx: Tx, user_id: UUID, level: int) -> None:
    """A player's level."""
    await tx.execute(
        "INSERT INTO players (user_id, level) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET level = EXCLUDED.level",
        user_id,
        level,
    )


# Runs


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


async def pasts(tx: Tx, pairs: set[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Past]:
    """Players' pasts with quests."""
    rows = await tx.fetch(
        "SELECT c.* FROM quest_counts c JOIN unnest($1::uuid[], $2::uuid[]) AS w(user_id, quest_id) USING (user_id, quest_id)",
        [user_id for user_id, _ in pairs],
        [quest_id for _, quest_id in pairs],
    )
    return {(row["user_id"], row["quest_id"]): _past(row) for row in rows}


def _past(row: Record) -> Past:
    names = ("runs", "completions", "periods", "last_recorded_at", "last_recorded_day", "day_count")
    return Past(**{name: row[name] for name in names})


async def pasts_of(tx: Tx, user_id: UUID) -> dict[UUID, Past]:
    """A player's past with every quest."""
    rows = await tx.fetch("SELECT * FROM quest_counts WHERE user_id = $1", user_id)
    return {row["quest_id"]: _past(row) for row in rows}


async def latest_runs(tx: Tx, user_id: UUID) -> dict[UUID, Run]:
    """A player's run of each quest: that under way, or the newest."""
    rows = await tx.fetch(
        "SELECT DISTINCT ON (quest_id) * FROM user_quests WHERE user_id = $1 "
        "ORDER BY quest_id, state IN ('accepted', 'in_progress') DESC, completion DESC",
        user_id,
    )
    return {row["quest_id"]: run_of(row) for row in rows}


async def completed_slugs(tx: Tx, user_ids: list[UUID]) -> dict[UUID, frozenset[str]]:
    """Slugs of the quests that players completed at least once."""
    rows = await tx.fetch(
        "SELECT c.user_id, array_agg(q.slug) AS slugs FROM quest_counts c JOIN quests q ON q.id = c.quest_id "
        "WHERE c.user_id = ANY($1::uuid[]) AND c.completions > 0 GROUP BY c.user_id",
        user_ids,
    )
    return {row["user_id"]: frozenset(row["slugs"]) for row in rows}


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
        [_json(r.progress) for r in runs],
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


async def save_pasts(tx: Tx, pasts: list[tuple[UUID, UUID, Past]]) -> None:
    """Writes players' pasts back."""
    if not pasts:
        return
    # An array of arrays can't be of different lengths: the periods of a row travel as one text.
    await tx.execute(
        "INSERT INTO quest_counts (user_id, quest_id, runs, completions, periods, last_recorded_at, last_recorded_day, "
        "day_count) SELECT user_id, quest_id, runs, completions, string_to_array(periods, ' '), at, day, day_count "
        "FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::timestamptz[], $7::date[], $8::int[]) "
        "AS w(user_id, quest_id, runs, completions, periods, at, day, day_count) ORDER BY user_id, quest_id "
        "ON CONFLICT (user_id, quest_id) DO UPDATE SET runs = EXCLUDED.runs, "
        "completions = EXCLUDED.completions, periods = EXCLUDED.periods, "
        "last_recorded_at = EXCLUDED.last_recorded_at, last_recorded_day = EXCLUDED.last_recorded_day, "
        "day_count = EXCLUDED.day_count",
        [user_id for user_id, _, _ in pasts],
        [quest_id for _, quest_id, _ in pasts],
        [p.runs for _, _, p in pasts],
        [p.completions for _, _, p in pasts],
        [" ".join(p.periods) for _, _, p in pasts],
        [p.last_recorded_at for _, _, p in pasts],
        [p.last_recorded_day for _, _, p in pasts],
        [p.day_count for _, _, p in pasts],
    )


class Counting(NamedTuple):
    """An act that counted for an objective of a run."""

    user_id: UUID
    event_id: UUID
    quest_id: UUID
    objective: str
    completion: int
    value: str | None


async def add_acts(tx: Tx, acts: list[Counting]) -> None:
    """Notes which events counted for which runs."""
    if acts:
        await tx.execute(
            "INSERT INTO quest_acts (user_id, event_id, quest_id, objective, completion, value) "
            "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[]) "
            "ON CONFLICT DO NOTHING",
            *[[act[n] for act in acts] for n in range(6)],
        )


async def acts_of(tx: Tx, event_ids: list[UUID]) -> list[Record]:
    """What these events counted for."""
    return await tx.fetch("SELECT * FROM quest_acts WHERE event_id = ANY($1::uuid[])", event_ids)


async def forget_acts(tx: Tx, event_ids: list[UUID]) -> None:
    """These events count no more."""
    await tx.execute("DELETE FROM quest_acts WHERE event_id = ANY($1::uuid[])", event_ids)


async def run(tx: Tx, user_id: UUID, quest_id: UUID, completion: int) -> Run | None:
    """One run."""
    row = await tx.fetchrow(
        "SELECT * FROM user_quests WHERE user_id = $1 AND quest_id = $2 AND completion = $3",
        user_id,
        quest_id,
        completion,
    )
    return None if row is None else run_of(row)


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


async def recount(tx: Tx, user_id: UUID, quest_id: UUID) -> None:
    """A player's past with a quest, from their runs, after one was taken back."""
    await tx.execute(
        "WITH done AS (SELECT * FROM user_quests WHERE user_id = $1 AND quest_id = $2 AND state = 'completed'), "
        "latest AS (SELECT recorded_at, recorded_day FROM done ORDER BY recorded_at DESC LIMIT 1) "
        "UPDATE quest_counts SET completions = (SELECT count(*) FROM done), "
        "periods = coalesce((SELECT array_agg(period ORDER BY period) FROM done WHERE period IS NOT NULL), '{}'), "
        "last_recorded_at = (SELECT recorded_at FROM latest), last_recorded_day = (SELECT recorded_day FROM latest), "
        "day_count = (SELECT count(*) FROM done WHERE recorded_day = (SELECT recorded_day FROM latest)) "
        "WHERE user_id = $1 AND quest_id = $2",
        user_id,
        quest_id,
    )


async def next_completion(tx: Tx, user_id: UUID, quest_id: UUID) -> int:
    """The number of a player's next run of a quest, taken."""
    return await tx.fetchval(
        "UPDATE quest_counts SET runs = runs + 1 WHERE user_id = $1 AND quest_id = $2 RETURNING runs", user_id, quest_id
    )


async def move_acts(tx: Tx, user_id: UUID, quest_id: UUID, completion: int, to: int) -> None:
    """What counted for one run counts for another."""
    await tx.execute(
        "UPDATE quest_acts SET completion = $4 WHERE user_id = $1 AND quest_id = $2 AND completion = $3",
        user_id,
        quest_id,
        completion,
        to,
    )


# Streaks


def _streak(row: Record) -> Streak:
    return Streak(
        length=row["length"],
        best=row["best"],
        freezes=row["freezes"],
        last_day=row["last_day"],
        covered=row["covered"],
    )


async def streaks(tx: Tx, user_ids: list[UUID], kind: str) -> dict[UUID, Streak]:
    """Players' streaks."""
    rows = await tx.fetch("SELECT * FROM streaks WHERE user_id = ANY($1::uuid[]) AND kind = $2", user_ids, kind)
    return {row["user_id"]: _streak(row) for row in rows}


async def streak_row(tx: Tx, user_id: UUID, kind: str) -> Record | None:
    """A player's streak."""
    return await tx.fetchrow("SELECT * FROM streaks WHERE user_id = $1 AND kind = $2", user_id, kind)


async def save_streaks(tx: Tx, kind: str, rows: list[tuple[UUID, Streak, datetime | None]]) -> None:
    """Writes streaks back, each with the moment at which it is due."""
    if rows:
        await tx.execute(
            "INSERT INTO streaks (user_id, kind, length, best, freezes, last_day, covered, due_at) "
            "SELECT user_id, $1, length, best, freezes, last_day, covered, due_at FROM unnest($2::uuid[], $3::int[], "
            "$4::int[], $5::int[], $6::date[], $7::date[], $8::timestamptz[]) "
            "AS w(user_id, length, best, freezes, last_day, covered, due_at) "
            "ON CONFLICT (user_id, kind) DO UPDATE SET length = EXCLUDED.length, best = EXCLUDED.best, "
            "freezes = EXCLUDED.freezes, last_day = EXCLUDED.last_day, covered = EXCLUDED.covered, due_at = EXCLUDED.due_at",
            kind,
            [user_id for user_id, _, _ in rows],
            [streak.length for _, streak, _ in rows],
            [streak.best for _, streak, _ in rows],
            [streak.freezes for _, streak, _ in rows],
            [streak.last_day for _, streak, _ in rows],
            [streak.covered for _, streak, _ in rows],
            [due for _, _, due in rows],
        )


async def mark_days(tx: Tx, kind: str, days: list[tuple[UUID, date, str, str]]) -> None:
    """Local days that count, with how and in which zone; an act outranks a freeze, and a leave is remembered below it."""
    if days:
        await tx.execute(
            "INSERT INTO streak_days AS d (user_id, kind, day, how, zone, excused) "
            "SELECT user_id, $1, day, how, zone, how = 'excused' "
            "FROM unnest($2::uuid[], $3::date[], $4::text[], $5::text[]) AS w(user_id, day, how, zone) "
            "ON CONFLICT (user_id, kind, day) DO UPDATE SET excused = d.excused OR EXCLUDED.excused, "
            "how = CASE WHEN d.how = 'kept' THEN d.how ELSE EXCLUDED.how END, "
            "zone = CASE WHEN d.how = 'kept' THEN d.zone ELSE EXCLUDED.zone END",
            kind,
            *[[day[n] for day in days] for n in range(4)],
        )


async def forget_frozen(tx: Tx, user_id: UUID, kind: str) -> None:
    """Frozen days are told anew after a replay."""
    await tx.execute("DELETE FROM streak_days WHERE user_id = $1 AND kind = $2 AND how = 'frozen'", user_id, kind)


async def forget_day(tx: Tx, user_id: UUID, kind: str, day: date) -> None:
    """Nothing was done on that day after all, unless another completion kept it: it is on leave again, or missed."""
    kept = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM user_quests WHERE user_id = $1 AND state = 'completed' AND kept_day AND local_day = $2)",
        user_id,
        day,
    )
    if not kept:
        await tx.execute(
            "DELETE FROM streak_days WHERE user_id = $1 AND kind = $2 AND day = $3 AND NOT excused", user_id, kind, day
        )
        await tx.execute(
            "UPDATE streak_days SET how = 'excused' WHERE user_id = $1 AND kind = $2 AND day = $3", user_id, kind, day
        )


async def end_leave(tx: Tx, user_id: UUID, kind: str, after: date) -> None:
    """A leave that was planned for longer ends: its days after one count again."""
    await tx.execute(
        "DELETE FROM streak_days d USING streaks s WHERE d.user_id = $1 AND d.kind = $2 AND d.day > $3 "
        "AND d.how = 'excused' AND s.user_id = d.user_id AND s.kind = d.kind AND d.day <= s.paused_until",
        user_id,
        kind,
        after,
    )


async def days(tx: Tx, user_id: UUID, kind: str, since: date) -> list[Record]:
    """Days that count, from one on."""
    return await tx.fetch(
        "SELECT day, how FROM streak_days WHERE user_id = $1 AND kind = $2 AND day >= $3 ORDER BY day",
        user_id,
        kind,
        since,
    )


async def first_day(tx: Tx, user_id: UUID, kind: str) -> date | None:
    """The first day that ever counted."""
    return await tx.fetchval("SELECT min(day) FROM streak_days WHERE user_id = $1 AND kind = $2", user_id, kind)


async def pause(tx: Tx, user_id: UUID, kind: str, until: date) -> None:
    """A planned leave."""
    await tx.execute(
        "INSERT INTO streaks (user_id, kind, length, best, freezes, paused_until) VALUES ($1, $2, 0, 0, 0, $3) "
        "ON CONFLICT (user_id, kind) DO UPDATE SET paused_until = EXCLUDED.paused_until",
        user_id,
        kind,
        until,
    )


async def due_no_later(tx: Tx, user_id: UUID, moment: datetime) -> None:
    """A player's days end at other moments from then on: their streaks are looked at then."""
    await tx.execute(
        "UPDATE streaks SET due_at = least(due_at, $2) WHERE user_id = $1 AND due_at IS NOT NULL", user_id, moment
    )


async def due_streaks(tx: Tx, now: datetime) -> list[UUID]:
    """Players whose streaks have a day that went by without an act, some at a time."""
    rows = await tx.fetch("SELECT user_id FROM streaks WHERE due_at <= $1 ORDER BY due_at LIMIT 200", now)
    return [row[0] for row in rows]
