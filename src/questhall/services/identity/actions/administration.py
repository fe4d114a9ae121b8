"""What admins do with players: roles, suspension, approval, invitations, the registration mode."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from questhall.contracts.identity import (
    InviteCreated,
    InviteRevoked,
    LastAdmin,
    NothingThere,
    NotWaiting,
    RegistrationChanged,
    SessionRevoked,
    UserNotFound,
    UserRoleChanged,
    UserSuspended,
)
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.kernel.versions import Stale
from questhall.services.identity import repository
from questhall.services.identity.actions.part import Part, digest
from questhall.services.identity.actions.tokens import Secret


class Administration(Part):
    """Each change is an event, which names its actor."""

    async def set_role(self, user_id: UUID, role: str, *, reason: str) -> Record:
        """Refuses ``user_not_found``, ``last_admin``."""
        async with self.at.db.tx() as tx:
            return await self._role(tx, user_id, role, reason)

    async def set_status(self, user_id: UUID, status: str, *, reason: str) -> Record:
        """Suspends (all sessions end), or lets act again. Refuses ``user_not_found``, ``last_admin``."""
        async with self.at.db.tx() as tx:
            return await self._status(tx, user_id, status, reason)

    async def change_user(
        self, user_id: UUID, version: int, role: str | None, status: str | None, *, reason: str
    ) -> Record:
        """Both at once, or neither. Refuses ``user_not_found``, ``last_admin``, ``stale``."""
        async with self.at.db.tx() as tx:
            row = await self._locked(tx, user_id, admin_stays=role in (None, "admin") and status in (None, "active"))
            if row["version"] != version:
                raise Stale
            if role is not None:
                row = await self._role(tx, user_id, role, reason)
            if status is not None:
                row = await self._status(tx, user_id, status, reason)
            return row

    async def approve(self, user_id: UUID) -> Record:
        """Lets somebody in who waits, and writes to them. Refuses ``user_not_found``, ``not_waiting``."""
        async with self.at.db.tx() as tx:
            row = await repository.user(tx, user_id, lock=True)
            if row is None:
                raise UserNotFound
            if row["status"] != "waiting":
                raise NotWaiting
            changed = await self._status(tx, user_id, "active", "approved")
            link = f"{self.at.settings.public_url}/sign-in"
            await self._mail(tx, row, row["email"], "Welcome in", f"Your account was approved: {link}")
            return changed

    async def _role(self, tx: Tx, user_id: UUID, role: str, reason: str) -> Record:
        row = await self._locked(tx, user_id, admin_stays=role == "admin")
        if row["role"] == role:
            return row
        changed = await repository.change(tx, user_id, None, {"role": role})
        tx.emit(UserRoleChanged(user_id=user_id, role=role, reason=reason))
        return changed

    async def _status(self, tx: Tx, user_id: UUID, status: str, reason: str) -> Record:
        row = await self._locked(tx, user_id, admin_stays=status == "active")
        if row["status"] == status:
            return row
        changed = await repository.change(tx, user_id, None, {"status": status})
        if status == "suspended":
            await repository.end_sessions(tx, user_id)
            tx.emit(SessionRevoked(user_id=user_id))
        if status == "active" and row["announced_at"] is None:
            await self._announce(tx, changed)
        else:
            tx.emit(UserSuspended(user_id=user_id, suspended=status == "suspended", reason=reason))
        return changed

    @staticmethod
    async def _locked(tx: Tx, user_id: UUID, *, admin_stays: bool) -> Record:
        # The admins first, in order of id, so that two of them can neither deadlock nor both leave.
        admins = 0 if admin_stays else await repository.lock_admins(tx)
        row = await repository.user(tx, user_id, lock=True)
        if row is None:
            raise UserNotFound
        if not admin_stays and row["role"] == "admin" and row["status"] == "active" and admins < 2:
            raise LastAdmin
        return row

    async def invite(self, tx: Tx, made_by: UUID, role: str, note: str, days: int, uses: int) -> Secret:
        """A new invitation, good for so many days and people; its secret is shown once."""
        secret, invite_id = secrets.token_urlsafe(24), new_id()
        values = {
            "id": invite_id,
            "secret_hash": digest(secret),
            "role": role,
            "note": note,
            "made_by": made_by,
            "uses_max": uses,
            "expires_at": tx.now + timedelta(days=days),
        }
        await repository.add_invite(tx, values)
        tx.emit(InviteCreated(user_id=made_by, invite_id=invite_id, role=role))
        return Secret(id=invite_id, secret=secret, row={**values, "uses": 0, "created_at": tx.now})

    async def end_invite(self, admin: UUID, invite_id: UUID) -> None:
        """Takes an invitation back. Refuses ``not_found``."""
        async with self.at.db.tx() as tx:
            if not await repository.end_invite(tx, invite_id):
                raise NothingThere("it was used up or taken back already")
            tx.emit(InviteRevoked(user_id=admin, invite_id=invite_id))

    async def set_mode(self, admin: UUID, mode: str) -> None:
        """How one may sign up from now on."""
        async with self.at.db.tx() as tx:
            await repository.set_registration_mode(tx, mode)
            tx.emit(RegistrationChanged(user_id=admin, mode=mode))
