"""Every SQL statement of integrations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx


async def add_source(tx: Tx, values: dict[str, Any]) -> Record | None:
    """A new source; None if the slug is taken."""
    return await tx.fetchrow(
        "INSERT INTO sources (id, slug, kind, name, secrets, created_at) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT DO NOTHING RETURNING *",
        values["id"],
        values["slug"],
        values["kind"],
        values["name"],
        values["secrets"],
        tx.now,
    )


async def sources(tx: Tx) -> list[Record]:
    """All sources by name."""
    return await tx.fetch("SELECT * FROM sources ORDER BY name, slug")


async def source(tx: Tx, slug: str) -> Record | None:
    """A source by slug."""
    return await tx.fetchrow("SELECT * FROM sources WHERE slug = $1", slug)


async def change_source(tx: Tx, slug: str, changes: dict[str, Any]) -> Record | None:
    """Changes columns (names are ours)."""
    sets = "".join(f"{name} = ${n + 2}, " for n, name in enumerate(changes))
    return await tx.fetchrow(
        f"UPDATE sources SET {sets}version = version + 1 WHERE slug = $1 RETURNING *", slug, *changes.values()
    )


async def connected(tx: Tx, source_ids: list[UUID]) -> None:
    """The sources were heard from."""
    await tx.execute(
        "UPDATE sources SET connected_at = $2 WHERE id = ANY($1::uuid[]) AND connected_at IS NULL", source_ids, tx.now
    )


async def known_deliveries(tx: Tx, source_ids: list[UUID], external_ids: list[str]) -> dict[tuple[UUID, str], Record]:
    """Deliveries that came before."""
    rows = await tx.fetch(
        "SELECT d.source_id, d.external_id, d.id, d.outcome FROM deliveries d "
        "JOIN unnest($1::uuid[], $2::text[]) AS w(source_id, external_id) USING (source_id, external_id)",
        source_ids,
        external_ids,
    )
    return {(row["source_id"], row["external_id"]): row for row in rows}


async def known_keys(tx: Tx, keys: list[str]) -> set[str]:
    """Acts that were counted before."""
    return {row[0] for row in await tx.fetch("SELECT key FROM activity_keys WHERE key = ANY($1::text[])", keys)}


async def linked(tx: Tx, kinds: list[str], accounts: list[str]) -> dict[tuple[str, str], UUID]:
    """Whose accounts these are."""
    rows = await tx.fetch(
        "SELECT l.kind, l.account, l.user_id FROM links l "
        "JOIN unnest($1::text[], $2::text[]) AS w(kind, account) USING (kind, account)",
        kinds,
        accounts,
    )
    return {(row[0], row[1]): row[2] for row in rows}


_TAKE_SQL = """
WITH d AS (
    INSERT INTO deliveries (source_id, id, external_id, event, outcome, detail, body, body_hash, content_type, received_at,
                            activities)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[],
                         $9::text[], $10::timestamptz[], $11::jsonb[])
    ON CONFLICT DO NOTHING RETURNING 1
), k AS (
    INSERT INTO activity_keys (key, activity_id) SELECT * FROM unnest($12::text[], $13::uuid[])
    ON CONFLICT DO NOTHING RETURNING 1
), w AS (
    INSERT INTO waiting (kind, account, activity_id, source_id, delivery_id, activity, received_at)
    SELECT * FROM unnest($14::text[], $15::text[], $16::uuid[], $17::uuid[], $18::uuid[], $19::jsonb[], $20::timestamptz[])
)
SELECT (SELECT count(*) FROM d) AS deliveries, (SELECT count(*) FROM k) AS keys
"""


class TakenDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to be written."""

    source_id: UUID
    id: UUID
    external_id: str
    event: str
    outcome: str
    detail: str
    body: bytes
    body_hash: bytes
    content_type: str
    received_at: Any
    activities: str


class TakenWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """An act of an account that nobody has yet."""

    kind: str
    account: str
    activity_id: UUID
    source_id: UUID
    delivery_id: UUID
    activity: str
    received_at: Any


async def take(
    tx: Tx, deliveries: list[TakenDelivery], keys: list[tuple[str, UUID]], waiting: list[TakenWaiting]
) -> bool:
    """Writes a batch as one statement; False when another writer was first with part of it."""
    columns = [[getattr(d, name) for d in deliveries] for name in TakenDelivery.__struct_fields__]
    more = [[getattr(w, name) for w in waiting] for name in TakenWaiting.__struct_fields__]
    row = await tx.fetchrow(_TAKE_SQL, *columns, [k for k, _ in keys], [a for _, a in keys], *more)
    assert row is not None
    return row["deliveries"] == len(deliveries) and row["keys"] == len(keys)


async def deliveries(tx: Tx, source_id: UUID, after: UUID | None, limit: int) -> list[Record]:
    """Deliveries of a source, newest first."""
    return await tx.fetch(
        "SELECT * FROM deliveries WHERE source_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        source_id,
        after,
        limit,
    )


async def delivery(tx: Tx, delivery_id: UUID) -> Record | None:
    """A delivery with its source."""
    return await tx.fetchrow(
        "SELECT d.*, s.slug, s.name, s.kind FROM deliveries d JOIN sources s ON s.id = d.source_id WHERE d.id = $1",
        delivery_id,
    )


async def add_links(tx: Tx, rows: list[dict[str, Any]]) -> list[Record]:
    """Account links; one that somebody else has is moved to the player named now."""
    return await tx.fetch(
        "INSERT INTO links (kind, account, id, user_id, username, made_by, created_at) "
        "SELECT *, $7::timestamptz FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[]) "
        "ON CONFLICT (kind, account) DO UPDATE SET user_id = EXCLUDED.user_id, username = EXCLUDED.username RETURNING *",
        [r["kind"] for r in rows],
        [r["account"] for r in rows],
        [r["id"] for r in rows],
        [r["user_id"] for r in rows],
        [r["username"] for r in rows],
        [r["made_by"] for r in rows],
        tx.now,
    )


async def links(tx: Tx, kind: str, after: str | None, limit: int) -> list[Record]:
    """Links of a kind by account."""
    return await tx.fetch(
        "SELECT * FROM links WHERE kind = $1 AND ($2::text IS NULL OR account > $2) ORDER BY account LIMIT $3",
        kind,
        after,
        limit,
    )


async def links_of(tx: Tx, user_id: UUID) -> list[Record]:
    """A player's links."""
    return await tx.fetch("SELECT * FROM links WHERE user_id = $1 ORDER BY kind, account", user_id)


async def end_link(tx: Tx, kind: str, link_id: UUID) -> bool:
    """Ends a link; whether it was there."""
    return await tx.execute("DELETE FROM links WHERE kind = $1 AND id = $2", kind, link_id) == "DELETE 1"


async def take_waiting(tx: Tx, kind: str, accounts: list[str]) -> list[Record]:
    """What waited for these accounts, oldest first; it does not wait any more."""
    return await tx.fetch(
        "WITH gone AS (DELETE FROM waiting WHERE kind = $1 AND account = ANY($2::text[]) RETURNING *) "
        "SELECT g.*, s.slug FROM gone g JOIN sources s ON s.id = g.source_id ORDER BY g.activity_id",
        kind,
        accounts,
    )


async def take_linked(tx: Tx) -> list[Record]:
    """What waits although its account is linked, oldest first; it does not wait any more."""
    return await tx.fetch(
        "WITH gone AS (DELETE FROM waiting w USING links l WHERE l.kind = w.kind AND l.account = w.account "
        "RETURNING w.*, l.user_id) "
        "SELECT g.*, s.slug FROM gone g JOIN sources s ON s.id = g.source_id ORDER BY g.activity_id"
    )


async def waiting(tx: Tx, kind: str) -> list[Record]:
    """How much waits for which account."""
    return await tx.fetch(
        "SELECT account, count(*) AS count, max(received_at) AS last FROM waiting WHERE kind = $1 "
        "GROUP BY account ORDER BY count(*) DESC, account LIMIT 200",
        kind,
    )


async def forget_old(tx: Tx, body_days: int, waiting_days: int) -> None:
    """Bodies and waiting acts past their keep."""
    await tx.execute(
        "UPDATE deliveries SET body = NULL WHERE body IS NOT NULL AND received_at < now() - make_interval(days => $1)",
        body_days,
    )
    await tx.execute("DELETE FROM waiting WHERE received_at < now() - make_interval(days => $1)", waiting_days)


async def rename(tx: Tx, user_id: UUID, username: str) -> None:
    """A player has another name now."""
    await tx.execute("UPDATE links SET username = $2 WHERE user_id = $1 AND username <> $2", user_id, username)
