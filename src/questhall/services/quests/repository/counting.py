"""Players' pasts with quests, and which events counted for which runs."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from questhall.kernel.database import Record, Tx
from questhall.services.quests.rules import Past


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


async def completed_slugs(tx: Tx, user_ids: list[UUID]) -> dict[UUID, frozenset[str]]:
    """Slugs of the quests that players completed at least once."""
    rows = await tx.fetch(
        "SELECT c.user_id, array_agg(q.slug) AS slugs FROM quest_counts c JOIN quests q ON q.id = c.quest_id "
        "WHERE c.user_id = ANY($1::uuid[]) AND c.completions > 0 GROUP BY c.user_id",
        user_ids,
    )
    return {row["user_id"]: frozenset(row["slugs"]) for row in rows}


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
