"""Personal access tokens."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.identity import NothingThere, SessionRevoked, TokenCreated, TooManyTokens, UserNotFound
from questhall.kernel.access import PLAYER_SCOPE
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.services.identity import repository, rules
from questhall.services.identity.actions.part import Part, digest

TOKEN_PREFIX = "qh_"


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that is shown once, and the row that it is for."""

    id: UUID
    secret: str
    row: Any = None


class Tokens(Part):
    """Access tokens."""

    def scopes(self, role: str) -> frozenset[str]:
        """Scopes that a token of somebody with this role may have: none that a higher role would wake up later."""
        return frozenset(self.at.permissions.of_role(role)) | {PLAYER_SCOPE}

    async def add_token(
        self,
        tx: Tx,
        user_id: UUID,
        name: str,
        scopes: list[str] | None,
        days: int | None,
        *,
        made_with: tuple[str, ...] | None = None,
        made_by: UUID | None = None,
    ) -> Secret:
        """A new access token; its secret is shown once. ``made_by``, ``made_with``: the token that asks for it, and
        its scopes: the new one may do no more and lives no longer.

        Refuses ``user_not_found``, ``invalid_scope``, ``too_many_tokens``.
        """
        row = await repository.user(tx, user_id, lock=True)  # so that many at once are counted one after another
        if row is None:
            raise UserNotFound
        kept = rules.check_scopes(scopes, self.scopes(row["role"]), made_with)
        if await repository.count_tokens(tx, user_id) >= rules.TOKENS_MAX:
            raise TooManyTokens(f"end one of the {rules.TOKENS_MAX} first")
        secret, token_id = TOKEN_PREFIX + secrets.token_urlsafe(32), new_id()
        expires = None if days is None else tx.now + timedelta(days=days)
        if made_by is not None:
            limit = await repository.token_expiry(tx, user_id, made_by)
            expires = min(filter(None, (expires, limit)), default=None)
        values = {"id": token_id, "secret_hash": digest(secret), "name": name, "scopes": kept, "expires": expires}
        await repository.add_token(tx, user_id, values)
        tx.emit(TokenCreated(user_id=user_id, token_id=token_id, name=name, scopes=kept))
        return Secret(id=token_id, secret=secret, row={**values, "created_at": tx.now, "last_used": None})

    async def tokens(self, user_id: UUID, after: UUID | None, limit: int) -> list[Record]:
        """A player's access tokens, newest first."""
        async with self.at.db.read() as tx:
            return await repository.tokens(tx, user_id, after, limit)

    async def end_token(self, user_id: UUID, token_id: UUID) -> None:
        """Ends a token. Refuses ``not_found``."""
        async with self.at.db.tx() as tx:
            if not await repository.end_token(tx, user_id, token_id):
                raise NothingThere
            tx.emit(SessionRevoked(user_id=user_id, session_id=token_id))

    async def create_token(self, username: str, scopes: list[str] | None = None) -> str:
        """See the contract."""
        async with self.at.db.tx() as tx:
            row = await repository.user_by_name(tx, username.lower())
            if row is None:
                raise UserNotFound(f"there is no player {username}")
            return (await self.add_token(tx, row["id"], "command line", scopes, None)).secret
