"""Parts of rewards that wait until they can be credited."""

from __future__ import annotations

from uuid import UUID

import msgspec

from questhall.contracts.currency import Posting
from questhall.kernel.contract import Cause
from questhall.kernel.database import Tx, json_text


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a reward that could not be credited."""

    user_id: UUID
    part_id: str
    grant_id: UUID
    posting: Posting
    refusal: str
    cause: Cause


async def wait(tx: Tx, parts: list[Waiting]) -> None:
    """Keeps parts until they can be credited."""
    await tx.execute(
        "INSERT INTO unsettled_parts (user_id, part_id, grant_id, currency, posting, refusal, causation_id, "
        "correlation_id, actor, depth, since, tried_at) "
        "SELECT *, $11::timestamptz, $11::timestamptz "
        "FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::jsonb[], $6::text[], "
        "$7::uuid[], $8::uuid[], $9::text[], $10::int[]) ON CONFLICT DO NOTHING",
        [p.user_id for p in parts],
        [p.part_id for p in parts],
        [p.grant_id for p in parts],
        [p.posting.transfers[0].currency for p in parts],
        [json_text(p.posting) for p in parts],
        [p.refusal for p in parts],
        [p.cause.causation_id for p in parts],
        [p.cause.correlation_id for p in parts],
        [p.cause.actor for p in parts],
        [p.cause.depth for p in parts],
        tx.now,
    )


async def waiting(tx: Tx, limit: int) -> list[Waiting]:
    """Parts whose currency there is by now, those tried least recently first: one that can't be paid keeps none waiting."""
    rows = await tx.fetch(
        "SELECT p.* FROM unsettled_parts p JOIN currencies c ON c.code = p.currency AND c.active "
        "WHERE p.refusal <> 'undone' ORDER BY p.tried_at, p.user_id, p.part_id LIMIT $1",
        limit,
    )
    return [
        Waiting(
            user_id=row["user_id"],
            part_id=row["part_id"],
            grant_id=row["grant_id"],
            posting=msgspec.json.decode(row["posting"], type=Posting),
            refusal=row["refusal"],
            cause=Cause(
                correlation_id=row["correlation_id"],
                causation_id=row["causation_id"],
                actor=row["actor"],
                depth=row["depth"],
            ),
        )
        for row in rows
    ]


async def count_waiting(tx: Tx) -> int:
    """Parts that are earned and not paid, whatever the reason; those that were undone are not earned."""
    found = await tx.fetchval("SELECT count(*) FROM unsettled_parts WHERE refusal <> 'undone'")
    return int(found)


async def forgo(tx: Tx, event_ids: list[UUID]) -> None:
    """Parts that these events caused and that still wait are never credited: they were undone."""
    await tx.execute(
        "UPDATE unsettled_parts SET refusal = 'undone' WHERE causation_id = ANY($1::uuid[])",
        event_ids,
    )


async def forgo_grants(tx: Tx, user_id: UUID, grant_ids: list[UUID]) -> None:
    """Parts of these grants that still wait are never credited: what earned them was lost."""
    await tx.execute(
        "UPDATE unsettled_parts SET refusal = 'undone' WHERE user_id = $1 AND grant_id = ANY($2::uuid[])",
        user_id,
        grant_ids,
    )


async def waited(tx: Tx, part: Waiting, refusal: str | None) -> None:
    """A part was credited, or refused once more and waits on."""
    if refusal is None:
        await tx.execute("DELETE FROM unsettled_parts WHERE user_id = $1 AND part_id = $2", part.user_id, part.part_id)
    else:
        await tx.execute(
            "UPDATE unsettled_parts SET refusal = $3, tried_at = $4 WHERE user_id = $1 AND part_id = $2",
            part.user_id,
            part.part_id,
            refusal,
            tx.now,
        )


async def forget_waiting(tx: Tx, user_id: UUID, grant_id: UUID) -> int:
    """Parts of a grant that still wait are not to be credited any more; answers how many."""
    done = await tx.execute("DELETE FROM unsettled_parts WHERE user_id = $1 AND grant_id = $2", user_id, grant_id)
    return int(done.split()[-1])
