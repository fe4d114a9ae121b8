"""The policy: who is this, may they use this route, within which limits, with which inner token. One function."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from questhall.contracts.identity import Identity
from questhall.gateway.identities import Identities, Known
from questhall.gateway.routes import NotFound, RouteTable
from questhall.kernel.access import ANONYMOUS, Caller, Forbidden, KeyRing, NotSignedIn, Permissions
from questhall.kernel.cache import Cache
from questhall.kernel.contract import Refusal
from questhall.kernel.http import RouteInfo
from questhall.kernel.limits import Limits, Quota, RateLimited, Verdict
from questhall.kernel.rpc import ServiceAbsent
from questhall.kernel.settings import Settings

__all__ = ["Decision", "Policy", "network_of"]

QUOTAS = {
    "read": Quota("read", 1_200, 60),
    "write": Quota("write", 480, 60),
    "auth": Quota("auth", 40, 60),
    "ingest": Quota("ingest", 240_000, 60),
}
"""By route class, of each session's user, each access token, or the address of who is not signed in."""
ADDRESS_QUOTA = Quota("address", 6_000, 60)
"""All that comes from one address without being signed in; secrets that were never seen before count too."""
USER_QUOTA = Quota("user", 6_000, 60)
"""All that a player's access tokens do together."""


class CrossSite(Refusal):
    """A change with a cookie has to come from our own page."""

    code: ClassVar[str] = "cross_site"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "This came from another site"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy allows."""

    route: RouteInfo
    caller: Caller
    token: str | None
    """The signed inner token of the caller, good for four minutes or more; None for who is not signed in."""
    verdict: Verdict

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Response headers about limits."""
        return self.verdict.headers()


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
        self.table = RouteTable(routes)
        self.identities = Identities(identity=identity, permissions=permissions, keyring=keyring, cache=cache)
        self._limits = limits
        self._absent = dict(absent or {})
        public = urlsplit(settings.public_url)
        self._origin = f"{public.scheme}://{public.netloc}"
        self._loopback = public.hostname in ("localhost", "127.0.0.1", "::1")
        self.cookie = settings.cookie("session")

    async def decide(self, method: str, path: str, headers: Mapping[bytes, bytes], address: str) -> Decision:
        """Allows, with who calls; or refuses.

        Refuses ``not_found``, ``method_not_allowed``, ``upgrade_required``, ``service_absent``, ``cross_site``,
        ``not_signed_in``, ``forbidden``, ``rate_limited``.
        """
        route = self.table.find(method, path)
        if route is None:
            for prefix, service in self._absent.items():
                if path.startswith(prefix):
                    raise ServiceAbsent(f"{service} is not deployed here")
            raise NotFound
        secret, by_cookie = self._secret(method, headers)
        if method not in ("GET", "HEAD", "OPTIONS") and (by_cookie or secret is None):
            self._check_origin(headers, required=by_cookie)
        caller, token = ANONYMOUS, None
        if secret is not None:
            try:
                # Money is never moved on the word of a cache.
                known = await self._known(secret, address, fresh=route.idempotency == "required")
                caller, token = known.caller, known.token
            except NotSignedIn:
                pass  # Limited as nobody; and what is open to all stays open: to sign in again, say.
        verdict = await self._limit(route, caller, address)
        if not caller.may(route.permission):
            if caller.user_id is None:
                raise NotSignedIn(headers=verdict.headers())
            raise Forbidden(f"it needs the permission {route.permission}", headers=verdict.headers())
        return Decision(route=route, caller=caller, token=token, verdict=verdict)

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
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        host = headers.get(b"host", b"").decode("latin-1")
        return self._loopback and parts.scheme == "http" and parts.netloc == host and _is_loopback(parts.hostname)

    async def _known(self, secret: bytes, address: str, *, fresh: bool) -> Known:
        digest = Identities.digest(secret)
        known = await self.identities.find(digest, fresh=fresh)
        if known is not None:
            return known
        if not self.identities.seen(digest):
            # A secret that was never seen here may be a guess, and costs a look into a table: the address pays for it.
            verdict = await self._limits.take([(ADDRESS_QUOTA, network_of(address))])
            if not verdict.admitted:
                raise RateLimited("slow down a little", headers=verdict.headers())
        return await self.identities.ask(digest)

    async def _limit(self, route: RouteInfo, caller: Caller, address: str) -> Verdict:
        wanted = [(QUOTAS[route.limit], str(caller.user_id or network_of(address)))]
        if route.limit != "ingest":
            if caller.user_id is None:
                wanted.append((ADDRESS_QUOTA, network_of(address)))
            elif caller.token_id is not None:
                wanted = [(QUOTAS[route.limit], str(caller.token_id)), (USER_QUOTA, str(caller.user_id))]
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


def network_of(address: str) -> str:
    """An address as limits count it: IPv6 by its /64, an IPv4 one that came by an IPv6 socket as itself."""
    try:
        found = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
