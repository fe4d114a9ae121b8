"""The in-process data plane: asks the policy and hands the request to the services' application."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec
import structlog

from questhall.contracts.identity import Identity, SessionRevoked, UserRoleChanged, UserSuspended
from questhall.gateway.documents import SERVICES_PATH, SERVICES_ROUTE, asyncapi
from questhall.gateway.intake import Intake, Overloaded
from questhall.gateway.page import Page
from questhall.gateway.policy import Policy
from questhall.gateway.reader import docs_page, docs_style
from questhall.gateway.routes import MethodNotAllowed, NotFound
from questhall.kernel.access import Caller
from questhall.kernel.contract import Cause, Envelope, Refusal
from questhall.kernel.database import current_cause
from questhall.kernel.http import API, PROBLEM_TYPE, problem_of, public_app
from questhall.kernel.ids import new_id
from questhall.kernel.process import Process
from questhall.kernel.rpc import answer
from questhall.kernel.service import discover
from questhall.kernel.telemetry import read_trace

__all__ = ["Gateway"]

IN_FLIGHT_MAX = 512
"""Above this many requests at once the rest is told to come back. Deliveries are three quarters of them at most: a
burst of them leaves room for the people."""
ANSWER_MAX_S = 30.0
"""What it may take to find out who calls, and then to answer; a request is ended after it, and its effect taken back."""
PATH_LOGGED_MAX = 300
_NAMED = re.compile(r"(/users/|/players/)[^/]+")
INNER = ("/healthz", "/readyz", "/metrics", "/internal")
"""What is served to our own processes, on a socket of its own: here it is nothing, not even the page."""

log = structlog.get_logger(__name__)

T = TypeVar("T")


class TookTooLong(Refusal):
    """The request was not answered in time. One that changes something may be sent again with its Idempotency-Key."""

    code: ClassVar[str] = "took_too_long"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "This took too long"


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
        self._intake = Intake()
        self._in_flight = self._deliveries = 0
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
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        began = time.perf_counter()
        trace, traceparent = read_trace(dict(scope["headers"]).get(b"traceparent"))
        answered = _Answer(send, head=scope["method"] == "HEAD")
        answered.headers = [
            (b"x-request-id", trace.encode()),
            (b"traceparent", traceparent.encode()),
            *self._page.security_headers,
        ]
        # What HEAD is answered is what GET would be, without the body. The server keeps its own scope.
        request = {**scope, "method": "GET" if answered.head else scope["method"], "questhall_trace": trace}
        request["questhall_traceparent"] = traceparent
        with structlog.contextvars.bound_contextvars(trace=trace):
            try:
                await self._route(request, receive, answered)
            except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a problem document
                await self._refuse(error, trace, answered)
            finally:
                took = time.perf_counter() - began
                self._process.metrics.requests.labels(
                    answered.service, scope["method"], f"{answered.status // 100}xx"
                ).observe(took)
                log.info(
                    "request",
                    method=scope["method"],
                    path=_logged(scope["path"]),
                    status=answered.status,
                    ms=round(took * 1000, 2),
                    service=answered.service,
                    actor=answered.actor,
                )

    async def _route(self, scope: dict[str, Any], receive: Any, answered: _Answer) -> None:
        path = scope["path"]
        if path.startswith("/api/v1/") and path != SERVICES_PATH:
            answered.headers.append((b"cache-control", b"no-store"))
            await self._api(scope, receive, answered)
        elif path == "/api" or path.startswith(("/api/", "/.well-known/")):
            await self._document(scope, answered)
        elif path in INNER or path.startswith("/internal/"):
            raise NotFound
        else:
            await self._page.serve(scope, answered)

    async def _api(self, scope: dict[str, Any], receive: Any, answered: _Answer) -> None:
        headers = dict(scope["headers"])
        deciding = self.policy.decide(scope["method"], scope["path"], headers, _address(scope))
        decision = await _in_time(deciding, answered)
        route = decision.route
        answered.service, answered.actor = route.service, decision.caller.actor
        answered.headers.extend(decision.headers())
        scope["caller"] = decision.caller
        await _in_time(self._public.admit(scope), answered)
        async with self._intake.whole(receive, headers, route.max_body) as body:
            delivery = route.limit == "ingest"
            if self._in_flight >= IN_FLIGHT_MAX or (delivery and self._deliveries >= IN_FLIGHT_MAX * 3 // 4):
                raise Overloaded("come back in a second", retry_after=1)
            self._in_flight += 1
            self._deliveries += delivery
            try:
                self._set_cause(decision.caller, scope["questhall_traceparent"], staff=route.permission)
                await _in_time(self._public.asgi(scope, body, answered), answered)
            finally:
                self._in_flight -= 1
                self._deliveries -= delivery

    @staticmethod
    def _set_cause(caller: Caller, traceparent: str, *, staff: str) -> None:
        identifier = new_id()
        actor = caller.actor
        if staff not in ("public", "signed_in") and caller.user_id is not None:
            actor = f"admin:{caller.user_id}"
        cause = Cause(correlation_id=identifier, causation_id=identifier, actor=actor, traceparent=traceparent)
        current_cause.set(cause)

    async def _refuse(self, error: Exception, trace: str, answered: _Answer) -> None:
        if answered.status:
            log.error("response_cut", error=repr(error), exc_info=error)
            raise error
        if isinstance(error, Refusal):
            self._process.metrics.refused.labels(error.code).inc()
        status, body, headers = problem_of(error, f"urn:trace:{trace}")
        if not any(name == b"cache-control" for name, _ in answered.headers):
            headers.append((b"cache-control", b"no-store"))
        await answer(answered, status, body, PROBLEM_TYPE.encode(), headers)

    async def _websocket(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        trace, traceparent = read_trace(headers.get(b"traceparent"))
        with structlog.contextvars.bound_contextvars(trace=trace):
            try:
                decision = await self.policy.decide("WEBSOCKET", scope["path"], headers, _address(scope))
            except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a problem document
                status, problem, more = problem_of(error, f"urn:trace:{trace}")
                code = error.code if isinstance(error, Refusal) else type(error).__name__
                log.info("socket_refused", path=_logged(scope["path"]), code=code)
                await receive()

                async def deny(message: dict[str, Any]) -> None:
                    await send({**message, "type": f"websocket.{message['type']}"})

                await answer(deny, status, problem, PROBLEM_TYPE.encode(), more)
                return
            began, actor = time.perf_counter(), decision.caller.actor
            log.info("socket_opened", path=scope["path"], actor=actor)
            scope["caller"] = decision.caller
            self._set_cause(decision.caller, traceparent, staff=decision.route.permission)
            # It lasts for an hour: what only its beginning needed is not kept for so long.
            del headers, decision
            try:
                await self._public.asgi(scope, receive, send)
            finally:
                log.info("socket_closed", path=scope["path"], actor=actor, s=round(time.perf_counter() - began, 1))

    async def _document(self, scope: dict[str, Any], answered: _Answer) -> None:
        made = {
            "/api/docs": (self._docs, b"text/html; charset=utf-8"),
            "/api/docs.css": (docs_style, b"text/css; charset=utf-8"),
            "/api/openapi.json": (self._openapi, b"application/json"),
            "/api/asyncapi.json": (self._asyncapi, b"application/json"),
            "/.well-known/jwks.json": (self._jwks, b"application/jwk-set+json"),
            SERVICES_PATH: (self._services, b"application/json"),
        }.get(scope["path"])
        if made is None:
            raise NotFound
        if scope["method"] != "GET":
            raise MethodNotAllowed(headers=[(b"allow", b"GET, HEAD")])
        write, kind = made
        await answer(answered, 200, write(), kind, [(b"cache-control", b"no-cache")])

    def _jwks(self) -> bytes:
        return msgspec.json.encode(self._process.keyring.jwks())

    def _docs(self) -> bytes:
        if "docs" not in self._documents:
            refusals = [refusal for service, _ in self._process.pairs for refusal in service.contract.refusals]
            self._documents["docs"] = docs_page(self._openapi(), refusals)
        return self._documents["docs"]

    def _openapi(self) -> bytes:
        if "openapi" not in self._documents:
            document = self._public.openapi()
            document["paths"][SERVICES_PATH] = SERVICES_ROUTE
            self._documents["openapi"] = msgspec.json.encode(document)
        return self._documents["openapi"]

    def _asyncapi(self) -> bytes:
        if "asyncapi" not in self._documents:
            contracts = [service.contract for service, _ in self._process.pairs]
            self._documents["asyncapi"] = msgspec.json.encode(asyncapi(contracts, self._process.settings.public_url))
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
            await self._policy.identities.purge(UUID(user))


class _Answer:
    """Where an answer goes: adds what every answer carries, and notes what became of it. It is an ASGI ``send``."""

    def __init__(self, send: Any, *, head: bool) -> None:
        self._send = send
        self.head = head
        self.headers: list[tuple[bytes, bytes]] = []
        self.status = 0
        self.service = "gateway"
        self.actor = "anonymous"

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", []), *self.headers]}
        elif self.head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


async def _in_time(work: Awaitable[T], answered: _Answer) -> T:
    """What it gives. Refuses ``took_too_long``, unless the answer has begun already: then it is cut."""
    try:
        async with asyncio.timeout(ANSWER_MAX_S) as limit:
            return await work
    except TimeoutError:
        if not limit.expired() or answered.status:
            raise
        raise TookTooLong("it was ended; come back in a moment", retry_after=5) from None


def _logged(path: str) -> str:
    """A path as the log has it: without the name of a player, which would outlive them there."""
    return quote(_NAMED.sub(r"\1-", path))[:PATH_LOGGED_MAX]


def _address(scope: dict[str, Any]) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
