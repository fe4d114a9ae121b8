"""Every SQL statement of audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from questhall.kernel.contract import Envelope
from questhall.kernel.database import Record, Tx
from questhall.kernel.sealing import Seal
from questhall.services.audit.rules import class_of

SEALED_COLUMNS = (
    'position, id, type, source, subject, "time", sequence, correlation_id, causation_id, actor, depth, traceparent, '
    "data::text AS data"
)


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What events are looked for; None: any."""

    subject: str | None = None
    type: str | None = None
    actor: str | None = None
    correlation: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


_APPEND_SQL = """
WITH e AS (
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bigint[],
                         $8::uuid[], $9::uuid[], $10::text[], $11::int[], $12::text[], $13::jsonb[])
        WITH ORDINALITY AS e(class, id, type, source, subject, "time", sequence, correlation_id, causation_id, actor,
                             depth, traceparent, data, n)
    WHERE NOT EXISTS (SELECT FROM event_log l WHERE l.class = e.class AND l.id = e.id)
), taken AS (
    UPDATE positions SET last = last + (SELECT count(*) FROM e) WHERE id = 1 RETURNING last
)
INSERT INTO event_log (class, id, position, type, source, subject, "time", sequence, correlation_id, causation_id,
                       actor, depth, traceparent, data)
SELECT e.class, e.id, taken.last - (SELECT count(*) FROM e) + row_number() OVER (ORDER BY e.n), e.type, e.source,
       e.subject, e."time", e.sequence, e.correlation_id, e.causation_id, e.actor, e.depth, e.traceparent, e.data
FROM e CROSS JOIN taken
"""


async def lock(tx: Tx) -> None:
    """One writes at a time: two can't both find an event missing, or make a key for one person."""
    await tx.execute("SELECT last FROM positions WHERE id = 1 FOR UPDATE")


async def append(tx: Tx, unique: list[Envelope[Any]], data: list[str]) -> None:
    """Writes events in the order given, each with its data as it is kept; those that are there already are left out.

    Behind ``lock``.
    """
    await tx.execute(
        _APPEND_SQL,
        [class_of(e.type) for e in unique],
        [e.id for e in unique],
        [e.type for e in unique],
        [e.source for e in unique],
        [e.subject for e in unique],
        [e.time for e in unique],
        [e.sequence for e in unique],
        [e.correlation_id for e in unique],
        [e.causation_id for e in unique],
        [e.actor for e in unique],
        [e.depth for e in unique],
        [e.traceparent for e in unique],
        data,
    )


async def roll(tx: Tx, month: date) -> None:
    """Makes a month's partitions."""
    await tx.execute("SELECT roll_event_log($1)", month)


async def position(tx: Tx) -> int:
    """The last position given."""
    return await tx.fetchval("SELECT last FROM positions WHERE id = 1")


async def event(tx: Tx, event_id: UUID) -> Record | None:
    """One event."""
    return await tx.fetchrow("SELECT * FROM event_log WHERE class IN ('lasting', 'passing') AND id = $1", event_id)


async def search(tx: Tx, wanted: Search, after: int | None, limit: int) -> list[Record]:
    """Events that fit, newest first."""
    # Only what is asked for stands in the statement, so that the planner sees which index fits.
    terms = {
        "subject = {}": wanted.subject,
        "type = {}": wanted.type,
        "actor = {}": wanted.actor,
        "correlation_id = {}": wanted.correlation,
        '"time" >= {}': wanted.since,
        '"time" < {}': wanted.until,
        "position < {}": after,
    }
    given = {term: value for term, value in terms.items() if value is not None}
    where = " AND ".join(term.format(f"${n}") for n, term in enumerate(given, 1))
    return await tx.fetch(
        f"SELECT * FROM event_log {'WHERE ' + where if where else ''} ORDER BY position DESC LIMIT ${len(given) + 1}",
        *given.values(),
        limit,
    )


async def read_log(tx: Tx, types: list[str], until: int, subject: str, position: int, limit: int) -> list[Record]:
    """Events of some types up to a position, by subject, after a place."""
    return await tx.fetch(
        'SELECT position, id, type, source, subject, "time", sequence, correlation_id, causation_id, actor, depth, '
        "traceparent, data FROM event_log WHERE type = ANY($1::text[]) AND position <= $2 "
        "AND (subject, position) > ($3, $4) ORDER BY subject, position LIMIT $5",
        types,
        until,
        subject,
        position,
        limit,
    )


async def count_log(tx: Tx, types: list[str], until: int) -> int:
    """How many events of some types there are up to a position."""
    return await tx.fetchval(
        "SELECT count(*) FROM event_log WHERE type = ANY($1::text[]) AND position <= $2", types, until
    )


async def unlogged(tx: Tx, event_ids: list[UUID]) -> list[UUID]:
    """Those of these events that are not in the log."""
    rows = await tx.fetch(
        "SELECT w.id FROM unnest($1::uuid[]) AS w(id) WHERE NOT EXISTS "
        "(SELECT FROM event_log l WHERE l.class IN ('lasting', 'passing') AND l.id = w.id)",
        event_ids,
    )
    return [row[0] for row in rows]


async def history(tx: Tx, user_id: UUID, types: list[str], after: int | None, limit: int) -> list[Record]:
    """What a player sees of themselves, newest first; all of it is kept for ever."""
    return await tx.fetch(
        "SELECT * FROM event_log WHERE class = 'lasting' AND subject = $1 AND type = ANY($2::text[]) "
        "AND ($3::bigint IS NULL OR position < $3) ORDER BY position DESC LIMIT $4",
        str(user_id),
        types,
        after,
        limit,
    )


async def told(tx: Tx, user_id: UUID, after: int, limit: int) -> list[Record]:
    """Everything that was said about a player, in the order of the log."""
    return await tx.fetch(
        "SELECT * FROM event_log WHERE subject = $1 AND position > $2 ORDER BY position LIMIT $3",
        str(user_id),
        after,
        limit,
    )


async def keys(tx: Tx, people: Sequence[UUID]) -> list[Record]:
    """Keys of people, sealed; null for who is erased."""
    return await tx.fetch("SELECT user_id, key FROM people WHERE user_id = ANY($1::uuid[])", people)


async def add_keys(tx: Tx, keys: dict[UUID, bytes]) -> None:
    """Keys of people who had none."""
    await tx.execute(
        "INSERT INTO people (user_id, key) SELECT * FROM unnest($1::uuid[], $2::bytea[])",
        list(keys),
        list(keys.values()),
    )


async def erase_key(tx: Tx, user_id: UUID) -> None:
    """Loses a key; there will be none again."""
    await tx.execute(
        "INSERT INTO people (user_id, erased_at) VALUES ($1, $2) ON CONFLICT (user_id) "
        "DO UPDATE SET key = NULL, erased_at = coalesce(people.erased_at, EXCLUDED.erased_at)",
        user_id,
        tx.now,
    )


async def partitions(tx: Tx) -> list[str]:
    """Names of the log's partitions, oldest first."""
    rows = await tx.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent IN ('event_log_lasting'::regclass, 'event_log_passing'::regclass) ORDER BY c.relname"
    )
    return [row["relname"] for row in rows]


async def sealed_partitions(tx: Tx) -> list[str]:
    """Names of partitions that have seals."""
    return [row["partition"] for row in await tx.fetch("SELECT DISTINCT partition FROM seals ORDER BY partition")]


async def last_seal(tx: Tx, partition: str) -> Record | None:
    """The newest block of a partition."""
    return await tx.fetchrow(
        "SELECT number, last, hash FROM seals WHERE partition = $1 ORDER BY number DESC LIMIT 1", partition
    )


async def seal(tx: Tx, partition: str, number: int) -> Record | None:
    """A block of a partition, by its number from 1."""
    return await tx.fetchrow("SELECT * FROM seals WHERE partition = $1 AND number = $2", partition, number)


async def block(tx: Tx, partition: str, after: int, limit: int) -> list[Record]:
    """Rows of a partition after a position."""
    return await tx.fetch(
        f'SELECT {SEALED_COLUMNS} FROM "{partition}" WHERE position > $1 ORDER BY position LIMIT $2', after, limit
    )


async def rows_between(tx: Tx, partition: str, first: int, last: int) -> list[Record]:
    """Rows of a sealed block."""
    return await tx.fetch(
        f'SELECT {SEALED_COLUMNS} FROM "{partition}" WHERE position BETWEEN $1 AND $2 ORDER BY position', first, last
    )


async def add_seal(tx: Tx, partition: str, number: int, block_: Seal, *, positions: list[int], digests: bytes) -> None:
    """A new block; nothing when another replica was first."""
    await tx.execute(
        "INSERT INTO seals (partition, number, first, last, positions, digests, previous, hash) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        partition,
        number,
        block_.first,
        block_.last,
        positions,
        digests,
        block_.previous,
        block_.hash,
    )
