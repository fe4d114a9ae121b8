"""Who stands behind a secret: asked of identity, kept in Redis as a signed inner token, believed here for a second."""

from __future__ import annotations

import hashlib
import time
from uuid import UUID

import msgspec

from questhall.contracts.identity import Identity, Principal
from questhall.kernel.access import Caller, KeyRing, NotSignedIn, Permissions
from questhall.kernel.cache import Cache

__all__ = ["Identities", "Known"]

LOCAL_S = 1.0
"""How long an identity is believed without asking Redis."""
AWAY_LOCAL_S = 5.0
"""The same while Redis is away."""
CACHED_S = 60.0
"""How long Redis keeps an inner token at most: each has four of its five minutes left when it is passed on."""
LOCAL_MAX = 20_000
SKEW_S = 2.0
"""What clocks of two gateways may differ by, and how long a question to identity may be under way."""
SECRET_MIN, SECRET_MAX = 16, 200

# KEYS: the identity, its user's identities; ARGV: the value, its life (ms), the digest, the life of the set (ms).
_KEEP = """
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
"""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, and the signed token that says so to services."""

    caller: Caller
    token: str


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What Redis holds. It can't be forged there: the token is signed, and is verified when it is read."""

    token: str
    asked_at: float
    until: float


class _Local(msgspec.Struct, frozen=True):
    known: Known | None
    until: float


class Identities:
    """Resolves secrets of sessions and access tokens; forgets a user's within a second of a revocation."""

    def __init__(self, *, identity: Identity, permissions: Permissions, keyring: KeyRing, cache: Cache) -> None:
        self._identity = identity
        self._permissions = permissions
        self._keyring = keyring
        self._cache = cache
        self._local: dict[bytes, _Local] = {}
        self._purged: dict[UUID, float] = {}

    @staticmethod
    def digest(secret: bytes) -> bytes:
        """What identities are looked up by. Refuses ``not_signed_in`` for what can be no secret of ours."""
        if not SECRET_MIN <= len(secret) <= SECRET_MAX:
            raise NotSignedIn
        return hashlib.sha256(secret).digest()

    async def find(self, digest: bytes, *, fresh: bool) -> Known | None:
        """Who is known to hold the secret, here or in Redis; None: ask. ``fresh``: nothing that is kept will do.

        Refuses ``not_signed_in`` for what was found to be nobody's within the last second.
        """
        if fresh:
            return None
        local = self._local.get(digest)
        if local is not None and local.until > time.time():
            if local.known is None:
                raise NotSignedIn
            return local.known
        found = await self._read(digest)
        if found is not None:
            known, until = found
            self._remember(digest, known, until)
            return known
        return None

    def seen(self, digest: bytes) -> bool:
        """Whether this gateway has resolved the secret before: then it is no guess."""
        local = self._local.get(digest)
        return local is not None and local.known is not None

    async def ask(self, digest: bytes) -> Known:
        """Asks identity, and keeps the answer. Refuses ``not_signed_in``."""
        asked_at = time.time()
        principal = await self._identity.resolve(digest)
        if principal is None:
            await self._cache.delete(self._key(digest))
            self._remember(digest, None, asked_at + LOCAL_S)
            raise NotSignedIn
        caller = self._caller(principal)
        known = Known(caller=caller, token=self._keyring.sign(caller))
        until = asked_at + min(principal.fresh_s, CACHED_S)
        life_ms = int((until - time.time()) * 1000)
        if life_ms > 0:
            kept = msgspec.json.encode(_Kept(known.token, asked_at, until))
            keys = [self._key(digest), self._cache.key("whos", principal.user_id)]
            await self._cache.script(_KEEP, keys, [kept, life_ms, digest.hex(), int(CACHED_S * 2000)])
        self._remember(digest, known, until)
        return known

    async def purge(self, user_id: UUID) -> None:
        """Forgets a user's sessions and tokens: suspension, role change, log-out.

        What was asked before now is not believed any more, even if Redis could not be told, or tells it again.
        """
        now = time.time()
        self._purged = {user: at for user, at in self._purged.items() if at > now - CACHED_S - SKEW_S}
        self._purged[user_id] = now
        self._drop(user_id)
        key = self._cache.key("whos", user_id)
        digests = await self._cache.command("SMEMBERS", key) or []
        await self._cache.delete(key, *(self._cache.key("who", digest.decode()) for digest in digests))
        self._drop(user_id)

    def forget(self) -> None:
        """Forgets all that is known here; what Redis knows stays."""
        self._local.clear()

    def _drop(self, user_id: UUID) -> None:
        self._local = {
            digest: local
            for digest, local in self._local.items()
            if local.known is None or local.known.caller.user_id != user_id
        }

    def _key(self, digest: bytes) -> str:
        return self._cache.key("who", digest.hex())

    def _remember(self, digest: bytes, known: Known | None, until: float) -> None:
        if len(self._local) >= LOCAL_MAX:
            self._local.clear()
        life = AWAY_LOCAL_S if self._cache.away else LOCAL_S
        self._local[digest] = _Local(known, min(until, time.time() + life))

    async def _read(self, digest: bytes) -> tuple[Known, float] | None:
        text = await self._cache.get(self._key(digest))
        if text is None:
            return None
        try:
            kept = msgspec.json.decode(text, type=_Kept)
            caller = self._keyring.verify(kept.token.encode())
        except (msgspec.MsgspecError, NotSignedIn):
            return None
        purged_at = self._purged.get(caller.user, 0.0)
        if kept.until <= time.time() or kept.asked_at <= purged_at + SKEW_S:
            return None
        return Known(caller=caller, token=kept.token), kept.until

    def _caller(self, principal: Principal) -> Caller:
        allowed = set(self._permissions.of_role(principal.role))
        if principal.scopes is not None:
            allowed &= set(principal.scopes)
        return Caller(
            user_id=principal.user_id,
            username=principal.username,
            role=principal.role,
            timezone=principal.timezone,
            session_id=principal.session_id,
            token_id=principal.token_id,
            scopes=None if principal.scopes is None else tuple(principal.scopes),
            permissions=frozenset(allowed),
        )
