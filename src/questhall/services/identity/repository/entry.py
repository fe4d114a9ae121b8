"""How people come in: invitations, one-time links, mails, the registration mode; and the sweep of all of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from questhall.kernel.database import Record, Tx


async def add_invite(tx: Tx, values: dict[str, Any]) -> None:
    """A new invitation."""
    await tx.execute(
        "INSERT INTO invites (id, secret_hash, role, note, made_by, created_at, expires_at, uses_max) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values["id"],
        values["secret_hash"],
        values["role"],
        values["note"],
        values["made_by"],
        tx.now,
        values["expires_at"],
        values["uses_max"],
    )


async def invites(tx: Tx, after: UUID | None, limit: int) -> list[Record]:
    """Invitations that were not taken back, newest first."""
    return await tx.fetch(
        "SELECT * FROM invites WHERE revoked_at IS NULL AND ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
        after,
        limit,
    )


async def lock_invite(tx: Tx, secret_hash: bytes) -> Record | None:
    """An invitation, locked; None if it is none that is good."""
    return await tx.fetchrow(
        "SELECT * FROM invites WHERE secret_hash = $1 AND uses < uses_max AND revoked_at IS NULL AND expires_at > $2 "
        "FOR UPDATE",
        secret_hash,
        tx.now,
    )


async def use_invite(tx: Tx, invite_id: UUID, user_id: UUID) -> None:
    """The invitation, locked before, is used once more, last by this player."""
    await tx.execute("UPDATE invites SET uses = uses + 1, used_by = $2 WHERE id = $1", invite_id, user_id)


async def end_invite(tx: Tx, invite_id: UUID) -> bool:
    """Takes an invitation back."""
    done = await tx.execute(
        "UPDATE invites SET revoked_at = $2 WHERE id = $1 AND uses < uses_max AND revoked_at IS NULL", invite_id, tx.now
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


async def registration_mode(tx: Tx) -> str | None:
    """The mode that an admin chose, if one did."""
    return await tx.fetchval("SELECT mode FROM registration WHERE id = 1")


async def set_registration_mode(tx: Tx, mode: str) -> None:
    """The mode from now on."""
    await tx.execute(
        "INSERT INTO registration (id, mode) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET mode = EXCLUDED.mode", mode
    )
