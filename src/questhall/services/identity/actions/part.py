"""What the parts of identity's actions share."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from uuid import UUID

from questhall.contracts.identity import SessionStarted, UserRegistered
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.kernel.service import Site
from questhall.services.identity import repository, rules

AGENT_MAX = 200


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


class Part:
    """Some of what identity can do."""

    at: Site

    async def _start_session(self, tx: Tx, user_id: UUID, agent: str) -> str:
        secret, session_id = secrets.token_urlsafe(32), new_id()
        values = {"id": session_id, "expires_at": tx.now + rules.SESSION_MAX, "agent": agent[:AGENT_MAX]}
        await repository.add_session(tx, digest(secret), user_id, values)
        tx.emit(SessionStarted(user_id=user_id, session_id=session_id))
        return secret

    @staticmethod
    async def _announce(tx: Tx, row: Any) -> None:
        await repository.announced(tx, row["id"])
        tx.emit(
            UserRegistered(
                user_id=row["id"],
                username=row["username"],
                display_name=row["display_name"],
                timezone=row["timezone"],
                locale=row["locale"],
                role=row["role"],
            )
        )

    async def _mail_link(self, tx: Tx, row: Record, purpose: str, *, to: str, subject: str) -> None:
        secret = secrets.token_urlsafe(32)
        await repository.add_link(tx, digest(secret), purpose, tx.now + rules.LINK_LIFE, user_id=row["id"], email=to)
        link = f"{self.at.settings.public_url}/{purpose}#{secret}"
        await self._mail(tx, row, to, subject, f"{link}\n\nThe link works once, for 30 minutes.")

    @staticmethod
    async def _mail(tx: Tx, row: Record, recipient: str, subject: str, text: str) -> None:
        body = f"Hello {row['display_name']},\n\n{text}"
        mail = {"id": new_id(), "user_id": row["id"], "recipient": recipient, "subject": subject, "body": body}
        await repository.add_mail(tx, mail)
