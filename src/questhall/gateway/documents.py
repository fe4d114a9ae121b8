"""What the installation says of itself: its services, and the AsyncAPI document of its events and its WebSocket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

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
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
}
"""The gateway's own route, as the OpenAPI document has it."""


def _object(needed: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(needed), "properties": {**needed, **(optional or {})}}


_TEXT = {"type": "string"}
_CHANNEL = {"type": "string", "description": "`me`: what happens to oneself; `lobby`: what all may see."}
_CURSOR = {"type": "string", "description": "Where the client stands in a channel; opaque."}
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

_FROM_CLIENT: dict[str, tuple[str, dict[str, Any]]] = {
    "subscribe": (
        "Listen to a channel; with the last cursor, what was missed comes first.",
        _object(
            {"type": {"const": "subscribe"}, "channel": _CHANNEL}, {"cursor": {"anyOf": [_CURSOR, {"type": "null"}]}}
        ),
    ),
    "unsubscribe": (
        "Listen to a channel no longer.",
        _object({"type": {"const": "unsubscribe"}, "channel": _CHANNEL}),
    ),
    "ping": ("Say that one is still there: every 25 seconds.", _object({"type": {"const": "ping"}})),
}
_TO_CLIENT: dict[str, tuple[str, dict[str, Any]]] = {
    "hello": (
        "The connection is open; another epoch than before means that all is to be loaded anew.",
        _object({"type": {"const": "hello"}, "epoch": _TEXT}),
    ),
    "subscribed": (
        "The channel is heard from this cursor on; `reload`: what was missed is not kept any more.",
        _object(
            {
                "type": {"const": "subscribed"},
                "channel": _CHANNEL,
                "cursor": _CURSOR,
                "recovered": {"type": "boolean"},
                "reload": {"type": "boolean"},
            }
        ),
    ),
    "unsubscribed": (
        "The channel is heard no longer.",
        _object({"type": {"const": "unsubscribed"}, "channel": _CHANNEL, "reason": _TEXT}),
    ),
    "pong": ("The answer to a ping.", _object({"type": {"const": "pong"}})),
    "error": (
        "What was asked can't be done; the connection stays.",
        _object(
            {"type": {"const": "error"}, "code": {"enum": ["malformed", "forbidden", "unknown_type"]}, "detail": _TEXT}
        ),
    ),
}
SOCKET = "socket"
SOCKET_DESCRIPTION = (
    "Sign in with the session's cookie, or offer the subprotocol `qh.bearer.<access token>`. It is closed with 4401 when "
    "the session ended, 4408 when nothing was heard for 75 seconds, 1013 when the reader is too slow, 1008 when it says "
    "too much, 1012 at a restart."
)


def asyncapi(contracts: Sequence[type[Contract]], public_url: str) -> dict[str, Any]:
    """AsyncAPI 3 of all events, as CloudEvents, and of the WebSocket that tells players what happens to them."""
    events = {event.type: event for contract in contracts for event in contract.events}
    _, schemas = msgspec.json.schema_components(list(events.values()), ref_template="#/components/schemas/{name}")
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
    spoken = {**_FROM_CLIENT, **_TO_CLIENT, "message": _told(events)}
    socket = {f"socket.{name}": _message(name, *one) for name, one in spoken.items()}
    channels[SOCKET] = {
        "address": "/api/v1/ws",
        "description": SOCKET_DESCRIPTION,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in socket},
    }
    heard = [f"socket.{name}" for name in _FROM_CLIENT]
    told = [f"socket.{name}" for name in (*_TO_CLIENT, "message")]
    operations["hear_client"] = _operation("receive", SOCKET, heard, "What a client may say")
    operations["tell_client"] = _operation("send", SOCKET, told, "What a client is told")
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


def _first_line(event: type[Event]) -> str:
    return (event.__doc__ or "").strip().split("\n")[0]


def _told(events: dict[str, type[Event]]) -> tuple[str, dict[str, Any]]:
    """The message that carries an event to the player it is about."""
    personal = {name: event for name, event in sorted(events.items()) if event.personal}
    fields = {
        "type": {"const": "message"},
        "channel": _CHANNEL,
        "cursor": _CURSOR,
        "id": {**_ID, "description": "Of the event: who was told twice knows it by this."},
        "event": {"enum": list(personal)},
        "time": _TIME,
        "data": {"anyOf": [{"$ref": f"#/components/schemas/{event.__name__}"} for event in personal.values()]},
    }
    return "Something happened.", _object(fields)


def _operation(action: str, channel: str, messages: list[str], summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }
