"""The OpenAPI document: what Litestar can't know of our routes is added to what it does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme

from questhall.kernel.access import PUBLIC, SIGNED_IN
from questhall.kernel.problems import PROBLEM_TYPE

__all__ = ["RouteInfo", "answers", "document_config", "document_of"]


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
    """``required``, ``optional``, or None where no key is taken. Required is what moves money."""
    versioned: bool = False
    """Whether a change names the version it is for, in ``If-Match``."""
    operation_id: str = ""
    operation: dict[str, Any] | None = None
    """A bare route's own description."""


_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "`urn:trace:` and the trace id, as in `X-Request-Id`."},
        "code": {"type": "string", "description": "A stable machine word."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_PROBLEMS = {
    "400": "The request can't be read",
    "401": "Nobody is signed in, or not any more",
    "403": "Not allowed: the permission is missing, or the change came from another site",
    "404": "There is no such thing, or it is not yours to see",
    "408": "The body did not arrive in time",
    "409": "Refused in the present state; `code` says why",
    "412": "It was changed since the version in If-Match",
    "413": "The body is too large",
    "415": "The body is no JSON",
    "422": "Some of it can't be used; `errors` says what",
    "428": "If-Match is missing",
    "429": "Too many requests",
    "503": "Too busy, starting, or a part is not deployed",
}
_WAITS = ("429", "503")
_HEADERS = {
    "RateLimit-Policy": {"description": "The quota that is nearest to its end.", "schema": {"type": "string"}},
    "RateLimit": {"description": "What is left of it, and seconds until it is whole.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The version that was read, from `ETag` or the field `version`.",
    "schema": {"type": "string"},
}


def answers(status: int, body: type, meaning: str) -> dict[int, ResponseSpec]:
    """What a route may answer beside its usual answer, for its document: given to a route as ``responses``."""
    return {status: ResponseSpec(body, generate_examples=False, description=meaning)}


def document_config() -> OpenAPIConfig:
    """What Litestar's document says of the whole API."""
    return OpenAPIConfig(
        title="Questhall",
        version="1",
        path=None,
        create_examples=False,
        components=Components(
            security_schemes={
                "session": SecurityScheme(
                    type="apiKey",
                    name="__Host-session",
                    security_scheme_in="cookie",
                    description="Over plain http it is `session_<port>`.",
                ),
                "token": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
    )


def document_of(document: dict[str, Any], routes: Sequence[RouteInfo]) -> dict[str, Any]:
    """Adds to Litestar's document: bare routes, problems, permissions, idempotency, versions, limits."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    components["headers"] = _HEADERS
    components["responses"] = {f"Problem{status}": _problem(status, text) for status, text in _PROBLEMS.items()}
    components["responses"]["Problem"] = _problem("", "A problem document (RFC 9457)")
    paths: dict[str, Any] = document.setdefault("paths", {})
    for route in routes:
        if route.method == "WEBSOCKET":
            continue
        item = paths.setdefault(route.template, {})
        operation = item.get(route.method.lower())
        if operation is None:
            operation = item[route.method.lower()] = _bare_operation(route)
        _complete(operation, route)
    return document


def _problem(status: str, text: str) -> dict[str, Any]:
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if status not in _WAITS:
        return {"description": text, "content": content}
    return {
        "description": text,
        "headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}},
        "content": content,
    }


def _complete(operation: dict[str, Any], route: RouteInfo) -> None:
    operation["x-permission"] = route.permission
    operation["x-limit"] = route.limit
    operation["security"] = [] if route.permission == PUBLIC else [{"session": []}, {"token": []}]
    parameters = operation.setdefault("parameters", [])
    if route.idempotency is not None:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": route.idempotency == "required",
                "description": "The same key with the same body gives the first answer again, for 24 hours.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        )
    if route.versioned:
        parameters.append(_IF_MATCH)
    responses = operation.setdefault("responses", {})
    responses.pop("400", None)
    for status, response in responses.items():
        if status.startswith("2"):
            known = {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit-Policy", "RateLimit")}
            response["headers"] = {**response.get("headers", {}), **known}
    for status in _statuses(operation, route):
        responses.setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
    responses["default"] = {"$ref": "#/components/responses/Problem"}


def _statuses(operation: dict[str, Any], route: RouteInfo) -> list[str]:
    """Statuses of the problems that a route of this kind may answer, whatever it does."""
    found = {"429", "503"}
    places = {parameter.get("in") for parameter in operation["parameters"]}
    if route.permission != PUBLIC:
        found.add("401")
    if route.method != "GET" or route.permission not in (PUBLIC, SIGNED_IN):
        found.add("403")
    if "path" in places:
        found.add("404")
    if "query" in places:
        found.add("422")
    if "requestBody" in operation:
        found |= {"400", "408", "413", "415", "422"}
    if route.idempotency is not None:
        found |= {"400", "409", "422"}
    if route.versioned:
        found |= {"412", "428"}
    return sorted(found)


def _bare_operation(route: RouteInfo) -> dict[str, Any]:
    operation = dict(route.operation or {})
    operation.setdefault("operationId", route.operation_id)
    operation.setdefault("tags", [route.service])
    names = re.findall(r"\{(\w+)\}", route.template)
    operation.setdefault(
        "parameters", [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    )
    operation.setdefault("responses", {"200": {"description": "Done"}})
    return operation
