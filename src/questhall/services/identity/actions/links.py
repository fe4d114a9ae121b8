"""Passwords and addresses, and the one-time links that change them."""

from __future__ import annotations

from uuid import UUID

from questhall.contracts.identity import (
    AlreadyTaken,
    EmailChanged,
    LinkNotGood,
    PasswordChanged,
    SessionRevoked,
    WrongCredentials,
)
from questhall.kernel.database import Record, Tx
from questhall.kernel.limits import Quota, RateLimited
from questhall.services.identity import passwords, repository, rules
from questhall.services.identity.actions.part import Part, digest

MAILS = Quota("mails", 4, 1800)
"""Links that can be had mailed to one address: by strangers, or by who says that it is theirs."""


class Links(Part):
    """Changing what one signs in with."""

    async def change_password(self, user_id: UUID, session_id: UUID | None, current: str, password: str) -> None:
        """All other sessions end. Refuses ``wrong_credentials``, ``invalid_password``."""
        row = await self._proved(user_id, current)
        hash_ = await self._hashed(row, password)
        async with self.at.db.tx() as tx:
            await self._store(tx, row, hash_, but=session_id)
            tx.emit(PasswordChanged(user_id=user_id))

    async def forgot_password(self, email: str) -> None:
        """Mails a link to whoever has that address; says nothing about whether anybody has."""
        address = email.strip().lower()[:254]
        if not (await self.at.limits.take([(MAILS, digest(address).hex())])).admitted:
            return
        async with self.at.db.tx() as tx:
            row = await repository.user_by_email(tx, address)
            if row is not None:
                await self._mail_link(tx, row, "reset", to=row["email"], subject="Set a new password")

    async def reset_password(self, token: str, password: str) -> None:
        """Uses the link; all sessions end, and no device is known any more.

        Refuses ``link_not_good``, ``invalid_password``.
        """
        async with self.at.db.read() as tx:
            link = await repository.link(tx, digest(token), "reset")
            row = None if link is None else await repository.user(tx, link["user_id"])
        if row is None:
            raise LinkNotGood
        hash_ = await self._hashed(row, password)
        async with self.at.db.tx() as tx:
            if await repository.take_link(tx, digest(token), "reset") is None:
                raise LinkNotGood
            await repository.forget_devices(tx, row["id"])
            await self._store(tx, row, hash_, but=None)
            tx.emit(PasswordChanged(user_id=row["id"], by_link=True))

    async def change_email(self, user_id: UUID, email: str, password: str) -> None:
        """Mails a link to the new address; it is the player's once the link was used.

        Refuses ``invalid_email``, ``wrong_credentials``, ``rate_limited``.
        """
        address = rules.check_email(email)
        row = await self._proved(user_id, password)
        verdict = await self.at.limits.take([(MAILS, digest(address.lower()).hex())])
        if not verdict.admitted:
            raise RateLimited("too many mails to this address", retry_after=max(1, round(verdict.reset_s)))
        async with self.at.db.tx() as tx:
            await repository.end_links(tx, user_id, "verify")
            await self._mail_link(tx, row, "verify", to=address, subject="Is this your address?")

    async def verify_email(self, token: str, session_id: UUID | None) -> None:
        """Uses the link. When it changes the address, all other sessions end and the old address is told.

        Refuses ``link_not_good``, ``already_taken``.
        """
        async with self.at.db.tx() as tx:
            link = await repository.take_link(tx, digest(token), "verify")
            if link is None:
                raise LinkNotGood
            await repository.lock_address(tx, link["email"])
            row = await repository.user(tx, link["user_id"], lock=True)
            other = await repository.user_by_email(tx, link["email"])
            if row is None or (other is not None and other["id"] != row["id"]):
                raise AlreadyTaken
            await repository.change(tx, row["id"], None, {"email": link["email"], "email_verified_at": tx.now})
            if link["email"].lower() != row["email"].lower():
                text = f"Your address here is {link['email']} now. If that was not you, please tell an admin."
                await self._mail(tx, row, row["email"], "Your address was changed", text)
                await repository.end_links(tx, row["id"], "reset")
                await repository.end_sessions(tx, row["id"], but=session_id)
                tx.emit(SessionRevoked(user_id=row["id"]))
            tx.emit(EmailChanged(user_id=row["id"]))

    async def _proved(self, user_id: UUID, password: str) -> Record:
        async with self.at.db.read() as tx:
            secret, row = await repository.password_of(tx, user_id), await repository.user(tx, user_id)
        if row is None or not await passwords.matches(secret, password):
            raise WrongCredentials("the password is wrong")
        return row

    @staticmethod
    async def _hashed(row: Record, password: str) -> str:
        rules.check_password(password, passwords.common_passwords(), row["username"], row["email"])
        return await passwords.hashed(password)

    @staticmethod
    async def _store(tx: Tx, row: Record, hash_: str, *, but: UUID | None) -> None:
        await repository.set_password(tx, row["id"], hash_)
        await repository.end_links(tx, row["id"], "reset")
        await repository.end_sessions(tx, row["id"], but=but)
        tx.emit(SessionRevoked(user_id=row["id"]))
