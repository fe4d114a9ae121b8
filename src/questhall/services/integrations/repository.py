"""Every SQL statement of integrations."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx, json_text
from questhall.kernel.sections import Section
from questhall.kernel.versions import change_row

DETAIL_MAX = 300


async def add_source(tx: Tx, values: dict[str, Any]) -> Record | None:
    """A new source; None if the slug is taken."""
    return await tx.fetchrow(
        "INSERT INTO sources (id, slug, kind, name, secrets, mapping, past_days, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
        "ON CONFLICT DO NOTHING RETURNING *",
        values["id"],
        values["slug"],
        values["kind"],
        values["name"],
        values["secrets"],
        values["mapping"],
        values["past_days"],
        tx.now,
    )


async def sources(tx: Tx) -> list[Record]:
    """All sources by name."""
    return await tx.fetch("SELECT * FROM sources ORDER BY name, slug")


async def source(tx: Tx, slug: str, *, lock: bool = False) -> Record | None:
    """A source by slug."""
    return await tx.fetchrow(f"SELECT * FROM sources WHERE slug = $1 {'FOR UPDATE' if lock else ''}", slug)


async def change_source(tx: Tx, slug: str, version: int | None, changes: dict[str, Any]) -> Record:
    """Changes columns of a source that is there. Refuses ``stale``."""
    return await change_row(tx, "sources", ("slug", slug), version, changes)


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
    kept = {kept_key(key): key for key in keys}
    rows = await tx.fetch("SELECT key FROM activity_keys WHERE key = ANY($1::text[])", list(kept))
    return {kept[row[0]] for row in rows}


def kept_key(key: str) -> str:
    """As an act's own key is kept, for ever: it may name whose act it was, and its digest does not."""
    return hashlib.sha256(key.encode()).hexdigest()


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose an account is."""

    link_id: UUID
    user_id: UUID
    known: bool
    """Whether the link has this name and number of the account already."""


_OWNERS_SQL = """
WITH w AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS w(kind, account, stable_id))
SELECT w.kind, w.account, w.stable_id, l.id, l.user_id, l.account = w.account AS known, 0 AS rank, l.created_at
FROM w JOIN links l ON l.kind = w.kind AND l.stable_id = w.stable_id WHERE w.stable_id <> ''
UNION ALL
SELECT w.kind, w.account, w.stable_id, l.id, l.user_id, w.stable_id = l.stable_id OR w.stable_id = '', 1, l.created_at
FROM w JOIN links l ON l.kind = w.kind AND l.account = w.account
WHERE l.stable_id = '' OR w.stable_id = '' OR l.stable_id = w.stable_id
ORDER BY rank DESC, created_at DESC
"""


async def owners(tx: Tx, people: set[tuple[str, str, str]]) -> dict[tuple[str, str, str], Owner]:
    """Whose accounts (kind, name, number) these are: by the number where a link knows it, else by the name."""
    columns: list[list[str]] = [[person[n] for person in people] for n in range(3)]
    # The last row of a person is the one that counts most.
    return {
        (row[0], row[1], row[2]): Owner(link_id=row["id"], user_id=row["user_id"], known=row["known"])
        for row in await tx.fetch(_OWNERS_SQL, *columns)
    }


async def learn_accounts(tx: Tx, learnt: dict[tuple[str, str, str], Owner]) -> None:
    """Writes into links which number their account has, and which name it has now, unless that name is linked itself."""
    await tx.execute(
        "UPDATE links l SET stable_id = w.stable_id, account = w.account "
        "FROM unnest($1::uuid[], $2::text[], $3::text[]) AS w(id, account, stable_id) WHERE l.id = w.id "
        "AND NOT EXISTS (SELECT FROM links o WHERE o.kind = l.kind AND o.account = w.account AND o.id <> l.id)",
        [owner.link_id for owner in learnt.values()],
        [account for _, account, _ in learnt],
        [stable_id for _, _, stable_id in learnt],
    )


async def learn_ids(tx: Tx, kind: str, numbers: dict[str, str]) -> None:
    """Writes into links by name which number their account has."""
    if numbers:
        await tx.execute(
            "UPDATE links l SET stable_id = w.stable_id FROM unnest($2::text[], $3::text[]) AS w(account, stable_id) "
            "WHERE l.kind = $1 AND l.account = w.account",
            kind,
            list(numbers),
            list(numbers.values()),
        )


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
    INSERT INTO waiting (kind, account, activity_id, source_id, delivery_id, activity, received_at, stable_id)
    SELECT * FROM unnest($14::text[], $15::text[], $16::uuid[], $17::uuid[], $18::uuid[], $19::jsonb[], $20::timestamptz[],
                         $21::text[])
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
    stable_id: str


async def take(
    tx: Tx, deliveries: list[TakenDelivery], keys: list[tuple[str, UUID]], waiting: list[TakenWaiting]
) -> bool:
    """Writes a batch as one statement; False when another writer was first with part of it."""
    columns = [[getattr(d, name) for d in deliveries] for name in TakenDelivery.__struct_fields__]
    more = [[getattr(w, name) for w in waiting] for name in TakenWaiting.__struct_fields__]
    row = await tx.fetchrow(_TAKE_SQL, *columns, [kept_key(k) for k, _ in keys], [a for _, a in keys], *more)
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


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to be made."""

    kind: str
    account: str
    id: UUID
    user_id: UUID
    username: str
    made_by: str


async def add_links(tx: Tx, rows: list[NewLink]) -> list[Record]:
    """Makes account links; answers those that are new, and leaves an account that is linked as it is."""
    columns = [[getattr(row, name) for row in rows] for name in NewLink.__struct_fields__]
    return await tx.fetch(
        "INSERT INTO links (kind, account, id, user_id, username, made_by, created_at) "
        "SELECT *, $7::timestamptz FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[]) "
        "ON CONFLICT DO NOTHING RETURNING *",
        *columns,
        tx.now,
    )


async def links_to(tx: Tx, kind: str, accounts: list[str]) -> list[Record]:
    """The links of these accounts, by account."""
    return await tx.fetch(
        "SELECT * FROM links WHERE kind = $1 AND account = ANY($2::text[]) ORDER BY account", kind, accounts
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


async def end_link(tx: Tx, kind: str, link_id: UUID) -> Record | None:
    """Ends a link; None if it is not there."""
    return await tx.fetchrow("DELETE FROM links WHERE kind = $1 AND id = $2 RETURNING *", kind, link_id)


_WAITED_SQL = """
SELECT g.*, s.slug FROM gone g JOIN sources s ON s.id = g.source_id ORDER BY g.activity_id
"""


async def take_waiting(tx: Tx, kind: str, accounts: list[str], since: datetime) -> list[Record]:
    """What waited for these accounts, oldest first; it does not wait any more.

    Where an account changed hands meanwhile (its number is another), only what its last holder did is theirs.
    """
    return await tx.fetch(
        "WITH holders AS ("
        "SELECT DISTINCT ON (account) account, stable_id FROM waiting WHERE kind = $1 AND account = ANY($2::text[]) "
        "AND received_at >= $3 ORDER BY account, activity_id DESC"
        "), gone AS ("
        "DELETE FROM waiting w USING holders h WHERE w.kind = $1 AND w.account = h.account "
        "AND w.stable_id = h.stable_id AND w.received_at >= $3 RETURNING w.*"
        f") {_WAITED_SQL}",
        kind,
        accounts,
        since,
    )


async def take_linked(tx: Tx, since: datetime) -> list[Record]:
    """What waits although its account is linked, oldest first, with whose it is; it does not wait any more."""
    return await tx.fetch(
        "WITH found AS ("
        "SELECT w.kind, w.account, w.activity_id, l.user_id, 0 AS rank FROM waiting w "
        "JOIN links l ON l.kind = w.kind AND l.stable_id = w.stable_id WHERE w.stable_id <> '' AND l.stable_id <> '' "
        "UNION ALL "
        "SELECT w.kind, w.account, w.activity_id, l.user_id, 1 FROM waiting w "
        "JOIN links l ON l.kind = w.kind AND l.account = w.account "
        "WHERE l.stable_id = '' OR w.stable_id = '' OR l.stable_id = w.stable_id"
        "), due AS ("
        "SELECT DISTINCT ON (kind, account, activity_id) * FROM found ORDER BY kind, account, activity_id, rank"
        "), gone AS ("
        "DELETE FROM waiting w USING due d WHERE w.kind = d.kind AND w.account = d.account "
        "AND w.activity_id = d.activity_id AND w.received_at >= $1 RETURNING w.*, d.user_id"
        f") {_WAITED_SQL}",
        since,
    )


async def credited(tx: Tx, said: dict[UUID, list[dict[str, str]]]) -> None:
    """Writes into deliveries which of their acts were credited late, and whom the rest still wait for."""
    deliveries = sorted(said)
    # Two links made at once may concern one delivery: who comes second reads what the first has left waiting.
    await tx.fetch("SELECT FROM deliveries WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", deliveries)
    await tx.execute(
        "UPDATE deliveries d SET outcome = 'recorded', activities = d.activities || c.activities, detail = "
        "coalesce((SELECT left('waits for an account link: ' || string_agg(DISTINCT w.account, ', '), $3) "
        "FROM waiting w WHERE w.delivery_id = d.id), 'credited when its account was linked') "
        "FROM unnest($1::uuid[], $2::jsonb[]) AS c(id, activities) WHERE d.id = c.id",
        deliveries,
        [json_text(said[delivery]) for delivery in deliveries],
        DETAIL_MAX,
    )


async def waiting(tx: Tx, kind: str) -> list[Record]:
    """How much waits for which account."""
    return await tx.fetch(
        "SELECT account, count(*) AS count, max(received_at) AS last FROM waiting WHERE kind = $1 "
        "GROUP BY account ORDER BY count(*) DESC, account LIMIT 200",
        kind,
    )


async def forget_old(tx: Tx, bodies_before: datetime, waiting_before: datetime) -> None:
    """Bodies and waiting acts past their keep."""
    await tx.execute("UPDATE deliveries SET body = NULL WHERE body IS NOT NULL AND received_at < $1", bodies_before)
    await tx.execute(
        "WITH gone AS (DELETE FROM waiting WHERE received_at < $1 RETURNING delivery_id) "
        "UPDATE deliveries SET outcome = CASE outcome WHEN 'waiting' THEN 'ignored' ELSE outcome END, "
        "detail = 'waited 30 days for an account link' WHERE id IN (SELECT delivery_id FROM gone)",
        waiting_before,
    )


async def rename(tx: Tx, user_id: UUID, username: str) -> None:
    """A player has another name now."""
    await tx.execute("UPDATE links SET username = $2 WHERE user_id = $1 AND username <> $2", user_id, username)


SECTIONS = (
    Section(
        "accounts",
        "SELECT id AS place, kind, account, created_at FROM links WHERE user_id = $1 "
        "AND ($2::text IS NULL OR id > $2::text::uuid) ORDER BY 1 LIMIT $3",
    ),
)
WAITS_FOR = "waits for an account link: "
"""What a delivery's detail begins with while nobody is known by its accounts; they follow."""
FORGOTTEN_AT_ONCE = 100
"""Deliveries; each may have a large body."""

# Acts of theirs go with all that tells of them. In others' deliveries their accounts and address may be named: there the body
# goes, and the delivery stays, so that it counts once; what waits of it for others waits on. In JSON they stand as strings of
# their own, in a form field with their quotes encoded.
_FORGET_SQL = """
WITH page AS (
    SELECT source_id, id FROM deliveries WHERE $2::uuid IS NULL OR id > $2 ORDER BY id LIMIT $3
), words AS (
    SELECT encode(convert_to(lower(w), 'UTF8'), 'escape') AS word FROM (
        SELECT '"' || n || '"' FROM unnest($4::text[]) AS n UNION SELECT '%22' || n || '%22' FROM unnest($4::text[]) AS n
    ) AS quoted(w)
), theirs AS (
    UPDATE deliveries d SET body = NULL, detail = '', external_id = 'erased:' || d.id
    FROM page p WHERE d.source_id = p.source_id AND d.id = p.id AND d.external_id <> 'erased:' || d.id AND (
        d.activities @> jsonb_build_array(jsonb_build_object('user_id', $1::uuid::text))
        OR (starts_with(d.detail, $5) AND string_to_array(substr(d.detail, length($5) + 1), ', ') && $4::text[]))
    RETURNING d.id
), others AS (
    UPDATE deliveries d SET body = NULL FROM page p
    WHERE d.source_id = p.source_id AND d.id = p.id AND d.body IS NOT NULL
    AND NOT EXISTS (SELECT FROM theirs t WHERE t.id = d.id)
    AND EXISTS (SELECT FROM words WHERE position(word IN lower(encode(d.body, 'escape'))) > 0)
)
SELECT id FROM page ORDER BY id
"""


async def accounts_of(tx: Tx, user_id: UUID) -> list[str]:
    """What a player is called elsewhere."""
    rows = await tx.fetch("SELECT DISTINCT account FROM links WHERE user_id = $1", user_id)
    return [row[0] for row in rows]


async def forget_deliveries(tx: Tx, user_id: UUID, after: UUID | None, accounts: list[str]) -> UUID | None:
    """Empties deliveries that tell of a player, some at a time; where to go on, None: that was all."""
    rows = await tx.fetch(_FORGET_SQL, user_id, after, FORGOTTEN_AT_ONCE, accounts, WAITS_FOR)
    return rows[-1][0] if len(rows) == FORGOTTEN_AT_ONCE else None


async def forget_accounts(tx: Tx, user_id: UUID) -> None:
    """Ends a player's links, and what waits for their accounts."""
    await tx.execute(
        "DELETE FROM waiting w USING links l WHERE l.user_id = $1 AND w.kind = l.kind "
        "AND (w.account = l.account OR (w.stable_id <> '' AND w.stable_id = l.stable_id))",
        user_id,
    )
    await tx.execute("DELETE FROM links WHERE user_id = $1", user_id)
