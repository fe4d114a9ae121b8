"""Access: who calls, what they may do, and the signed tokens by which services believe it."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import time
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from questhall.kernel.contract import Refusal
from questhall.kernel.encryption import write_secret

__all__ = [
    "ANONYMOUS",
    "PLAYER_SCOPE",
    "PUBLIC",
    "ROLES",
    "SIGNED_IN",
    "Caller",
    "Forbidden",
    "KeyRing",
    "NotSignedIn",
    "Permission",
    "Permissions",
]

ROLES = ("player", "moderator", "manager", "admin")
"""From the least to the most."""
PUBLIC = "public"
"""Permission of a route that anybody may use."""
SIGNED_IN = "signed_in"
"""Permission of a route that every player may use."""

PLAYER_SCOPE = "player"
"""Scope of a token that may do what every player may."""

TOKEN_TTL_S = 300
TOKEN_TYPE = "qh-inner+jwt"
AUDIENCE = "questhall"
ALGORITHM = "Ed25519"
VERIFIED_MAX = 20_000
KEYS_KEPT = 2
KEY_LIFE_S = 24 * 3600.0
"""How long a key signs before the next one is made."""


class NotSignedIn(Refusal):
    """Nobody is signed in, or the token is not good."""

    code: ClassVar[str] = "not_signed_in"
    status: ClassVar[int] = 401
    title: ClassVar[str] = "Please sign in"


class Forbidden(Refusal):
    """The caller may not do this."""

    code: ClassVar[str] = "forbidden"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "This is not allowed for you"


class Permission(msgspec.Struct, frozen=True):
    """A named permission and the lowest role that has it."""

    name: str
    role: str
    text: str = ""


class Permissions:
    """All permissions that the services declared."""

    def __init__(self, declared: list[Permission]) -> None:
        self._roles = {permission.name: ROLES.index(permission.role) for permission in declared}

    def known(self, name: str) -> bool:
        """Whether a service declared it (or it is PUBLIC or SIGNED_IN)."""
        return name in (PUBLIC, SIGNED_IN) or name in self._roles

    def of_role(self, role: str) -> list[str]:
        """Names of what a role may do, sorted."""
        rank = ROLES.index(role) if role in ROLES else -1
        return sorted(name for name, needed in self._roles.items() if rank >= needed)


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends a request, as the gateway resolved it."""

    user_id: UUID | None = None
    username: str = ""
    role: str = ""
    timezone: str = "UTC"
    session_id: UUID | None = None
    token_id: UUID | None = None
    scopes: tuple[str, ...] | None = None
    """None: all that the role may do."""
    permissions: frozenset[str] = frozenset()
    """What the role may do, cut down to the token's scopes."""
    service: str | None = None
    """Set when another service calls."""

    @property
    def user(self) -> UUID:
        """The player. Refuses ``not_signed_in``."""
        if self.user_id is None:
            raise NotSignedIn
        return self.user_id

    @property
    def actor(self) -> str:
        """Who acts, for events: ``user:<id>``, ``service:<name>`` or ``anonymous``."""
        if self.user_id is not None:
            return f"user:{self.user_id}"
        return f"service:{self.service}" if self.service else "anonymous"

    def may(self, permission: str) -> bool:
        """Whether the caller has this permission."""
        if permission == PUBLIC:
            return True
        if permission == SIGNED_IN:
            # A token that was cut down to scopes may act as the player only if it has the scope for that.
            return self.user_id is not None and (self.scopes is None or PLAYER_SCOPE in self.scopes)
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Refuses ``not_signed_in`` or ``forbidden`` without it."""
        if not self.may(permission):
            if self.user_id is None:
                raise NotSignedIn
            raise Forbidden(f"it needs the permission {permission}")


ANONYMOUS = Caller()


class _Claims(msgspec.Struct, kw_only=True):
    sub: str
    exp: int
    aud: str
    act: str = "service:"
    username: str = ""
    role: str = ""
    zone: str = "UTC"
    sid: UUID | None = None
    tid: UUID | None = None
    scope: list[str] | None = None
    perms: list[str] = []


class KeyRing:
    """The installation's Ed25519 keys: the newest signs, the one before still verifies. Files of a folder, 0600.

    Another process's rotation is seen when a token names a key that is not known yet, and by ``keep_fresh``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, OKPKey] = {}
        self._newest = ""
        self._verified: dict[bytes, tuple[float, Caller]] = {}
        self._load()
        if not self._keys:
            self.keep_fresh()

    def _load(self) -> None:
        files = sorted(self._folder.glob("inner-*.json")) if self._folder.is_dir() else []
        keys: dict[str, OKPKey] = {}
        for file in files[-KEYS_KEPT:]:
            known = self._keys.get(file.stem)
            keys[file.stem] = known or OKPKey.import_key(msgspec.json.decode(file.read_bytes()))
        self._keys = keys
        self._newest = max(keys, default="")

    def keep_fresh(self, *, life_s: float = KEY_LIFE_S) -> None:
        """Takes up what other processes made, and rotates when the newest key is ``life_s`` old.

        Asked by every process again and again; one of them rotates. A key verifies until the next rotation, which is
        far longer than any token lives: so nobody notices.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self._folder / "rotation.lock", os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._load()
            made_at = int(self._newest.split("-")[1]) / 1e9 if self._newest else 0.0
            if time.time() - made_at >= life_s:
                self.rotate()

    def rotate(self) -> str:
        """Makes a new key that signs from now on; the one before still verifies. Answers the new key's id."""
        name = f"inner-{time.time_ns():020d}-{secrets.token_hex(3)}"
        key = OKPKey.generate_key("Ed25519", {"kid": name, "use": "sig"})
        write_secret(self._folder / f"{name}.json", msgspec.json.encode(key.as_dict(private=True)).decode())
        self._keys[name] = key
        self._newest = name
        for old in sorted(self._keys)[:-KEYS_KEPT]:
            del self._keys[old]
            (self._folder / f"{old}.json").unlink(missing_ok=True)
        return name

    def jwks(self) -> dict[str, Any]:
        """The public keys, for ``/.well-known/jwks.json``."""
        keys = [
            {**key.as_dict(private=False), "kid": name, "use": "sig", "alg": ALGORITHM}
            for name, key in self._keys.items()
        ]
        return {"keys": keys}

    def sign(self, caller: Caller, *, ttl_s: int = TOKEN_TTL_S) -> str:
        """A token that says who calls, good for ``ttl_s`` seconds (60 to 300)."""
        claims: dict[str, Any] = {
            "sub": f"service:{caller.service}" if caller.service else str(caller.user_id),
            "aud": AUDIENCE,
            "exp": int(time.time()) + ttl_s,
            "username": caller.username,
            "role": caller.role,
            "zone": caller.timezone,
            "perms": sorted(caller.permissions),
        }
        if caller.service and caller.user_id:
            claims["act"] = f"user:{caller.user_id}"
        if caller.session_id:
            claims["sid"] = str(caller.session_id)
        if caller.token_id:
            claims["tid"] = str(caller.token_id)
        if caller.scopes is not None:
            claims["scope"] = list(caller.scopes)
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self._newest}
        return jwt.encode(header, claims, self._keys[self._newest], algorithms=[ALGORITHM])

    def verify(self, token: bytes) -> Caller:
        """Who a token speaks for. Refuses ``not_signed_in`` for anything that is not exactly ours and in time."""
        now = time.time()
        known = self._verified.get(token)
        if known is not None:
            if known[0] > now:
                return known[1]
            del self._verified[token]
        claims = self._claims(token)
        if claims.exp <= now or claims.aud != AUDIENCE:
            raise NotSignedIn
        caller = _caller(claims)
        if len(self._verified) >= VERIFIED_MAX:
            self._verified.clear()
        self._verified[token] = (claims.exp, caller)
        return caller

    def _claims(self, token: bytes) -> _Claims:
        try:
            name = _key_name(token)
            if name not in self._keys:
                self._load()
            key = self._keys.get(name)
            if key is None:
                raise NotSignedIn
            decoded = jwt.decode(token, key, algorithms=[ALGORITHM, "EdDSA"])
            if decoded.header.get("typ") != TOKEN_TYPE:
                raise NotSignedIn
            claims = msgspec.convert(decoded.claims, _Claims, strict=False)
            _ = _user_of(claims.sub), _user_of(claims.act)
            return claims
        except (JoseError, ValueError) as error:  # msgspec's errors are ValueErrors too
            raise NotSignedIn from error


def _key_name(token: bytes) -> str:
    head = token.split(b".", 1)[0]

    header = msgspec.json.decode(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)))
    return str(header.get("kid", "")) if isinstance(header, dict) else ""


def _caller(claims: _Claims) -> Caller:
    common: dict[str, Any] = {
        "username": claims.username,
        "role": claims.role,
        "timezone": claims.zone,
        "session_id": claims.sid,
        "token_id": claims.tid,
        "scopes": None if claims.scope is None else tuple(claims.scope),
        "permissions": frozenset(claims.perms),
    }
    if claims.sub.startswith("service:"):
        return Caller(service=claims.sub.removeprefix("service:"), user_id=_user_of(claims.act), **common)
    return Caller(user_id=_user_of(claims.sub), **common)


def _user_of(subject: str) -> UUID | None:
    """The player in ``sub`` or ``act``; None for a service. ValueError for what is neither."""
    return None if subject.startswith("service:") else UUID(subject.removeprefix("user:"))
