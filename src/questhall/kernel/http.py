"""HTTP: routes that declare who may use them, problems, paging, ETags. A thin layer over Litestar and msgspec."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, Protocol, TypeVar, cast
from uuid import UUID

import msgspec
import structlog
from litestar import Litestar, Request, Response, Router
from litestar.datastructures import Cookie, State
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import Parameter

from questhall.kernel.access import ANONYMOUS, PUBLIC, SIGNED_IN, Caller, NotSignedIn, Permissions
from questhall.kernel.contract import Refusal
from questhall.kernel.database import is_unavailable
from questhall.kernel.idempotency import Idempotent
from questhall.kernel.rpc import Asgi
from questhall.kernel.service import Service

__all__ = [
    "API",
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
    "asgi_route",
    "cursor_of",
    "delete",
    "get",
    "if_match",
    "patch",
    "post",
    "problem_of",
    "public_app",
    "put",
    "read_cursor",
    "websocket_route",
]

API = "/api/v1"
LIMIT_CLASSES = ("read", "write", "auth", "ingest")
PAGE_MAX = 100
PAGE_DEFAULT = 25
PROBLEM_TYPE = "application/problem+json"

log = structlog.get_logger(__name__)
T = TypeVar("T")
Limit = Annotated[int, Parameter(query="limit", ge=1, le=PAGE_MAX, description="How many items at most.")]
After = Annotated[str | None, Parameter(query="after", max_length=400, description="`next` of the page before.")]


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """A page of a list; ``next`` is given back as ``?after=`` for the one that follows, null at the end."""

    items: list[T]
    next: str | None = None


class BadCursor(Refusal):
    """``after`` is not a cursor of this list."""

    code: ClassVar[str] = "bad_cursor"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This page can't be found"


class Stale(Refusal):
    """The resource changed since it was read."""

    code: ClassVar[str] = "stale"
    status: ClassVar[int] = 412
    title: ClassVar[str] = "Somebody changed this meanwhile"


class IfMatchRequired(Refusal):
    """A change has to say which version it is for."""

    code: ClassVar[str] = "if_match_required"
    status: ClassVar[int] = 428
    title: ClassVar[str] = "The version is missing: send If-Match"


def cursor_of(*values: UUID | datetime | int | str) -> str:
    """An opaque cursor from the sort key of a page's last item."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def read_cursor(after: str | None, *kinds: Any) -> tuple[Any, ...] | None:
    """The sort key in a cursor, typed; None without one. Refuses ``bad_cursor``."""
    if after is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
        return msgspec.json.decode(raw, type=cast("Any", tuple)[kinds])
    except (ValueError, msgspec.MsgspecError):
        raise BadCursor("start again without `after`") from None


def if_match(request: Request[Any, Any, Any]) -> int:
    """The version that a change is for, from ``If-Match: "<version>"``. Refuses ``if_match_required``, ``stale``."""
    header = request.headers.get("if-match")
    if header is None:
        raise IfMatchRequired
    found = re.fullmatch(r'(?:W/)?"?(\d{1,9})"?', header.strip())
    if found is None:
        raise Stale('If-Match takes the version that was read, such as "3"')
    return int(found.group(1))


class RouteInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway and the documents know of a route."""

    method: str
    template: str
    """With ``/api/v1``, parameters as ``{name}``."""
    permission: str
    limit: str
    service: str
    max_body: int
    idempotency: str | None = None
    asgi: Callable[..., Any] | None = None
    operation: dict[str, Any] | None = None


class _Declared(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    path: str
    permission: str | None
    limit: str
    max_body: int
    idempotency: str | None = None
    asgi: Callable[..., Any] | None = None
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
            )
            return cast("_Handler", handler)

        return mark

    declare.__name__ = method.lower()
    declare.__doc__ = f"""A {method} route. ``permission``: PUBLIC, SIGNED_IN or a name; none fails at start."""
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
    operation: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], _Bare]:
    """A bare ASGI route. ``scope["path_params"]`` and ``scope["caller"]`` are set; ``operation`` documents it."""

    def mark(function: Callable[..., Any]) -> _Bare:
        return _Bare(
            function,
            _Declared(
                method=method,
                path=path,
                permission=permission,
                limit=limit,
                max_body=max_body,
                asgi=function,
                operation=operation or {"summary": (function.__doc__ or "").strip().split("\n")[0].rstrip(".")},
            ),
        )

    return mark


def websocket_route(path: str, *, permission: str | None = None) -> Callable[[Callable[..., Any]], _Bare]:
    """A bare WebSocket route."""
    return asgi_route("WEBSOCKET", path, permission=permission, limit="read", operation={"summary": "WebSocket"})


def _problem(refusal_code: str, title: str, status: int, detail: str, instance: str, extra: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(
        {
            "type": f"about:blank#{refusal_code}",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": instance,
            "code": refusal_code,
            **extra,
        }
    )


def problem_of(error: BaseException, instance: str = "") -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Status, body and extra headers of the problem document that an exception is shown as."""
    if isinstance(error, Refusal):
        extra: dict[str, Any] = dict(error.extra)
        headers: list[tuple[bytes, bytes]] = []
        if "retry_after" in extra:
            headers.append((b"retry-after", str(extra.pop("retry_after")).encode()))
        if error.errors:
            extra["errors"] = error.errors
        if isinstance(error, NotSignedIn):
            headers.append((b"www-authenticate", b'Bearer realm="questhall"'))
        return error.status, _problem(error.code, error.title, error.status, error.detail, instance, extra), headers
    if isinstance(error, ValidationException):
        return _validation_problem(error, instance)
    if isinstance(error, HTTPException):
        code, title = _CODES.get(error.status_code, ("error", "The request can't be answered"))
        status = error.status_code
        if status >= 500:
            code, title = "internal", "Something went wrong on our side"
        return status, _problem(code, title, status, title, instance, {}), []
    if is_unavailable(error):
        body = _problem("unavailable", "Please try again soon", 503, "a part is starting or away", instance, {})
        return 503, body, [(b"retry-after", b"2")]
    log.error("request_failed", error=repr(error), exc_info=error)
    body = _problem("internal", "Something went wrong on our side", 500, "it was written down", instance, {})
    return 500, body, []


_CODES = {
    400: ("malformed_body", "The request can't be read"),
    401: ("not_signed_in", "Please sign in"),
    403: ("forbidden", "This is not allowed for you"),
    404: ("not_found", "There is nothing here"),
    405: ("method_not_allowed", "This can't be done here"),
    413: ("too_large", "That is too large"),
    415: ("unsupported_media_type", "Please send JSON"),
}
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)


def _validation_problem(error: ValidationException, instance: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    errors: list[dict[str, str]] = []
    for item in cast("list[Any]", error.extra or []):
        message = str(item.get("message", "can't be used")) if isinstance(item, dict) else str(item)
        key = str(item.get("key", "")) if isinstance(item, dict) else ""
        found = _AT.match(message)
        what, path = (found.group("what"), found.group("path")) if found else (message, None)
        if path and path not in ("$", "key in `$"):
            key = path.removeprefix("$").lstrip(".")
        pointer = "/" + re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", key).replace(".", "/").lstrip("/") if key else ""
        errors.append({"pointer": "#" + pointer, "detail": what})
    body = _problem("invalid", "Some of this can't be used", 422, _first(errors), instance, {"errors": errors})
    return 422, body, []


def _first(errors: list[dict[str, str]]) -> str:
    return "; ".join(f"{e['pointer']}: {e['detail']}" if e["pointer"] != "#" else e["detail"] for e in errors[:3])


def instance_of(scope: Mapping[str, Any]) -> str:
    """The trace id, as problems name it."""
    trace = scope.get("questhall_trace", "")
    return f"urn:trace:{trace}" if trace else ""


def _shown(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    malformed = isinstance(error, ValidationException) and _is_malformed(error)
    shown: Exception = HTTPException(status_code=400) if malformed else error
    status, body, headers = problem_of(shown, instance_of(request.scope))
    found = {name.decode(): value.decode() for name, value in headers}
    return Response(body, status_code=status, media_type=PROBLEM_TYPE, headers=found)


def _is_malformed(error: ValidationException) -> bool:
    return isinstance(error.__cause__, msgspec.DecodeError) and not isinstance(error.__cause__, msgspec.ValidationError)


class Unsafe(Exception):
    """A route was declared in a way that can't be served; the message says which."""


class PublicApp:
    """The application of a set of services, and the table of its routes."""

    def __init__(self, app: Litestar, routes: list[RouteInfo], bare: dict[str, list[_BareMatch]]) -> None:
        self.litestar = app
        self.routes = routes
        self._bare = bare

    async def asgi(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serves a request whose caller the gateway put into ``scope["caller"]``."""
        path: str = scope["path"]
        method = "WEBSOCKET" if scope["type"] == "websocket" else scope.get("method", "")
        for match in self._bare.get(method, ()):
            found = match.pattern.fullmatch(path)
            if found is not None:
                scope["path_params"] = found.groupdict()
                await match.run(scope, receive, send)
                return
        await self.litestar(cast("Any", scope), receive, send)

    def openapi(self) -> dict[str, Any]:
        """One OpenAPI 3.1 document of all routes."""
        return document_of(self.litestar.openapi_schema.to_schema(), self.routes)


class _BareMatch(msgspec.Struct, frozen=True):
    pattern: re.Pattern[str]
    run: Asgi


def _plain(path: str) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", r"{\1}", path)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(API + re.sub(r"\\\{(\w+)(?::\w+)?\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _provide_caller(request: Request[Any, Any, State]) -> Caller:
    return cast("Any", request.scope).get("caller", ANONYMOUS)


async def _provide_idempotent(request: Request[Any, Any, State], actions: Any) -> Idempotent:
    mode = request.route_handler.opt.get("idempotency")
    caller = cast("Any", request.scope).get("caller", ANONYMOUS)
    return Idempotent(
        database=actions.at.db,
        caller=caller.actor,
        key=request.headers.get("idempotency-key"),
        required=mode == "required",
        request=f"{request.method} {request.scope['path']}".encode() + b"\n" + await request.body(),
    )


def public_app(pairs: Sequence[tuple[Service, Any]], *, permissions: Permissions) -> PublicApp:
    """All routes of these services under ``/api/v1``.

    Raises Unsafe for a route without a permission or limit class that exists, and for a template with two owners.
    """
    routes: list[RouteInfo] = []
    bare: dict[str, list[_BareMatch]] = {}
    routers: list[Router] = []
    owners: dict[tuple[str, str], str] = {}
    for service, actions in pairs:
        handlers: list[HTTPRouteHandler] = []
        for handler in service.routes():
            info = _checked(service, handler.questhall_route, permissions, owners)
            routes.append(info)
            if isinstance(handler, _Bare):
                declared = handler.questhall_route
                run = _bind(handler.function, actions)
                bare.setdefault(declared.method, []).append(_BareMatch(_pattern(declared.path), run))
            else:
                handlers.append(handler)
        if handlers:
            routers.append(
                Router(
                    API,
                    route_handlers=handlers,
                    dependencies={"actions": Provide(_giver(actions), sync_to_thread=False)},
                    tags=[service.name],
                )
            )
    app = Litestar(
        routers,
        dependencies={
            "caller": Provide(_provide_caller, sync_to_thread=False),
            "idempotent": Provide(_provide_idempotent),
        },
        exception_handlers={Exception: _shown},
        openapi_config=OpenAPIConfig(
            title="Questhall",
            version="1",
            path=None,
            create_examples=False,
            components=Components(
                security_schemes={
                    "session": SecurityScheme(type="apiKey", name="__Host-session", security_scheme_in="cookie"),
                    "token": SecurityScheme(type="http", scheme="bearer"),
                }
            ),
        ),
        logging_config=None,
        debug=False,
    )
    return PublicApp(app, routes, bare)


def _giver(actions: Any) -> Callable[[], Any]:
    def give() -> Any:
        return actions

    return give


def _bind(function: Callable[..., Any], actions: Any) -> Asgi:
    async def run(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await function(actions, scope, receive, send)

    return run


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
        asgi=declared.asgi,
        operation=declared.operation,
    )


_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "A stable machine word."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def document_of(document: dict[str, Any], routes: Sequence[RouteInfo]) -> dict[str, Any]:
    """Adds to Litestar's document what it can't know: bare routes, problems, permissions, idempotency."""
    document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    paths: dict[str, Any] = document.setdefault("paths", {})
    for route in routes:
        if route.method == "WEBSOCKET":
            continue
        item = paths.setdefault(route.template, {})
        operation = item.get(route.method.lower())
        if operation is None:
            operation = item[route.method.lower()] = _bare_operation(route)
        operation["x-permission"] = route.permission
        if route.permission != PUBLIC:
            operation["security"] = [{"session": []}, {"token": []}]
        responses = operation.setdefault("responses", {})
        responses.pop("400", None)
        problem = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses["default"] = {"description": "A problem document (RFC 9457)", "content": problem}
        if route.idempotency is not None:
            operation.setdefault("parameters", []).append(
                {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "required": route.idempotency == "required",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
                }
            )
    return document


def _bare_operation(route: RouteInfo) -> dict[str, Any]:
    operation = dict(route.operation or {})
    operation.setdefault("operationId", _operation_id(route.asgi) if route.asgi else route.service)
    operation.setdefault("tags", [route.service])
    names = re.findall(r"\{(\w+)\}", route.template)
    operation.setdefault(
        "parameters", [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    )
    operation.setdefault("responses", {"200": {"description": "Done"}})
    return operation
