"""The OpenAPI document: what Litestar can't know of our routes is added to what it does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme

from questhall.kernel.access import PUBLIC
from questhall.kernel.contract import Refusal
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
    refuses: tuple[type[Refusal], ...] = ()
    """What it refuses beyond what follows from all of this: its document has each status that it may answer."""
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
    "410": "The link was used, or is too old",
    "412": "It was changed since the version in If-Match",
    "413": "The body is too large",
    "415": "The body is no JSON",
    "422": "Some of it can't be used; `errors` says what",
    "428": "If-Match is missing",
    "429": "Too many requests",
    "500": "It failed on our side, and was written down",
    "503": "Too busy, starting, or a part is not deployed",
}
_WAITS = ("429", "503")
_HEADERS = {
    "RateLimit-Policy": {"description": "The quota that is nearest to its end.", "schema": {"type": "string"}},
    "RateLimit": {"description": "What is left of it, and seconds until it is whole.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}
_KEY = r'^(?!""$)(?:"[ -~]{1,255}"|[!-~](?:[ -~]{0,253}[!-~])?)$(?!\n)'
"""An Idempotency-Key as it is sent: ASCII that can be seen, quoted or not."""
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
    used: set[str] = set()
    paths: dict[str, Any] = document.setdefault("paths", {})
    for route in routes:
        if route.method == "WEBSOCKET":
            continue
        item = paths.setdefault(route.template, {})
        operation = item.get(route.method.lower())
        if operation is None:
            operation = item[route.method.lower()] = _bare_operation(route)
        used |= _complete(operation, route)
    components["responses"] = {f"Problem{status}": _problem(status) for status in sorted(used)}
    _close([operation.get("requestBody") for item in paths.values() for operation in item.values()], components)
    return document


def _close(node: Any, components: dict[str, Any], done: set[str] | None = None) -> None:
    """Says of every object with named fields in a body that there are no others: they are refused."""
    done = set() if done is None else done
    if isinstance(node, list):
        for part in node:
            _close(part, components, done)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).rpartition("/")[2]
        if name and name not in done:
            done.add(name)
            _close(components["schemas"][name], components, done)
        if "properties" in node:
            node.setdefault("additionalProperties", False)
        for part in node.values():
            _close(part, components, done)


def _problem(status: str) -> dict[str, Any]:
    text = _PROBLEMS.get(status) or HTTPStatus(int(status)).phrase
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if status not in _WAITS:
        return {"description": text, "content": content}
    return {
        "description": text,
        "headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}},
        "content": content,
    }


def _complete(operation: dict[str, Any], route: RouteInfo) -> set[str]:
    """Adds to an operation; answers the statuses of its problems."""
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
                "schema": {"type": "string", "pattern": _KEY},
            }
        )
    if route.versioned:
        parameters.append(_IF_MATCH)
    responses = operation.setdefault("responses", {})
    responses.pop("400", None)
    for status, response in responses.items():
        if status == "204":
            response.pop("content", None)
        if status.startswith("2"):
            known = {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit-Policy", "RateLimit")}
            response["headers"] = {**response.get("headers", {}), **known}
    problems = _statuses(operation, route)
    for status in sorted(problems):
        responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
    return problems


def _statuses(operation: dict[str, Any], route: RouteInfo) -> set[str]:
    """Statuses of the problems that a route may answer, by what it declares.

    Content of a GET or DELETE, which HTTP gives no meaning, is left out, unless the route itself gives it one.
    """
    found = {"429", "500", "503", *(str(refusal.status) for refusal in route.refuses)}
    if route.permission != PUBLIC:
        found |= {"401", "403"}
    if route.method != "GET":
        found.add("403")
    for parameter in operation["parameters"]:
        if parameter["in"] == "query":
            found.add("422")
        elif parameter["in"] == "path":
            # What is no id leads nowhere; a text may hold what none of ours can.
            found.add("404" if "format" in parameter["schema"] else "422")
    plain = route.operation is None  # a bare one reads its body by itself
    if route.method in ("POST", "PUT", "PATCH") or "requestBody" in operation:
        found |= {"408", "413", "415"} if plain else {"408", "413"}
    if "requestBody" in operation and plain:
        found |= {"400", "422"}
    if route.idempotency is not None:
        found |= {"400", "409", "422"}
    if route.versioned:
        found |= {"412", "428"}
    return found


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
