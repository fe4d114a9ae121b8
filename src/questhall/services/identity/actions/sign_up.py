"""Signing up: four modes, invitations, the first admin."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from questhall.contracts.identity import AlreadyTaken, LinkNotGood, RegistrationClosed
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.services.identity import passwords, repository, rules
from questhall.services.identity.actions.part import Part, digest

FIRST_ADMIN_LIFE = timedelta(days=7)


Text = Annotated[str, msgspec.Meta(max_length=400)]
Locale = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$(?!\n)")]


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a registration brings."""

    username: Text
    email: Text
    password: Text
    display_name: Text | None = None
    timezone: Text = "UTC"
    locale: Locale = "en"
    invite: Text | None = None


class SignUp(Part):
    """How players come to be."""

    async def mode(self) -> str:
        """How one may sign up: ``open``, ``invite``, ``approval`` or ``closed``."""
        async with self.at.db.read() as tx:
            chosen = await repository.registration_mode(tx)
        if chosen or self.at.settings.registration:
            return chosen or self.at.settings.registration
        host = urlsplit(self.at.settings.public_url).hostname
        return "open" if host in ("localhost", "127.0.0.1", "::1") else "invite"

    async def has_admin(self) -> bool:
        """Whether there is an admin."""
        async with self.at.db.read() as tx:
            return await repository.any_admin(tx)

    async def register(self, data: NewUser, *, agent: str = "", device: str = "") -> tuple[Record, str | None]:
        """A new player, and the secret of a first session (None while the account waits for approval).

        Refuses ``registration_closed``, ``already_taken``, ``invalid_…``.
        """
        mode = await self.mode()
        if mode == "closed" or (mode == "invite" and not data.invite):
            raise RegistrationClosed
        status = "waiting" if mode == "approval" and not data.invite else "active"
        hash_ = await self._hash_checked(data)
        async with self.at.db.tx() as tx:
            invite = None if not data.invite else await repository.lock_invite(tx, digest(data.invite))
            if data.invite and invite is None:
                raise RegistrationClosed("the invitation was used up, taken back, or is too old")
            row = await self._add(tx, data, hash_, role=invite["role"] if invite else "player", status=status)
            if invite is not None:
                await repository.use_invite(tx, invite["id"], row["id"])
            await self._mail_link(tx, row, "verify", to=row["email"], subject="Is this your address?")
            return row, await self._first_session(tx, row, agent, device)

    async def first_admin(self, token: str, data: NewUser, *, agent: str = "", device: str = "") -> tuple[Record, str]:
        """Uses the one-time link: an admin and their session. Refuses ``link_not_good``, ``invalid_…``."""
        async with self.at.db.read() as tx:
            if await repository.link(tx, digest(token), "first_admin") is None:
                raise LinkNotGood
        hash_ = await self._hash_checked(data)
        async with self.at.db.tx() as tx:
            if await repository.take_link(tx, digest(token), "first_admin") is None or await repository.any_admin(tx):
                raise LinkNotGood
            row = await self._add(tx, data, hash_, role="admin")
            secret = await self._first_session(tx, row, agent, device)
        assert secret is not None
        return row, secret

    async def _first_session(self, tx: Tx, row: Record, agent: str, device: str) -> str | None:
        if row["status"] != "active":
            return None
        if device:
            await repository.note_device(tx, row["id"], digest(device))
        return await self._start_session(tx, row["id"], agent)

    @staticmethod
    async def _hash_checked(data: NewUser) -> str:
        """All that costs nothing is looked at before the hash is worked out, and that before a connection is held."""
        rules.check_username(data.username)
        rules.check_email(data.email)
        rules.check_timezone(data.timezone)
        rules.check_password(data.password, passwords.common_passwords(), data.username, data.email)
        return await passwords.hashed(data.password)

    async def _add(self, tx: Tx, data: NewUser, hash_: str, *, role: str, status: str = "active") -> Record:
        username, email = rules.check_username(data.username), rules.check_email(data.email)
        await repository.lock_address(tx, email)
        values = {
            "id": new_id(),
            "username": username,
            "display_name": rules.clean_name(data.display_name or "") or username,
            "email": email,
            "timezone": rules.check_timezone(data.timezone),
            "locale": data.locale,
            "role": role,
            "status": status,
        }
        row = await repository.add_user(tx, values)
        if row is None:
            taken = await repository.taken(tx, username, email)
            what = "username" if taken is not None and taken["username"] else "email"
            raise AlreadyTaken(f"this {what} is in use", errors=[{"pointer": f"#/{what}", "detail": "in use"}])
        if await repository.is_reserved(tx, digest(username)):
            raise AlreadyTaken("this username is in use", errors=[{"pointer": "#/username", "detail": "in use"}])
        await repository.set_password(tx, row["id"], hash_)
        if status == "active":
            await self._announce(tx, row)
        return row

    # For the command line

    async def first_admin_token(self) -> str | None:
        """See the contract."""
        async with self.at.db.tx() as tx:
            if await repository.any_admin(tx):
                return None
            secret = secrets.token_urlsafe(24)
            await repository.forget_links(tx, "first_admin")
            await repository.add_link(tx, digest(secret), "first_admin", tx.now + FIRST_ADMIN_LIFE)
        return secret

    async def create_user(self, username: str, email: str, password: str, admin: bool = False) -> UUID:
        """See the contract."""
        data = NewUser(username=username, email=email, password=password)
        hash_ = await self._hash_checked(data)
        async with self.at.db.tx() as tx:
            row = await self._add(tx, data, hash_, role="admin" if admin else "player")
        return row["id"]
