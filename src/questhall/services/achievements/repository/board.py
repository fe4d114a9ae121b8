"""The rare board: players by what their badges weigh."""

from __future__ import annotations

from uuid import UUID

from questhall.kernel.database import Record, Tx

# One pass over what stands. A badge counts once, however many tiers of it are held; who came to their points first is first.
_RENEW_SQL = """
WITH held AS (
    SELECT user_id, achievement_id, min(awarded_at) AS since FROM achievement_awards
    WHERE revoked_at IS NULL GROUP BY user_id, achievement_id
), fresh AS (
    SELECT h.user_id, sum(w.weight)::bigint AS points, count(*) FILTER (WHERE a.rarity = 'common')::int AS common,
        count(*) FILTER (WHERE a.rarity = 'rare')::int AS rare, count(*) FILTER (WHERE a.rarity = 'epic')::int AS epic,
        count(*) FILTER (WHERE a.rarity = 'legendary')::int AS legendary, max(h.since) AS since
    FROM held h JOIN achievements a ON a.id = h.achievement_id
    JOIN unnest($1::text[], $2::int[]) AS w(rarity, weight) ON w.rarity = a.rarity GROUP BY h.user_id
), gone AS (
    DELETE FROM board b WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.user_id = b.user_id)
)
INSERT INTO board AS b (user_id, points, common, rare, epic, legendary, since) SELECT * FROM fresh
ON CONFLICT (user_id) DO UPDATE SET points = EXCLUDED.points, common = EXCLUDED.common, rare = EXCLUDED.rare,
    epic = EXCLUDED.epic, legendary = EXCLUDED.legendary, since = EXCLUDED.since
WHERE (b.points, b.common, b.rare, b.epic, b.legendary, b.since)
    IS DISTINCT FROM (EXCLUDED.points, EXCLUDED.common, EXCLUDED.rare, EXCLUDED.epic, EXCLUDED.legendary, EXCLUDED.since)
"""


async def renew_board(tx: Tx, weights: dict[str, int]) -> None:
    """Tells anew what everybody's badges weigh."""
    await tx.execute(_RENEW_SQL, list(weights), list(weights.values()))


async def board(tx: Tx, skip: int, limit: int) -> list[Record]:
    """The board from its top on."""
    return await tx.fetch("SELECT * FROM board ORDER BY points DESC, since, user_id OFFSET $1 LIMIT $2", skip, limit)


async def board_place(tx: Tx, user_id: UUID) -> Record | None:
    """A player's row and ``rank``; None for who holds nothing."""
    return await tx.fetchrow(
        "SELECT b.*, 1 + (SELECT count(*) FROM board o WHERE o.points > b.points OR (o.points = b.points "
        "AND (o.since, o.user_id) < (b.since, b.user_id))) AS rank FROM board b WHERE b.user_id = $1",
        user_id,
    )
