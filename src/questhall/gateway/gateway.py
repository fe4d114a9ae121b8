"""The in-process data plane: asks the policy and hands the request to the services' application."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import structlog

from questhall.contracts.identity import Identity, SessionRevoked, UserRoleChanged, UserSuspended
from questhall.gateway.documents import SERVICES_PATH, SERVICES_ROUTE, asyncapi, docs_page
from questhall.gateway.page import Page
from questhall.gateway.policy import NotFound, Policy
from questhall.kernel.access import Caller
from questhall.kernel.contract import Cause, Envelope, Refusal
from questhall.kernel.database import current_cause
from questhall.kernel.http import API, problem_of, public_app
from questhall.kernel.ids import new_id
from questhall.kernel.process import Process
from questhall.kernel.rpc import answer
from questhall.kernel.service import discover
from questhall.kernel.telemetry import read_trace

__all__ = ["Gateway"]

IN_FLIGHT_MAX = 512
"""Above this many requests at once the rest is told to come back."""
BODY_TIMEOUT_S = 20.0
WEBSOCKET_REFUSED = 4403

log = structlog.get_logger(__name__)


class Overloaded(Refusal):
    """Too much at once; nothing was begun."""

    code: ClassVar[str] = "overloaded"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "Too busy right now"


class TooLarge(Refusal):
    """The body is larger than the route takes."""

    code: ClassVar[str] = "too_large"
    status: ClassVar[int] = 413
    title: ClassVar[str] = "That is too large"


class TooSlow(Refusal):
    """The body did not arrive in time."""

    code: ClassVar[str] = "too_slow"
    status: ClassVar[int] = 408
    title: ClassVar[str] = "The request did not arrive in time"


class Gateway:
    """Serves the API, its documents and the page."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._public = public_app(process.pairs, permissions=process.permissions)
        everything = discover()
        absent: dict[str, str] = {}
        for service in everything:
            if service.name not in process.running:
                for handler in service.routes():
                    absent[API + handler.questhall_route.path.split("{")[0].rstrip("/")] = service.name
        self.policy = Policy(
            settings=process.settings,
            routes=self._public.routes,
            permissions=process.permissions,
            identity=process.stub("gateway", Identity),
            keyring=process.keyring,
            cache=process.cache,
            limits=process.limits,
            absent=absent,
        )
        self._page = Page(https=process.settings.https)
        self._in_flight = 0
        self._everything = [service.name for service in everything]
        self._documents: dict[str, bytes] = {}
        process.bus.subscribe(_Purger(self.policy))

    async def start(self) -> None:
        """Nothing to wait for: the services are up."""

    async def stop(self) -> None:
        """Nothing to end."""

    async def app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application that the world sees."""
        kind = scope["type"]
        if kind == "lifespan":
            await _lifespan(receive, send)
        elif kind == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["path"].startswith("/api/v1/") and scope["path"] != SERVICES_PATH:
            await self._api(scope, receive, send)
        elif scope["path"].startswith(("/api/", "/.well-known/")):
            await self._document(scope, send)
        else:
            await self._page.serve(scope, send)

    async def _api(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        began = time.perf_counter()
        headers = dict(scope["headers"])
        trace, traceparent = read_trace(headers.get(b"traceparent"))
        scope["questhall_trace"] = trace
        added = [
            (b"x-request-id", trace.encode()),
            (b"traceparent", traceparent.encode()),
            (b"cache-control", b"no-store"),
            *self._page.security_headers,
        ]
        state = {"status": 0}

        async def sending(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                state["status"] = message["status"]
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        service = "gateway"
        method = scope["method"]
        try:
            if self._in_flight >= IN_FLIGHT_MAX:
                raise Overloaded("come back in a second", retry_after=1)
            self._in_flight += 1
            try:
                decision = await self.policy.decide(method, scope["path"], headers, _address(scope))
                service = decision.route.service
                scope["caller"] = decision.caller
                added.extend(decision.headers())
                self._set_cause(decision.caller, traceparent, staff=decision.route.permission)
                limited = _limited(receive, headers, decision.route.max_body)
                await self._public.asgi(scope, limited, sending)
            finally:
                self._in_flight -= 1
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a problem document
            await self._refuse(error, trace, sending, started=state["status"] != 0)
        took = time.perf_counter() - began
        self._process.metrics.requests.labels(service, method, f"{state['status'] // 100}xx").observe(took)
        log.debug("request", method=method, path=scope["path"], status=state["status"], ms=round(took * 1000, 2))

    @staticmethod
    def _set_cause(caller: Caller, traceparent: str, *, staff: str) -> None:
        identifier = new_id()
        actor = caller.actor
        if staff not in ("public", "signed_in") and caller.user_id is not None:
            actor = f"admin:{caller.user_id}"
        cause = Cause(correlation_id=identifier, causation_id=identifier, actor=actor, traceparent=traceparent)
        current_cause.set(cause)

    async def _refuse(self, error: Exception, trace: str, send: Any, *, started: bool) -> None:
        if started:
            log.error("response_cut", error=repr(error), exc_info=error)
            raise error
        extra: list[tuple[bytes, bytes]] = []
        if isinstance(error, Refusal):
            extra = error.extra.pop("headers", [])
            self._process.metrics.refused.labels(error.code).inc()
        status, body, headers = problem_of(error, f"urn:trace:{trace}")
        all_headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            *headers,
            *extra,
        ]
        await send({"type": "http.response.start", "status": status, "headers": all_headers})
        await send({"type": "http.response.body", "body": body})

    async def _websocket(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        try:
            decision = await self.policy.decide("WEBSOCKET", scope["path"], headers, _address(scope))
        except Refusal as refusal:
            await receive()
            log.debug("socket_refused", code=refusal.code)
            await send({"type": "websocket.close", "code": WEBSOCKET_REFUSED, "reason": refusal.code})
            return
        scope["caller"] = decision.caller
        await self._public.asgi(scope, receive, send)

    async def _document(self, scope: dict[str, Any], send: Any) -> None:
        path = scope["path"]
        if path == "/api/docs":
            await self._page.send_html(send, docs_page(self._openapi()))
            return
        made = {
            "/api/openapi.json": self._openapi,
            "/api/asyncapi.json": self._asyncapi,
            "/.well-known/jwks.json": lambda: msgspec.json.encode(self._process.keyring.jwks()),
            SERVICES_PATH: self._services,
        }.get(path)
        if made is None or scope["method"] not in ("GET", "HEAD"):
            status, body, _ = problem_of(NotFound(), "")
            await answer(send, status, body, b"application/problem+json")
            return
        await answer(send, 200, made())

    def _openapi(self) -> bytes:
        if "openapi" not in self._documents:
            document = self._public.openapi()
            document["paths"][SERVICES_PATH] = SERVICES_ROUTE
            self._documents["openapi"] = msgspec.json.encode(document)
        return self._documents["openapi"]

    def _asyncapi(self) -> bytes:
        if "asyncapi" not in self._documents:
            contracts = [service.contract for service, _ in self._process.pairs]
            self._documents["asyncapi"] = msgspec.json.encode(asyncapi(contracts))
        return self._documents["asyncapi"]

    def _services(self) -> bytes:
        items = [{"name": name, "present": name in self._process.running} for name in self._everything]
        return msgspec.json.encode({"items": items, "next": None})

    def openapi(self) -> bytes:
        """The OpenAPI document."""
        return self._openapi()


class _Purger:
    """Hears what ends an identity, so that it ends here within a second."""

    name = "gateway"
    _kinds: ClassVar[dict[str, Any]] = {event.type: event for event in (SessionRevoked, UserSuspended, UserRoleChanged)}

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def hears(self, event_type: str) -> bool:
        """Three types."""
        return event_type in self._kinds

    async def take(self, envelopes: list[Envelope[Any]]) -> None:
        """Purges each user once."""
        for user in {envelope.subject for envelope in envelopes}:
            await self._policy.purge(UUID(user))


def _address(scope: dict[str, Any]) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


def _limited(receive: Any, headers: dict[bytes, bytes], limit: int) -> Any:
    """The body, refused when it is larger than the route takes, or slower than anybody's line."""
    declared = headers.get(b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"at most {limit} bytes")
    seen = 0
    whole = False

    async def limited() -> Any:
        nonlocal seen, whole
        if whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), BODY_TIMEOUT_S)
        except TimeoutError:
            raise TooSlow from None
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise TooLarge(f"at most {limit} bytes")
            whole = not message.get("more_body", False)
        return message

    return limited


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
