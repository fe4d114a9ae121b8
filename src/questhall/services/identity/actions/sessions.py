"""Signing in and out, and who stands behind a secret."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from questhall.contracts.identity import (
    MayNotAct,
    NothingThere,
    Principal,
    SessionRevoked,
    UserLogin,
    WrongCredentials,
)
from questhall.kernel.calendar import local_day, zone_at
from questhall.kernel.contract import Cause
from questhall.kernel.database import Record
from questhall.kernel.ids import new_id
from questhall.kernel.limits import Quota, RateLimited
from questhall.services.identity import passwords, repository, rules
from questhall.services.identity.actions.exporting import KEPT as ARCHIVE_KEPT
from questhall.services.identity.actions.part import Part, digest

LOGIN_TRIES = Quota("login", 30, 900)
"""Tries for one account from all unknown devices together, and for one known device."""
REMEMBERED_MAX = 50_000


class Sessions(Part):
    """Sessions and what they stand for."""

    logged_in: dict[UUID, date]
    """Who was seen on which of their local days: saves most questions to the table."""

    async def resolve(self, secret_hash: bytes) -> Principal | None:
        """See the contract."""
        async with self.at.db.read() as tx:
            row = await repository.session_holder(tx, secret_hash) or await repository.token_holder(tx, secret_hash)
        now = self.at.clock.now()
        if row is None or row["status"] != "active":
            return None
        principal = _principal(row, now)
        if principal is None:
            return None
        await self._note_use(row, secret_hash, principal, now)
        return principal

    async def _note_use(self, row: Record, secret_hash: bytes, principal: Principal, now: datetime) -> None:
        day = local_day(principal.timezone, now)
        new_day = self.logged_in.get(principal.user_id) != day and row["last_login_day"] != day
        used = row["seen_at"] if principal.session_id else row["last_used"]
        if not new_day and used is not None and now - used < rules.SEEN_EVERY:
            return
        identifier = new_id()
        cause = Cause(correlation_id=identifier, causation_id=identifier, actor=f"user:{principal.user_id}")
        async with self.at.db.tx(cause=cause) as tx:
            if principal.token_id is not None:
                await repository.token_used(tx, principal.user_id, principal.token_id)
            else:
                await repository.seen(tx, secret_hash)
            if new_day and await repository.mark_login(tx, principal.user_id, day):
                tx.emit(UserLogin(user_id=principal.user_id, local_day=day, timezone=principal.timezone))
        if len(self.logged_in) >= REMEMBERED_MAX:
            self.logged_in.clear()
        self.logged_in[principal.user_id] = day

    async def login(self, login: str, password: str, *, agent: str = "", device: str = "") -> tuple[Record, str]:
        """Signs in: the player and the session's secret. ``device`` is the secret of the browser's device cookie.

        An unknown name costs the same work as a wrong password. Many tries slow an account down for devices that it
        does not know, never for one that it does. Refuses ``wrong_credentials``, ``may_not_act``, ``rate_limited``.
        """
        async with self.at.db.read() as tx:
            row = await repository.login_row(tx, login.strip(), digest(device))
        who = digest(login.strip().lower()).hex() if row is None else str(row["id"])
        known = row is not None and row["known_device"]
        verdict = await self.at.limits.take([(LOGIN_TRIES, f"{who}|{digest(device).hex()}" if known else who)])
        if not verdict.admitted:
            raise RateLimited("too many tries for this account", retry_after=max(1, round(verdict.reset_s)))
        if not await passwords.matches(row["secret"] if row else None, password) or row is None:
            raise WrongCredentials
        if row["status"] != "active":
            waiting = row["status"] == "waiting"
            raise MayNotAct("it waits for an admin's approval" if waiting else "it was suspended")
        rehashed = await passwords.hashed(password) if passwords.needs_rehash(row["secret"]) else None
        async with self.at.db.tx() as tx:
            if rehashed is not None:
                await repository.set_password(tx, row["id"], rehashed)
            if device:
                await repository.note_device(tx, row["id"], digest(device))
            return row, await self._start_session(tx, row["id"], agent)

    async def logout(self, user_id: UUID, session_id: UUID) -> None:
        """Ends one session. Refuses ``not_found``."""
        async with self.at.db.tx() as tx:
            if not await repository.end_session(tx, user_id, session_id):
                raise NothingThere
            tx.emit(SessionRevoked(user_id=user_id, session_id=session_id))

    async def logout_everywhere(self, user_id: UUID) -> None:
        """Ends all sessions; access tokens stay."""
        async with self.at.db.tx() as tx:
            await repository.end_sessions(tx, user_id)
            tx.emit(SessionRevoked(user_id=user_id))

    async def sessions(self, user_id: UUID, after: UUID | None, limit: int) -> list[Record]:
        """Where a player is signed in now, the newest first."""
        async with self.at.db.read() as tx:
            return await repository.sessions(tx, user_id, tx.now - rules.SESSION_IDLE, after, limit)

    async def sweep(self) -> None:
        """Drops sessions, links, mails and archives that are long over."""
        async with self.at.db.tx() as tx:
            await repository.forget_archives(tx, tx.now - ARCHIVE_KEPT)
            await repository.sweep(tx, tx.now - rules.KEPT_AFTER_END)


def _principal(row: Record, now: datetime) -> Principal | None:
    fields = dict(row)
    if "session_id" in fields:
        expires = min(row["expires_at"], row["seen_at"] + rules.SESSION_IDLE)
    else:
        expires = row["expires"] or now + timedelta(days=1)
    if expires <= now:
        return None
    zone = zone_at(row["timezone"], row["zone_before"], row["zone_from"], now)
    return Principal(
        user_id=row["user_id"],
        username=row["username"],
        role=row["role"],
        timezone=zone,
        session_id=fields.get("session_id"),
        token_id=fields.get("token_id"),
        scopes=fields.get("scopes"),
        expires_at=expires,
        fresh_s=rules.fresh_seconds(zone, expires, now),
    )
