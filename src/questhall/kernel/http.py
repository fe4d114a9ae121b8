"""HTTP: routes that declare who may use them, problems, paging, ETags. A thin layer over Litestar and msgspec."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, ClassVar, Protocol, cast

import msgspec
from litestar import Litestar, Request, Response, Router
from litestar.datastructures import Cookie, State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from questhall.kernel.access import ANONYMOUS, PUBLIC, SIGNED_IN, Caller, Permissions
from questhall.kernel.contract import Refusal
from questhall.kernel.idempotency import Idempotent
from questhall.kernel.openapi import RouteInfo, document_config, document_of
from questhall.kernel.paging import After, BadCursor, Limit, Page, cursor_of, read_cursor
from questhall.kernel.problems import PROBLEM_TYPE, problem_of
from questhall.kernel.requests import StrictRequest, Time, if_match, read_time
from questhall.kernel.rpc import Asgi
from questhall.kernel.service import Service
from questhall.kernel.versions import Stale

__all__ = [
    "API",
    "PROBLEM_TYPE",
    "PUBLIC",
    "SIGNED_IN",
    "After",
    "BadCursor",
    "Cookie",
    "Idempotent",
    "Limit",
    "Page",
    "Parameter",
    "PublicApp",
    "Request",
    "Response",
    "RouteInfo",
    "Stale",
    "Time",
    "asgi_route",
    "cursor_of",
    "delete",
    "etag",
    "get",
    "if_match",
    "patch",
    "post",
    "problem_of",
    "public_app",
    "put",
    "read_cursor",
    "read_time",
    "websocket_route",
]

API = "/api/v1"
LIMIT_CLASSES = ("read", "write", "auth", "ingest")


def etag(version: int) -> dict[str, str]:
    """The header whose value ``If-Match`` takes."""
    return {"etag": f'"{version}"'}


class _Declared(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    path: str
    permission: str | None
    limit: str
    max_body: int
    idempotency: str | None = None
    versioned: bool = False
    refuses: tuple[type[Refusal], ...] = ()
    asgi: Callable[..., Any] | None = None
    admit: Callable[..., Awaitable[object]] | None = None
    operation: dict[str, Any] | None = None


MAX_BODY = 1024 * 1024


class _Handler(HTTPRouteHandler):
    """Litestar's, with what we declare beside it."""

    questhall_route: _Declared


def _operation_id(function: Callable[..., Any]) -> str:
    """Unique over all services: its service's name before its own."""
    parts = function.__module__.split(".")
    service = parts[parts.index("services") + 1] if "services" in parts[:-1] else parts[0]
    return f"{service}_{function.__name__}"


class _Declare(Protocol):
    def __call__(
        self,
        path: str,
        *,
        permission: str | None = None,
        limit: str = ...,
        status: int | None = None,
        idempotency: str | None = None,
        max_body: int = ...,
        refuses: tuple[type[Refusal], ...] = ...,
        **options: Any,
    ) -> Callable[[Callable[..., Any]], _Handler]: ...


def _route(method: str) -> _Declare:
    def declare(
        path: str,
        *,
        permission: str | None = None,
        limit: str = "read" if method == "GET" else "write",
        status: int | None = None,
        idempotency: str | None = None,
        max_body: int = MAX_BODY,
        refuses: tuple[type[Refusal], ...] = (),
        **options: Any,
    ) -> Callable[[Callable[..., Any]], _Handler]:
        def mark(function: Callable[..., Any]) -> _Handler:
            handler: Any = _Handler(
                path,
                http_method=cast("Any", method),
                status_code=status or (204 if method == "DELETE" else 200),
                opt={"permission": permission, "idempotency": idempotency},
                summary=(function.__doc__ or "").strip().split("\n")[0].rstrip("."),
                operation_id=_operation_id(function),
                **options,
            )(function)
            handler.questhall_route = _Declared(
                method=method,
                path=path,
                permission=permission,
                limit=limit,
                max_body=max_body,
                idempotency=idempotency,
                # A handler that calls `if_match` takes the header; so the document needs no second word for it.
                versioned=if_match.__name__ in function.__code__.co_names,
                refuses=refuses,
            )
            return cast("_Handler", handler)

        return mark

    declare.__name__ = method.lower()
    declare.__doc__ = f"""A {method} route. ``permission``: PUBLIC, SIGNED_IN or a name; none fails at start.

    ``refuses``: refusals of its own whose status nothing else that it declares implies; see ``RouteInfo``.
    """
    return declare


get = _route("GET")
post = _route("POST")
put = _route("PUT")
patch = _route("PATCH")
delete = _route("DELETE")


class _Bare:
    """A bare ASGI route: ``(actions, scope, receive, send)``. For what is hot, raw, or no plain request."""

    def __init__(self, function: Callable[..., Any], declared: _Declared) -> None:
        self.function = function
        self.questhall_route = declared


def asgi_route(
    method: str,
    path: str,
    *,
    permission: str | None = None,
    limit: str = "write",
    max_body: int = MAX_BODY,
    refuses: tuple[type[Refusal], ...] = (),
    admit: Callable[..., Awaitable[object]] | None = None,
    operation: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], _Bare]:
    """A bare ASGI route. ``scope["path_params"]`` and ``scope["caller"]`` are set; ``operation`` documents it.

    ``admit(actions, scope)`` is awaited before the body is read, and may refuse: nothing is held for what leads nowhere.
    """

    def mark(function: Callable[..., Any]) -> _Bare:
        return _Bare(
            function,
            _Declared(
                method=method,
                path=path,
                permission=permission,
                limit=limit,
                max_body=max_body,
                refuses=refuses,
                asgi=function,
                admit=admit,
                operation=operation or {"summary": (function.__doc__ or "").strip().split("\n")[0].rstrip(".")},
            ),
        )

    return mark


def websocket_route(path: str, *, permission: str | None = None) -> Callable[[Callable[..., Any]], _Bare]:
    """A bare WebSocket route."""
    return asgi_route("WEBSOCKET", path, permission=permission, limit="read", operation={"summary": "WebSocket"})


def _shown(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    trace = cast("Any", request.scope).get("questhall_trace", "")
    status, body, headers = problem_of(error, f"urn:trace:{trace}" if trace else "")
    found = {name.decode(): value.decode() for name, value in headers}
    return Response(body, status_code=status, media_type=PROBLEM_TYPE, headers=found)


class UnsupportedMediaType(Refusal):
    """A body is JSON, and says so."""

    code: ClassVar[str] = "unsupported_media_type"
    status: ClassVar[int] = 415
    title: ClassVar[str] = "Please send JSON"


class Unsafe(Exception):
    """A route was declared in a way that can't be served; the message says which."""


class PublicApp:
    """The application of a set of services, and the table of its routes."""

    def __init__(
        self,
        app: Litestar,
        actions: Mapping[str, Any],
        routes: list[RouteInfo],
        bare: dict[str, list[_BareMatch]],
    ) -> None:
        self._litestar = app
        self._actions = actions
        self.routes = routes
        self._bare = bare

    async def admit(self, scope: dict[str, Any]) -> None:
        """Before a request's body is read: refuses what the route can tell by then. ``scope["caller"]`` is set."""
        match = self._match(scope)
        if match is not None and match.admit is not None:
            await match.admit(scope)

    async def asgi(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serves a request whose caller the gateway put into ``scope["caller"]``."""
        match = self._match(scope)
        if match is not None:
            await match.run(scope, receive, send)
            return
        _check_kind(scope)
        scope["questhall_actions"] = self._actions
        await self._litestar(cast("Any", scope), receive, send)

    def _match(self, scope: dict[str, Any]) -> _BareMatch | None:
        """The bare route of a request, which then has its parameters."""
        path: str = scope["path"]
        method = "WEBSOCKET" if scope["type"] == "websocket" else scope.get("method", "")
        for match in self._bare.get(method, ()):
            found = match.pattern.fullmatch(path)
            if found is not None:
                scope["path_params"] = found.groupdict()
                return match
        return None

    def openapi(self) -> dict[str, Any]:
        """One OpenAPI 3.1 document of all routes."""
        return document_of(self._litestar.openapi_schema.to_schema(), self.routes)


def _check_kind(scope: Mapping[str, Any]) -> None:
    """A form of another site can send text, but never this kind: so it is asked for wherever there is a body."""
    headers = dict(scope["headers"])
    if headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers:
        return
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind != b"application/json" and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
        raise UnsupportedMediaType("the body is taken as application/json")


class _BareMatch(msgspec.Struct, frozen=True):
    pattern: re.Pattern[str]
    run: Asgi
    admit: Callable[[dict[str, Any]], Awaitable[object]] | None


def _plain(path: str) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", r"{\1}", path)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(API + re.sub(r"\\\{(\w+)(?::\w+)?\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


# Each of these asks for the one before it, whether it needs it or not: what stands alone is resolved by a plain call, and two
# side by side by a task each, which costs more than all that they do.
def _provide_caller(request: Request[Any, Any, State], actions: Any) -> Caller:
    return cast("Any", request.scope).get("caller", ANONYMOUS)


async def _provide_idempotent(request: Request[Any, Any, State], actions: Any, caller: Caller) -> Idempotent:
    mode = request.route_handler.opt.get("idempotency")
    return Idempotent(
        database=actions.at.db,
        caller=caller.actor,
        key=request.headers.get("idempotency-key"),
        required=mode == "required",
        request=f"{request.method} {request.url.path}?{request.url.query}".encode() + b"\n" + await request.body(),
    )


def public_app(pairs: Sequence[tuple[Service, Any]], *, permissions: Permissions) -> PublicApp:
    """All routes of these services under ``/api/v1``.

    Raises Unsafe for a route without a permission or limit class that exists, and for a template with two owners.
    """
    routes: list[RouteInfo] = []
    bare: dict[str, list[_BareMatch]] = {}
    served: list[tuple[str, tuple[HTTPRouteHandler, ...]]] = []
    owners: dict[tuple[str, str], str] = {}
    for service, actions in pairs:
        handlers: list[HTTPRouteHandler] = []
        for handler in service.routes():
            info = _checked(service, handler.questhall_route, permissions, owners)
            routes.append(info)
            if isinstance(handler, _Bare):
                declared = handler.questhall_route
                run = partial(handler.function, actions)
                admit = None if declared.admit is None else partial(declared.admit, actions)
                bare.setdefault(declared.method, []).append(_BareMatch(_pattern(declared.path), run, admit))
            else:
                handlers.append(handler)
        if handlers:
            served.append((service.name, tuple(handlers)))
    return PublicApp(_application(tuple(served)), {service.name: actions for service, actions in pairs}, routes, bare)


@lru_cache(maxsize=4)
def _application(served: tuple[tuple[str, tuple[HTTPRouteHandler, ...]], ...]) -> Litestar:
    """Litestar's application of these route handlers, by service; one for all installations of a process.

    Making it takes longer than all else that a start does in this process. So it knows of no installation: the actions
    come with each request.
    """
    return Litestar(
        [
            Router(
                API,
                route_handlers=handlers,
                dependencies={"actions": Provide(_giver(name), sync_to_thread=False)},
                tags=[name],
            )
            for name, handlers in served
        ],
        dependencies={
            "caller": Provide(_provide_caller, sync_to_thread=False),
            "idempotent": Provide(_provide_idempotent),
        },
        exception_handlers={Exception: _shown},
        request_class=StrictRequest,
        openapi_config=document_config(),
        logging_config=None,
        debug=False,
    )


def _giver(service: str) -> Callable[[Request[Any, Any, State]], Any]:
    def give(request: Request[Any, Any, State]) -> Any:
        return cast("Any", request.scope)["questhall_actions"][service]

    return give


def _checked(
    service: Service, declared: _Declared, permissions: Permissions, owners: dict[tuple[str, str], str]
) -> RouteInfo:
    template = API + _plain(declared.path)
    name = f"{service.name}: {declared.method} {template}"
    if declared.permission is None:
        raise Unsafe(f"{name} declares no permission")
    if not permissions.known(declared.permission):
        raise Unsafe(f"{name} needs the permission {declared.permission}, which no service declares")
    if declared.limit not in LIMIT_CLASSES:
        raise Unsafe(f"{name} has the limit class {declared.limit}; there are {', '.join(LIMIT_CLASSES)}")
    shape = (declared.method, re.sub(r"\{\w+\}", "{}", template))
    if shape in owners:
        raise Unsafe(f"{name} is owned by {owners[shape]} already")
    owners[shape] = service.name
    return RouteInfo(
        method=declared.method,
        template=template,
        permission=declared.permission,
        limit=declared.limit,
        service=service.name,
        max_body=declared.max_body,
        idempotency=declared.idempotency,
        versioned=declared.versioned,
        refuses=declared.refuses,
        operation_id=_operation_id(declared.asgi) if declared.asgi else "",
        operation=declared.operation,
    )
