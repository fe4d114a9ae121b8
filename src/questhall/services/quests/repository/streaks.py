"""Streaks and the local days that keep them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from questhall.kernel.database import Record, Tx
from questhall.services.quests.streaks import Streak


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
