"""What the installation says of itself: its services, and the AsyncAPI document of its events and its WebSocket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from questhall.contracts.realtime import CLIENT_SAYS, SERVER_SAYS, TOLD_TO_ALL, TOLD_TO_PLAYERS, Message
from questhall.kernel.access import PUBLIC
from questhall.kernel.contract import Contract, Event

__all__ = ["SERVICES_PATH", "SERVICES_ROUTE", "asyncapi"]

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
        "security": [],
        "responses": {
            "200": {"description": "All", "content": {"application/json": {"schema": _SERVICES}}},
            "500": {"$ref": "#/components/responses/Problem500"},
        },
    }
}
"""The gateway's own route, as the OpenAPI document has it."""


def _object(needed: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(needed), "properties": {**needed, **(optional or {})}}


_TEXT = {"type": "string"}
_ID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time"}

_CLOUD_EVENT = _object(
    {
        "specversion": {"const": "1.0"},
        "id": _ID,
        "source": {"type": "string", "description": "The service that says it, such as `/quests`."},
        "type": _TEXT,
        "subject": {"type": "string", "description": "Id of the user (or guild, or thing) that it is about."},
        "time": _TIME,
        "datacontenttype": {"const": "application/json"},
        "correlationid": {**_ID, "description": "Id of the first event or request of the chain."},
        "causationid": {**_ID, "description": "Id of the event or request that caused this one."},
        "actor": {"type": "string", "description": "`user:<id>`, `source:<id>`, `admin:<id>`, `system`."},
        "partitionkey": _TEXT,
        "sequence": {"type": "string", "description": "Position among what the source said about the subject."},
        "depth": {"type": "integer", "minimum": 0, "maximum": 12},
        "data": {},
    },
    {"traceparent": _TEXT},
)

SOCKET = "socket"
SOCKET_DESCRIPTION = (
    "Sign in with the session's cookie, or offer the subprotocol `qh.bearer.<access token>`. It is closed with 4401 when "
    "the session ended, 4408 when nothing was heard for 75 seconds, 4429 when there are too many of one player, 1013 when "
    "the reader is too slow, 1008 when it says too much, 1012 at a restart."
)


def asyncapi(contracts: Sequence[type[Contract]], public_url: str) -> dict[str, Any]:
    """AsyncAPI 3 of all events, as CloudEvents, and of the WebSocket that tells players what happens to them."""
    events = {event.type: event for contract in contracts for event in contract.events}
    kinds = [*events.values(), *CLIENT_SAYS, *SERVER_SAYS]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    says: dict[str, list[str]] = {}
    for contract in contracts:
        for event in contract.events:
            says.setdefault(event.type, []).append(contract.name)
    messages = {name: {**_event(name, event), "x-emitted-by": says[name]} for name, event in sorted(events.items())}
    channels = {
        name: {"address": name, "messages": {name: {"$ref": f"#/components/messages/{name}"}}} for name in messages
    }
    operations = {
        f"send_{name.replace('.', '_')}": _operation("send", name, [name], f"Says {name}") for name in messages
    }
    schemas["CloudEvent"] = _CLOUD_EVENT
    told = {event.type: event for event in (*TOLD_TO_PLAYERS, *TOLD_TO_ALL) if event.type in events}
    schemas[Message.__name__]["properties"] |= {
        "event": {"enum": list(told)},
        "data": {"anyOf": [{"$ref": f"#/components/schemas/{event.__name__}"} for event in told.values()]},
    }
    socket = {_spoken(kind): _socket_message(kind) for kind in (*CLIENT_SAYS, *SERVER_SAYS)}
    channels[SOCKET] = {
        "address": "/api/v1/ws",
        "description": SOCKET_DESCRIPTION,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in socket},
    }
    heard, said = map(_spoken, CLIENT_SAYS), map(_spoken, SERVER_SAYS)
    operations["hear_client"] = _operation("receive", SOCKET, list(heard), "What a client may say")
    operations["tell_client"] = _operation("send", SOCKET, list(said), "What a client is told")
    public = urlsplit(public_url)
    protocol = "wss" if public.scheme == "https" else "ws"
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Questhall events", "version": "1", "license": {"name": "Apache-2.0"}},
        "defaultContentType": "application/json",
        "servers": {"public": {"host": public.netloc, "protocol": protocol}},
        "channels": channels,
        "operations": operations,
        "components": {"messages": {**messages, **socket}, "schemas": schemas},
    }


def _event(name: str, event: type[Event]) -> dict[str, Any]:
    data = {"type": {"const": name}, "data": {"$ref": f"#/components/schemas/{event.__name__}"}}
    payload = {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, {"properties": data}]}
    return {**_message(name, _first_line(event), payload), "contentType": "application/cloudevents+json"}


def _message(name: str, summary: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "summary": summary, "contentType": "application/json", "payload": payload}


def _first_line(kind: type[msgspec.Struct]) -> str:
    return (kind.__doc__ or "").strip().split("\n")[0]


def _spoken(kind: type[msgspec.Struct]) -> str:
    """A WebSocket message's name in the document."""
    return f"{SOCKET}.{kind.__struct_config__.tag}"


def _socket_message(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return _message(_spoken(kind), _first_line(kind), {"$ref": f"#/components/schemas/{kind.__name__}"})


def _operation(action: str, channel: str, messages: list[str], summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }
