"""One player as a whole: the archive that is theirs, and what is left of one who was erased."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from questhall.kernel.database import Record, Tx
from questhall.kernel.sections import Section

SECTIONS = (
    Section(
        "profile",
        "SELECT id AS place, id, username, display_name, email, email_verified_at, timezone, locale, role, status, look, "
        "preferences, private, last_login_day, created_at FROM users WHERE id = $1 AND $2::text IS NULL ORDER BY 1 LIMIT $3",
    ),
    Section(
        "sessions",
        "SELECT id AS place, id, created_at, seen_at, expires_at, revoked_at, agent FROM sessions WHERE user_id = $1 "
        "AND ($2::text IS NULL OR id > $2::text::uuid) ORDER BY 1 LIMIT $3",
    ),
    Section(
        "tokens",
        "SELECT id AS place, id, name, scopes, created_at, last_used, expires, revoked_at FROM api_tokens WHERE user_id = $1 "
        "AND ($2::text IS NULL OR id > $2::text::uuid) ORDER BY 1 LIMIT $3",
    ),
    Section(
        "devices",
        "SELECT encode(secret_hash, 'hex') AS place, created_at, seen_at FROM devices WHERE user_id = $1 "
        "AND ($2::text IS NULL OR encode(secret_hash, 'hex') > $2) ORDER BY 1 LIMIT $3",
    ),
    Section(
        "mails",
        # Not their text: it may hold a link that works.
        "SELECT id AS place, id, recipient, subject, created_at FROM mails WHERE user_id = $1 "
        "AND ($2::text IS NULL OR id > $2::text::uuid) ORDER BY 1 LIMIT $3",
    ),
    Section(
        "invites",
        "SELECT id AS place, id, role, note, uses, uses_max, created_at, expires_at, revoked_at FROM invites "
        "WHERE made_by = $1 AND ($2::text IS NULL OR id > $2::text::uuid) ORDER BY 1 LIMIT $3",
    ),
)
PARTS_AT_ONCE = 2


# The archive


async def add_part(tx: Tx, user_id: UUID, job_id: UUID, number: int, service: str, section: str, items: str) -> None:
    """A part of an archive that is being gathered."""
    await tx.execute(
        "INSERT INTO archive_parts (user_id, job_id, number, service, section, items) VALUES ($1, $2, $3, $4, $5, $6)",
        user_id,
        job_id,
        number,
        service,
        section,
        items,
    )


async def set_archive(tx: Tx, user_id: UUID, job_id: UUID, missing: list[str]) -> None:
    """This is the player's archive now; the one before goes."""
    await tx.execute(
        "INSERT INTO archives (user_id, job_id, missing, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT (user_id) "
        "DO UPDATE SET job_id = EXCLUDED.job_id, missing = EXCLUDED.missing, made_at = EXCLUDED.made_at",
        user_id,
        job_id,
        missing,
        tx.now,
    )
    await tx.execute("DELETE FROM archive_parts WHERE user_id = $1 AND job_id <> $2", user_id, job_id)


async def archive(tx: Tx, user_id: UUID, since: datetime) -> Record | None:
    """A player's archive, if it was made since."""
    return await tx.fetchrow("SELECT * FROM archives WHERE user_id = $1 AND made_at > $2", user_id, since)


async def parts(tx: Tx, user_id: UUID, job_id: UUID, after: int) -> list[Record]:
    """Some parts of an archive, in order."""
    return await tx.fetch(
        "SELECT number, service, section, items FROM archive_parts WHERE user_id = $1 AND job_id = $2 AND number > $3 "
        "ORDER BY number LIMIT $4",
        user_id,
        job_id,
        after,
        PARTS_AT_ONCE,
    )


async def forget_archives(tx: Tx, before: datetime) -> None:
    """Ends archives that were kept long enough, and parts of those that came to nothing."""
    await tx.execute("DELETE FROM archives WHERE made_at <= $1", before)
    await tx.execute(
        "DELETE FROM archive_parts p WHERE NOT EXISTS (SELECT FROM archives a WHERE a.job_id = p.job_id) "
        "AND NOT EXISTS (SELECT FROM background_jobs j WHERE j.id = p.job_id AND j.finished_at IS NULL)"
    )


# Erasure


async def reserve_name(tx: Tx, digest: bytes) -> None:
    """Nobody takes up this name again."""
    await tx.execute("INSERT INTO former_names VALUES ($1) ON CONFLICT DO NOTHING", digest)


async def is_reserved(tx: Tx, digest: bytes) -> bool:
    """Whether somebody who was erased had this name."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM former_names WHERE digest = $1)", digest))


async def add_erasure(tx: Tx, user_id: UUID, names: list[str]) -> None:
    """Somebody is to be erased everywhere."""
    await tx.execute("INSERT INTO erasures (user_id, names, asked_at) VALUES ($1, $2, $3)", user_id, names, tx.now)


async def names_of(tx: Tx, user_id: UUID) -> list[str]:
    """What somebody who is being erased was called."""
    return list(await tx.fetchval("SELECT names FROM erasures WHERE user_id = $1", user_id) or [])


async def unfinished(tx: Tx) -> list[UUID]:
    """Who is yet to be forgotten everywhere."""
    rows = await tx.fetch("SELECT user_id FROM erasures WHERE finished_at IS NULL ORDER BY asked_at LIMIT 1000")
    return [row[0] for row in rows]


async def finish_erasure(tx: Tx, user_id: UUID) -> None:
    """Somebody is erased: the last place forgets what they were called."""
    await tx.execute("UPDATE erasures SET names = '{}', finished_at = $2 WHERE user_id = $1", user_id, tx.now)


async def anonymise(tx: Tx, user_id: UUID, display_name: str) -> None:
    """What is left of a player's row: an id, when it came to be, and a name that says nothing."""
    await tx.execute(
        "UPDATE users SET username = 'left-' || replace(id::text, '-', ''), display_name = $2, "
        "email = replace(id::text, '-', '') || '@erased.invalid', email_verified_at = NULL, timezone = 'UTC', "
        "zone_before = NULL, zone_from = NULL, zone_changed_at = NULL, locale = 'en', role = 'player', status = 'erased', "
        "look = NULL, preferences = '{}', private = true, last_login_day = NULL, version = version + 1 WHERE id = $1",
        user_id,
        display_name,
    )


async def end_exports(tx: Tx, user_id: UUID) -> None:
    """Ends a player's exports. A step that is under way is waited for, and what it brought is there to be dropped."""
    await tx.execute("DELETE FROM background_jobs WHERE kind = 'export' AND about = $1::uuid::text", user_id)


async def forget(tx: Tx, user_id: UUID, names: list[str]) -> None:
    """Drops everything that hangs on a player's row."""
    await end_exports(tx, user_id)
    for table in ("archives", "archive_parts", "credentials", "sessions", "api_tokens", "devices", "one_time_links"):
        await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)
    await tx.execute("DELETE FROM mails WHERE user_id = $1 OR lower(recipient) = ANY($2::text[])", user_id, names)
    await tx.execute("UPDATE invites SET note = '' WHERE note <> '' AND (made_by = $1 OR used_by = $1)", user_id)
