"""Players, their passwords, devices and addresses."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from questhall.kernel.database import Record, Tx
from questhall.kernel.versions import change_row


async def add_user(tx: Tx, values: dict[str, Any]) -> Record | None:
    """A new player; None when somebody took the name or the address just now."""
    return await tx.fetchrow(
        "INSERT INTO users (id, username, display_name, email, timezone, locale, role, status, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING *",
        *(values[n] for n in ("id", "username", "display_name", "email", "timezone", "locale", "role", "status")),
        tx.now,
    )


async def lock_address(tx: Tx, email: str) -> None:
    """Whoever wants this address waits until we are done, so that two can't both find it free."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(lower($1), 7))", email)


async def announced(tx: Tx, user_id: UUID) -> None:
    """The other services were told of the player."""
    await tx.execute("UPDATE users SET announced_at = $2 WHERE id = $1", user_id, tx.now)


async def set_password(tx: Tx, user_id: UUID, secret: str) -> None:
    """The hash of a player's password."""
    await tx.execute(
        "INSERT INTO credentials (user_id, kind, secret, changed_at) VALUES ($1, 'password', $2, $3) "
        "ON CONFLICT (user_id, kind) DO UPDATE SET secret = EXCLUDED.secret, changed_at = EXCLUDED.changed_at",
        user_id,
        secret,
        tx.now,
    )


async def taken(tx: Tx, username: str, email: str) -> Record | None:
    """Whether a name or an address is in use."""
    return await tx.fetchrow(
        "SELECT coalesce(bool_or(username = $1), false) AS username, "
        "coalesce(bool_or(lower(email) = lower($2)), false) AS email "
        "FROM users WHERE username = $1 OR lower(email) = lower($2)",
        username,
        email,
    )


async def user(tx: Tx, user_id: UUID, *, lock: bool = False) -> Record | None:
    """A player's row; None for one who was erased."""
    return await tx.fetchrow(
        f"SELECT * FROM users WHERE id = $1 AND status <> 'erased'{' FOR UPDATE' if lock else ''}", user_id
    )


async def users_outside(tx: Tx, mail_domain: str) -> list[Record]:
    """Some of those whose address is in another domain, admins last."""
    return await tx.fetch(
        "SELECT * FROM users WHERE status <> 'erased' AND NOT lower(email) LIKE '%@' || $1 "
        "ORDER BY role = 'admin', id LIMIT 1000",
        mail_domain,
    )


async def user_by_name(tx: Tx, username: str) -> Record | None:
    """A player by name."""
    return await tx.fetchrow("SELECT * FROM users WHERE username = $1 AND status <> 'erased'", username)


async def user_by_email(tx: Tx, email: str) -> Record | None:
    """A player by address."""
    return await tx.fetchrow("SELECT * FROM users WHERE lower(email) = lower($1)", email)


async def login_row(tx: Tx, login: str, device: bytes) -> Record | None:
    """A player with the password's hash, by name or address, and whether they have signed in on this device before."""
    return await tx.fetchrow(
        "SELECT u.*, c.secret, d.user_id IS NOT NULL AS known_device FROM users u "
        "JOIN credentials c ON c.user_id = u.id AND c.kind = 'password' "
        "LEFT JOIN devices d ON d.user_id = u.id AND d.secret_hash = $2 "
        "WHERE u.username = lower($1) OR lower(u.email) = lower($1)",
        login,
        device,
    )


async def note_device(tx: Tx, user_id: UUID, device: bytes) -> None:
    """The player signed in on this device."""
    await tx.execute(
        "INSERT INTO devices (user_id, secret_hash, created_at, seen_at) VALUES ($1, $2, $3, $3) "
        "ON CONFLICT (user_id, secret_hash) DO UPDATE SET seen_at = EXCLUDED.seen_at",
        user_id,
        device,
        tx.now,
    )


async def forget_devices(tx: Tx, user_id: UUID) -> None:
    """None of the player's devices is known any more."""
    await tx.execute("DELETE FROM devices WHERE user_id = $1", user_id)


async def password_of(tx: Tx, user_id: UUID) -> str | None:
    """The hash of a player's password."""
    return await tx.fetchval("SELECT secret FROM credentials WHERE user_id = $1 AND kind = 'password'", user_id)


async def users(tx: Tx, user_ids: list[UUID]) -> list[Record]:
    """Several players, also those who were erased."""
    return await tx.fetch("SELECT * FROM users WHERE id = ANY($1::uuid[])", user_ids)


async def search(tx: Tx, text: str, status: str | None, after: UUID | None, limit: int) -> list[Record]:
    """Players whose name or address holds a text, by id."""
    return await tx.fetch(
        "SELECT * FROM users WHERE status <> 'erased' AND ($1 = '' OR position(lower($1) in username) > 0 "
        "OR position(lower($1) in lower(email)) > 0 "
        "OR position(lower($1) in lower(display_name)) > 0) AND ($2::text IS NULL OR status = $2) "
        "AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4",
        text,
        status,
        after,
        limit,
    )


async def change(tx: Tx, user_id: UUID, version: int | None, changes: dict[str, Any]) -> Record:
    """Changes columns of a player's row. Refuses ``stale``."""
    return await change_row(tx, "users", ("id", user_id), version, changes)


async def mark_login(tx: Tx, user_id: UUID, day: date) -> bool:
    """Whether this is the first act of the day; noted."""
    done = await tx.execute(
        "UPDATE users SET last_login_day = $2 WHERE id = $1 AND (last_login_day IS NULL OR last_login_day < $2)",
        user_id,
        day,
    )
    return done == "UPDATE 1"


async def any_admin(tx: Tx) -> bool:
    """Whether there is an admin."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM users WHERE role = 'admin')"))


async def lock_admins(tx: Tx) -> int:
    """How many admins may act; locked, so that two of them can't take each other's role away at once."""
    rows = await tx.fetch("SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id FOR UPDATE")
    return len(rows)
