"""Forgetting: what the kernel keeps for a service of a person who is erased, beside the service's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from questhall.kernel.database import Tx
from questhall.kernel.personal import blanked

__all__ = ["forget_traces"]

_NAMING = (b"username", b"to", b"email", b"account")
"""Fields in which an answer names a player."""

ERASED_ANSWER = b'{"erased":true}'


async def forget_traces(tx: Tx, user_id: UUID, names: Sequence[str] = ()) -> int:
    """Forgets a person in answers that were kept, events that wait, and background jobs; idempotent.

    ``names``: what else they were known by: answers to others that name one of them are emptied. Answers how many events of
    theirs are still on their way from here: while there are any, others may have yet to hear them.
    """
    actors = [f"user:{user_id}", f"admin:{user_id}"]
    await _forget_answers(tx, user_id, actors, names)
    for table in ("outbox", "kept"):
        await _blank_outgoing(tx, table, str(user_id), actors)
    await _blank_parked(tx, str(user_id), actors)
    await tx.execute("DELETE FROM background_jobs WHERE owner = $1 AND finished_at IS NOT NULL", user_id)
    await tx.execute("UPDATE background_jobs SET owner = NULL WHERE owner = $1", user_id)
    return int(
        await tx.fetchval(
            "SELECT (SELECT count(*) FROM outbox WHERE aggregateid = $1) + (SELECT count(*) FROM kept WHERE aggregateid = $1)",
            str(user_id),
        )
    )


async def _forget_answers(tx: Tx, user_id: UUID, actors: list[str], names: Sequence[str]) -> None:
    await tx.execute("DELETE FROM idempotency_keys WHERE caller = ANY($1::text[]) AND state = 'done'", actors)
    # Names only where an answer gives them as somebody's: a player may be called "coins".
    wanted = [msgspec.json.encode(str(user_id))]
    wanted += [b'"%b":%b' % (field, msgspec.json.encode(name)) for name in names if name for field in _NAMING]
    await tx.execute(
        "UPDATE idempotency_keys SET body = $2, headers = '{}' WHERE state = 'done' "
        "AND EXISTS (SELECT FROM unnest($1::bytea[]) AS w WHERE position(w IN body) > 0)",
        wanted,
        ERASED_ANSWER,
    )


async def _blank_outgoing(tx: Tx, table: str, subject: str, actors: list[str]) -> None:
    rows = await tx.fetch(
        f"SELECT DISTINCT position, type, payload FROM {table} WHERE position($1 IN payload) > 0 OR actor = ANY($2::text[])",
        subject,
        actors,
    )
    for row in rows:
        payload = blanked(row["type"], row["payload"].encode())
        if payload is not None:
            await tx.execute(f"UPDATE {table} SET payload = $2 WHERE position = $1", row["position"], payload.decode())


async def _blank_parked(tx: Tx, subject: str, actors: list[str]) -> None:
    rows = await tx.fetch(
        "SELECT event_id, type, envelope->>'raw' AS raw FROM parked WHERE position($1 IN envelope::text) > 0 "
        "OR envelope->>'actor' = ANY($2::text[])",
        subject,
        actors,
    )
    for row in rows:
        raw = blanked(row["type"], row["raw"].encode()) or row["raw"].encode()
        # What went wrong may quote what the event said.
        await tx.execute(
            "UPDATE parked SET error = '', envelope = jsonb_set(envelope, '{raw}', to_jsonb($2::text)) WHERE event_id = $1",
            row["event_id"],
            raw.decode(),
        )
