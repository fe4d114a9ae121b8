"""What a caller shows: sessions and access tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from questhall.kernel.database import Record, Tx

_PRINCIPAL = "u.id AS user_id, u.username, u.role, u.status, u.timezone, u.zone_before, u.zone_from, u.last_login_day"


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


async def sessions(tx: Tx, user_id: UUID, idle_since: datetime, after: UUID | None, limit: int) -> list[Record]:
    """A player's sessions that are good now, the newest first."""
    return await tx.fetch(
        "SELECT id, created_at, seen_at, expires_at, agent FROM sessions WHERE user_id = $1 AND revoked_at IS NULL "
        "AND expires_at > $2 AND seen_at > $3 AND ($4::uuid IS NULL OR id < $4) ORDER BY id DESC LIMIT $5",
        user_id,
        tx.now,
        idle_since,
        after,
        limit,
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


async def tokens(tx: Tx, user_id: UUID, after: UUID | None, limit: int) -> list[Record]:
    """A player's access tokens, newest first."""
    return await tx.fetch(
        "SELECT * FROM api_tokens WHERE user_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id < $2) "
        "ORDER BY id DESC LIMIT $3",
        user_id,
        after,
        limit,
    )


async def count_tokens(tx: Tx, user_id: UUID) -> int:
    """How many access tokens of a player work now."""
    return int(
        await tx.fetchval(
            "SELECT count(*) FROM api_tokens WHERE user_id = $1 AND revoked_at IS NULL "
            "AND (expires IS NULL OR expires > $2)",
            user_id,
            tx.now,
        )
    )


async def token_expiry(tx: Tx, user_id: UUID, token_id: UUID) -> datetime | None:
    """When a token ends; None: never."""
    return await tx.fetchval("SELECT expires FROM api_tokens WHERE user_id = $1 AND id = $2", user_id, token_id)


async def end_token(tx: Tx, user_id: UUID, token_id: UUID) -> bool:
    """Ends an access token; whether it was there."""
    done = await tx.execute(
        "UPDATE api_tokens SET revoked_at = $3 WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL",
        user_id,
        token_id,
        tx.now,
    )
    return done == "UPDATE 1"
