"""Every SQL statement of identity."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from questhall.kernel.database import Record, Tx

_PRINCIPAL = "u.id AS user_id, u.username, u.role, u.status, u.timezone, u.zone_before, u.zone_from, u.last_login_day"


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
    """A player's row."""
    return await tx.fetchrow(f"SELECT * FROM users WHERE id = $1{' FOR UPDATE' if lock else ''}", user_id)


async def user_by_name(tx: Tx, username: str) -> Record | None:
    """A player by name."""
    return await tx.fetchrow("SELECT * FROM users WHERE username = $1", username)


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
    """Several players."""
    return await tx.fetch("SELECT * FROM users WHERE id = ANY($1::uuid[])", user_ids)


async def search(tx: Tx, text: str, status: str | None, after: UUID | None, limit: int) -> list[Record]:
    """Players whose name or address holds a text, by id."""
    return await tx.fetch(
        "SELECT * FROM users WHERE ($1 = '' OR position(lower($1) in username) > 0 "
        "OR position(lower($1) in lower(email)) > 0 "
        "OR position(lower($1) in lower(display_name)) > 0) AND ($2::text IS NULL OR status = $2) "
        "AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4",
        text,
        status,
        after,
        limit,
    )


async def change(tx: Tx, user_id: UUID, version: int | None, changes: dict[str, Any]) -> Record | None:
    """Changes columns (names are ours) if the version is still the one read; None if it is not."""
    names = list(changes)
    sets = ", ".join(f"{name} = ${i + 3}" for i, name in enumerate(names))
    return await tx.fetchrow(
        f"UPDATE users SET {sets}{', ' if sets else ''}version = version + 1 "
        "WHERE id = $1 AND ($2::int IS NULL OR version = $2) RETURNING *",
        user_id,
        version,
        *changes.values(),
    )


async def add_session(tx: Tx, secret_hash: bytes, user_id: UUID, values: dict[str, Any]) -> None:
    """A new session."""
    await tx.execute(
        "INSERT INTO sessions (secret_hash, id, user_id, created_at, seen_at, expires_at, agent) "
        "VALUES ($1, $2, $3, $4, $4, $5, $6)",
        secret_hash,
        values["id"],
        user_id,
        tx.now,
        values["expires_at"],
        values["agent"],
    )


async def sessions(tx: Tx, user_id: UUID, idle_since: datetime) -> list[Record]:
    """A player's sessions that are good now, the last used first."""
    return await tx.fetch(
        "SELECT id, created_at, seen_at, expires_at, agent FROM sessions WHERE user_id = $1 AND revoked_at IS NULL "
        "AND expires_at > $2 AND seen_at > $3 ORDER BY seen_at DESC, id DESC",
        user_id,
        tx.now,
        idle_since,
    )


async def session_holder(tx: Tx, secret_hash: bytes) -> Record | None:
    """Who holds a session that was not ended."""
    return await tx.fetchrow(
        f"SELECT {_PRINCIPAL}, s.id AS session_id, s.expires_at, s.seen_at FROM sessions s "
        "JOIN users u ON u.id = s.user_id WHERE s.secret_hash = $1 AND s.revoked_at IS NULL",
        secret_hash,
    )


async def token_holder(tx: Tx, secret_hash: bytes) -> Record | None:
    """Who holds an access token that was not deleted."""
    return await tx.fetchrow(
        f"SELECT {_PRINCIPAL}, t.id AS token_id, t.scopes, t.expires, t.last_used FROM api_tokens t "
        "JOIN users u ON u.id = t.user_id WHERE t.secret_hash = $1 AND t.revoked_at IS NULL",
        secret_hash,
    )


async def seen(tx: Tx, secret_hash: bytes) -> None:
    """The session was used."""
    await tx.execute("UPDATE sessions SET seen_at = $2 WHERE secret_hash = $1", secret_hash, tx.now)


async def token_used(tx: Tx, user_id: UUID, token_id: UUID) -> None:
    """The token was used."""
    await tx.execute("UPDATE api_tokens SET last_used = $3 WHERE user_id = $1 AND id = $2", user_id, token_id, tx.now)


async def mark_login(tx: Tx, user_id: UUID, day: date) -> bool:
    """Whether this is the first act of the day; noted."""
    done = await tx.execute(
        "UPDATE users SET last_login_day = $2 WHERE id = $1 AND (last_login_day IS NULL OR last_login_day < $2)",
        user_id,
        day,
    )
    return done == "UPDATE 1"


async def end_session(tx: Tx, user_id: UUID, session_id: UUID) -> bool:
    """Ends one session; whether it was there."""
    done = await tx.execute(
        "UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL",
        user_id,
        session_id,
        tx.now,
    )
    return done == "UPDATE 1"


async def end_sessions(tx: Tx, user_id: UUID, *, but: UUID | None = None) -> None:
    """Ends all of a player's sessions, but perhaps one."""
    await tx.execute(
        "UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL "
        "AND ($3::uuid IS NULL OR id <> $3)",
        user_id,
        tx.now,
        but,
    )


async def add_token(tx: Tx, user_id: UUID, values: dict[str, Any]) -> None:
    """A new access token."""
    await tx.execute(
        "INSERT INTO api_tokens (user_id, id, secret_hash, name, scopes, created_at, expires) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        user_id,
        values["id"],
        values["secret_hash"],
        values["name"],
        values["scopes"],
        tx.now,
        values["expires"],
    )


async def tokens(tx: Tx, user_id: UUID) -> list[Record]:
    """A player's access tokens."""
    return await tx.fetch(
        "SELECT * FROM api_tokens WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC", user_id
    )


async def end_token(tx: Tx, user_id: UUID, token_id: UUID) -> bool:
    """Ends an access token; whether it was there."""
    done = await tx.execute(
        "UPDATE api_tokens SET revoked_at = $3 WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL",
        user_id,
        token_id,
        tx.now,
    )
    return done == "UPDATE 1"


async def add_invite(tx: Tx, values: dict[str, Any]) -> None:
    """A new invitation."""
    await tx.execute(
        "INSERT INTO invites (id, secret_hash, role, note, made_by, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values["id"],
        values["secret_hash"],
        values["role"],
        values["note"],
        values["made_by"],
        tx.now,
        values["expires_at"],
    )


async def invites(tx: Tx) -> list[Record]:
    """Invitations, newest first."""
    return await tx.fetch("SELECT * FROM invites ORDER BY created_at DESC, id DESC LIMIT 200")


async def lock_invite(tx: Tx, secret_hash: bytes) -> Record | None:
    """An invitation, locked; None if it is none that is good."""
    return await tx.fetchrow(
        "SELECT * FROM invites WHERE secret_hash = $1 AND used_by IS NULL AND revoked_at IS NULL AND expires_at > $2 "
        "FOR UPDATE",
        secret_hash,
        tx.now,
    )


async def use_invite(tx: Tx, invite_id: UUID, user_id: UUID) -> None:
    """The invitation is used up."""
    await tx.execute("UPDATE invites SET used_by = $2 WHERE id = $1", invite_id, user_id)


async def end_invite(tx: Tx, invite_id: UUID) -> bool:
    """Takes an invitation back."""
    done = await tx.execute(
        "UPDATE invites SET revoked_at = $2 WHERE id = $1 AND used_by IS NULL AND revoked_at IS NULL", invite_id, tx.now
    )
    return done == "UPDATE 1"


async def add_link(
    tx: Tx,
    secret_hash: bytes,
    purpose: str,
    expires_at: datetime,
    *,
    user_id: UUID | None = None,
    email: str | None = None,
) -> None:
    """A link that works once."""
    await tx.execute(
        "INSERT INTO one_time_links (secret_hash, purpose, user_id, email, expires_at) VALUES ($1, $2, $3, $4, $5)",
        secret_hash,
        purpose,
        user_id,
        email,
        expires_at,
    )


async def link(tx: Tx, secret_hash: bytes, purpose: str) -> Record | None:
    """A link that is good now."""
    return await tx.fetchrow(
        "SELECT * FROM one_time_links WHERE secret_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3",
        secret_hash,
        purpose,
        tx.now,
    )


async def end_links(tx: Tx, user_id: UUID, purpose: str) -> None:
    """A player's other links of a purpose work no more."""
    await tx.execute(
        "UPDATE one_time_links SET used_at = $3 WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL",
        user_id,
        purpose,
        tx.now,
    )


async def take_link(tx: Tx, secret_hash: bytes, purpose: str) -> Record | None:
    """Uses a link up; None if it is none that is good."""
    return await tx.fetchrow(
        "UPDATE one_time_links SET used_at = $3 WHERE secret_hash = $1 AND purpose = $2 AND used_at IS NULL "
        "AND expires_at > $3 RETURNING *",
        secret_hash,
        purpose,
        tx.now,
    )


async def forget_links(tx: Tx, purpose: str) -> None:
    """Ends all links of a purpose."""
    await tx.execute("DELETE FROM one_time_links WHERE purpose = $1", purpose)


async def add_mail(tx: Tx, values: dict[str, Any]) -> None:
    """A mail that is to be sent; in the embedded default it is kept and shown."""
    await tx.execute(
        "INSERT INTO mails (id, user_id, recipient, subject, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        values["id"],
        values["user_id"],
        values["recipient"],
        values["subject"],
        values["body"],
        tx.now,
    )


async def mails(tx: Tx, after: UUID | None, limit: int) -> list[Record]:
    """Kept mails, newest first."""
    return await tx.fetch(
        "SELECT * FROM mails WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2", after, limit
    )


async def sweep(tx: Tx, before: datetime) -> None:
    """Drops what ended before a moment: sessions, tokens, links, mails, and devices not seen for a year."""
    await tx.execute("DELETE FROM sessions WHERE least(expires_at, coalesce(revoked_at, expires_at)) < $1", before)
    await tx.execute("DELETE FROM api_tokens WHERE least(expires, revoked_at) < $1", before)
    await tx.execute("DELETE FROM one_time_links WHERE expires_at < $1", before)
    await tx.execute("DELETE FROM mails WHERE created_at < $1", before)
    await tx.execute("DELETE FROM devices WHERE seen_at < $1::timestamptz - interval '335 days'", before)


async def any_admin(tx: Tx) -> bool:
    """Whether there is an admin."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM users WHERE role = 'admin')"))


async def lock_admins(tx: Tx) -> int:
    """How many admins may act; locked, so that two of them can't take each other's role away at once."""
    rows = await tx.fetch("SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id FOR UPDATE")
    return len(rows)


async def registration_mode(tx: Tx) -> str | None:
    """The mode that an admin chose, if one did."""
    return await tx.fetchval("SELECT mode FROM registration WHERE id = 1")


async def set_registration_mode(tx: Tx, mode: str) -> None:
    """The mode from now on."""
    await tx.execute(
        "INSERT INTO registration (id, mode) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET mode = EXCLUDED.mode", mode
    )
