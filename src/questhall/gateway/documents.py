"""What the installation says of itself: the AsyncAPI document, and a reader for the OpenAPI one."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import msgspec

from questhall.kernel.access import PUBLIC
from questhall.kernel.contract import Contract, Event

__all__ = ["SERVICES_PATH", "SERVICES_ROUTE", "asyncapi", "docs_page"]

SERVICES_PATH = "/api/v1/services"
_SERVICE = {
    "type": "object",
    "required": ["name", "present"],
    "properties": {"name": {"type": "string"}, "present": {"type": "boolean"}},
}
_SERVICES = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {"items": {"type": "array", "items": _SERVICE}, "next": {"type": "null"}},
}
SERVICES_ROUTE = {
    "get": {
        "summary": "Which services are deployed here",
        "operationId": "ListServices",
        "tags": ["gateway"],
        "x-permission": PUBLIC,
        "responses": {"200": {"description": "All", "content": {"application/json": {"schema": _SERVICES}}}},
    }
}
"""The gateway's own route, as the OpenAPI document has it."""


def asyncapi(contracts: Sequence[type[Contract]]) -> dict[str, Any]:
    """AsyncAPI 3 of all events, and of the WebSocket that carries those about a player to them."""
    events: dict[str, type[Event]] = {event.type: event for contract in contracts for event in contract.events}
    _, schemas = msgspec.json.schema_components(list(events.values()), ref_template="#/components/schemas/{name}")
    says: dict[str, list[str]] = {}
    for contract in contracts:
        for event in contract.events:
            says.setdefault(event.type, []).append(contract.name)
    messages = {
        name: {
            "name": name,
            "contentType": "application/json",
            "summary": (event.__doc__ or "").strip().split("\n")[0],
            "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
            "x-emitted-by": says[name],
        }
        for name, event in sorted(events.items())
    }
    channels: dict[str, Any] = {
        name: {"address": name, "messages": {name: {"$ref": f"#/components/messages/{name}"}}} for name in messages
    }
    channels["socket"] = {
        "address": "/api/v1/ws",
        "description": "Subscribe with {type: 'subscribe', channel, cursor}; messages carry the events above as `data`.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Questhall events", "version": "1"},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            f"send_{name.replace('.', '_')}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
            for name in messages
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def docs_page(document: bytes) -> bytes:
    """The API document as one plain page: no script, so that the strict policy holds."""
    spec = msgspec.json.decode(document)
    parts: list[str] = []
    for path, item in sorted(spec.get("paths", {}).items()):
        for method, operation in item.items():
            if not isinstance(operation, dict):
                continue
            parts.append(_operation(path, method, operation))
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Questhall API</title><body><h1>Questhall API</h1>"
        "<p>Documents: <a href=/api/openapi.json>OpenAPI 3.1</a>, <a href=/api/asyncapi.json>AsyncAPI 3</a>.</p>"
        + "".join(parts)
    ).encode()


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    takes = operation.get("requestBody", {}).get("content", {})
    schemas = [str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2] for content in takes.values()]
    answers = ", ".join(sorted(operation.get("responses", {})))
    return (
        f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2>"
        f"<p>{html.escape(operation.get('summary', ''))}</p>"
        f"<p>Permission <code>{html.escape(str(operation.get('x-permission', '')))}</code>; "
        f"takes {html.escape(', '.join(filter(None, schemas)) or 'no body')}; answers {html.escape(answers)}.</p></section>"
    )
