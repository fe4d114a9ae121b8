"""The policy: who is this, may they use this route, within which limits, with which inner token. One function."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from questhall.contracts.identity import Identity, Principal
from questhall.kernel.access import ANONYMOUS, PUBLIC, Caller, Forbidden, KeyRing, NotSignedIn, Permissions
from questhall.kernel.cache import Cache
from questhall.kernel.contract import Refusal
from questhall.kernel.http import RouteInfo
from questhall.kernel.limits import Limits, Quota, RateLimited, Verdict
from questhall.kernel.rpc import ServiceAbsent
from questhall.kernel.settings import Settings

__all__ = ["Decision", "MethodNotAllowed", "NotFound", "Policy"]

LOCAL_S = 1.0
"""How long an identity is believed without asking Redis."""
AWAY_LOCAL_S = 5.0
"""The same while Redis is away."""
CACHED_S = 60.0
LOCAL_MAX = 20_000
MONEY = ("/admin/transactions", "/transfers", "/purchases", "/trades")
"""Parts of paths whose identity is always asked of its owner."""

QUOTAS = {
    "read": Quota("read", 600, 60),
    "write": Quota("write", 240, 60),
    "auth": Quota("auth", 20, 60),
    "ingest": Quota("ingest", 60_000, 60),
}
ADDRESS_QUOTA = Quota("address", 3_000, 60)


class NotFound(Refusal):
    """There is no such route."""

    code: ClassVar[str] = "not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is nothing here"


class MethodNotAllowed(Refusal):
    """The route exists for other methods."""

    code: ClassVar[str] = "method_not_allowed"
    status: ClassVar[int] = 405
    title: ClassVar[str] = "This can't be done here"


class CrossSite(Refusal):
    """A change with a cookie has to come from our own page."""

    code: ClassVar[str] = "cross_site"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "This came from another site"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy allows."""

    route: RouteInfo
    caller: Caller
    verdict: Verdict | None = None

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Response headers about limits."""
        return [] if self.verdict is None else self.verdict.headers()


class _Node(msgspec.Struct):
    fixed: dict[str, _Node]
    any: _Node | None
    routes: dict[str, RouteInfo]


class _Table:
    """Routes by path segments: static before parameter."""

    def __init__(self, routes: list[RouteInfo]) -> None:
        self._root = _Node({}, None, {})
        for route in routes:
            node = self._root
            for segment in route.template.strip("/").split("/"):
                if segment.startswith("{"):
                    node.any = node.any or _Node({}, None, {})
                    node = node.any
                else:
                    node = node.fixed.setdefault(segment, _Node({}, None, {}))
            node.routes[route.method] = route

    def find(self, method: str, path: str) -> RouteInfo | None:
        """The route; None if there is none. Refuses ``method_not_allowed``."""
        others = False
        for node in self._nodes(self._root, path.strip("/").split("/"), 0):
            route = node.routes.get(method) or (node.routes.get("GET") if method == "HEAD" else None)
            if route is not None:
                return route
            others = others or bool(node.routes)
        if others:
            raise MethodNotAllowed
        return None

    def _nodes(self, node: _Node, segments: list[str], at: int) -> Any:
        if at == len(segments):
            if node.routes:
                yield node
            return
        fixed = node.fixed.get(segments[at])
        if fixed is not None:
            yield from self._nodes(fixed, segments, at + 1)
        if node.any is not None:
            yield from self._nodes(node.any, segments, at + 1)


class Policy:
    """Decides. The same object is asked by the ASGI middleware and, later, by nginx through `auth_request`."""

    def __init__(
        self,
        *,
        settings: Settings,
        routes: list[RouteInfo],
        permissions: Permissions,
        identity: Identity,
        keyring: KeyRing,
        cache: Cache,
        limits: Limits,
        absent: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = settings
        self._table = _Table(routes)
        self._permissions = permissions
        self._identity = identity
        self._keyring = keyring
        self._cache = cache
        self._limits = limits
        self._absent = dict(absent or {})
        self._local: dict[bytes, tuple[float, Caller | None]] = {}
        public = urlsplit(settings.public_url)
        self._origin = f"{public.scheme}://{public.netloc}"
        self._loopback = public.hostname in ("localhost", "127.0.0.1", "::1")
        self.cookie = "__Host-session" if settings.https else "session"

    async def decide(self, method: str, path: str, headers: Mapping[bytes, bytes], address: str) -> Decision:
        """Allows, with who calls; or refuses.

        Refuses ``not_found``, ``method_not_allowed``, ``service_absent``, ``cross_site``, ``not_signed_in``,
        ``forbidden``, ``rate_limited``.
        """
        route = self._table.find(method, path)
        if route is None:
            for prefix, service in self._absent.items():
                if path.startswith(prefix):
                    raise ServiceAbsent(f"{service} is not deployed here")
            raise NotFound
        secret, by_cookie = self._secret(method, headers)
        if method not in ("GET", "HEAD", "OPTIONS") and (by_cookie or secret is None):
            self._check_origin(headers, required=by_cookie)
        caller = ANONYMOUS
        if secret is not None:
            try:
                caller = await self._caller(secret, money=any(m in path for m in MONEY))
            except NotSignedIn:
                # What is open to all stays open to whoever comes with an old cookie: to sign in again, say.
                if route.permission != PUBLIC:
                    raise
        verdict = await self._limit(route, caller, address)
        if not caller.may(route.permission) and route.permission != PUBLIC:
            if caller.user_id is None:
                raise NotSignedIn
            raise Forbidden(f"it needs the permission {route.permission}")
        return Decision(route=route, caller=caller, verdict=verdict)

    def _secret(self, method: str, headers: Mapping[bytes, bytes]) -> tuple[bytes | None, bool]:
        bearer = headers.get(b"authorization", b"")
        if bearer[:7].lower() == b"bearer ":
            return bearer[7:].strip(), False
        if method == "WEBSOCKET":
            for word in headers.get(b"sec-websocket-protocol", b"").split(b","):
                if word.strip().startswith(b"qh.bearer."):
                    return word.strip()[len(b"qh.bearer.") :], False
        for pair in headers.get(b"cookie", b"").split(b";"):
            name, _, value = pair.strip().partition(b"=")
            if name == self.cookie.encode() and value:
                return value, True
        return None, False

    def _check_origin(self, headers: Mapping[bytes, bytes], *, required: bool) -> None:
        site = headers.get(b"sec-fetch-site")
        origin = headers.get(b"origin")
        if site is not None and site not in (b"same-origin", b"none"):
            raise CrossSite
        if origin is not None and not self._own(origin.decode("latin-1"), headers):
            raise CrossSite
        if required and site is None and origin is None:
            raise CrossSite("a change with a cookie has to name its Origin")

    def _own(self, origin: str, headers: Mapping[bytes, bytes]) -> bool:
        if origin == self._origin:
            return True
        # On loopback the installation may be reached by any of the machine's own names, at the port that was asked.
        parts = urlsplit(origin)
        host = headers.get(b"host", b"").decode("latin-1")
        return self._loopback and parts.scheme == "http" and parts.netloc == host and _is_loopback(parts.hostname)

    async def _caller(self, secret: bytes, *, money: bool) -> Caller:
        if not 16 <= len(secret) <= 200:
            raise NotSignedIn
        digest = hashlib.sha256(secret).digest()
        now = time.monotonic()
        known = self._local.get(digest)
        if known is not None and known[0] > now and not money:
            if known[1] is None:
                raise NotSignedIn
            return known[1]
        caller = await self._resolve(digest, money=money)
        if len(self._local) > LOCAL_MAX:
            self._local.clear()
        until = now + (AWAY_LOCAL_S if self._cache.away else LOCAL_S)
        self._local[digest] = (until, caller)
        if caller is None:
            raise NotSignedIn
        return caller

    async def _resolve(self, digest: bytes, *, money: bool) -> Caller | None:
        key = self._cache.key("who", digest.hex())
        if not money:
            cached = await self._cache.get(key)
            if cached is not None:
                return self._as_caller(msgspec.json.decode(cached, type=Principal))
        principal = await self._identity.resolve(digest)
        if principal is None:
            await self._cache.delete(key)
            return None
        await self._cache.set(key, msgspec.json.encode(principal), ttl_s=CACHED_S)
        await self._cache.command("SADD", self._cache.key("whos", principal.user_id), digest.hex())
        return self._as_caller(principal)

    def _as_caller(self, principal: Principal) -> Caller:
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

    async def purge(self, user_id: UUID) -> None:
        """Forgets what is known of a user's sessions and tokens: suspension, role change, log-out."""
        key = self._cache.key("whos", user_id)
        digests = await self._cache.command("SMEMBERS", key) or []
        keys = [self._cache.key("who", digest.decode()) for digest in digests]
        await self._cache.delete(key, *keys)
        self._local = {
            digest: entry for digest, entry in self._local.items() if entry[1] is None or entry[1].user_id != user_id
        }

    def forget(self) -> None:
        """Forgets all that is known here; what Redis knows stays."""
        self._local.clear()

    async def _limit(self, route: RouteInfo, caller: Caller, address: str) -> Verdict:
        subject = str(caller.token_id or caller.user_id or _network(address))
        wanted = [(QUOTAS[route.limit], subject)]
        if caller.user_id is None and route.limit != "ingest":
            wanted.append((ADDRESS_QUOTA, _network(address)))
        verdict = await self._limits.take(wanted)
        if not verdict.admitted:
            raise RateLimited("slow down a little", headers=verdict.headers())
        return verdict


def _is_loopback(host: str | None) -> bool:
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_V6 = re.compile(r":")


def _network(address: str) -> str:
    """An address as limits count it: IPv6 by its /64."""
    if _V6.search(address) is None:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.split('%', maxsplit=1)[0]}/64", strict=False))
    except ValueError:
        return address
