"""CloudEvents 1.0 over HTTP: binary, structured and batched mode. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import msgspec

from questhall.services.integrations.github import KIND, Draft

ATTRIBUTES_MAX = 64
DEPTH_MAX = 8
NAME_MAX = 120
TEXT_MAX = 500
BATCH_MAX = 1000


class Malformed(Exception):
    """The body is no CloudEvent; the message says why."""


def drafts_of(headers: Mapping[str, str], body: bytes) -> list[Draft]:
    """The acts of a request, in any of the three modes. Raises Malformed."""
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/cloudevents-batch+json":
        found = read_json(body)
        if not isinstance(found, list) or len(found) > BATCH_MAX:
            raise Malformed(f"a batch is a list of at most {BATCH_MAX} events")
        return _batch(found)
    if kind == "application/cloudevents+json":
        return [_draft(read_json(body))]
    if "ce-specversion" in headers:
        event: dict[str, Any] = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
        if body:
            event["data"] = read_json(body) if _is_json(kind) else body.decode(errors="replace")
        return [_draft(event)]
    raise Malformed("it is in none of the CloudEvents modes: send ce- headers, or application/cloudevents+json")


def _batch(events: list[Any]) -> list[Draft]:
    drafts: list[Draft] = []
    for number, event in enumerate(events, 1):
        try:
            drafts.append(_draft(event))
        except Malformed as problem:
            # All or nothing: who sends it again after mending it counts none twice.
            raise Malformed(f"event {number} of {len(events)}: {problem}; nothing of the batch was taken") from None
    return drafts


def read_json(body: bytes) -> Any:
    """The value in a body. Raises Malformed."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"it is no JSON: {error}") from None
    except RecursionError:
        raise Malformed("it is nested too deeply") from None


def _is_json(content_type: str) -> bool:
    return not content_type or content_type.endswith("json")


def _draft(event: Any) -> Draft:
    if not isinstance(event, dict):
        raise Malformed("an event is an object")
    if event.get("specversion") != "1.0":
        raise Malformed("specversion has to be 1.0")
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise Malformed(f"{name} is missing")
    if any(character.isspace() for character in event["source"]):
        raise Malformed("source has to be a URI reference, which has no spaces")
    kind = event["type"].lower()
    if KIND.fullmatch(kind) is None:
        raise Malformed("type has to be a dotted name of a-z, 0-9, _, - and .")
    account = event.get("account") or event.get("subject")
    if not isinstance(account, str) or not account.strip() or len(account) > 200:
        raise Malformed("who did it is missing: set the extension attribute account, or subject")
    return Draft(
        kind=kind,
        account=account.strip(),
        # A source has no space in it, so no other source and id make the same key.
        key=f"ce:{event['source']} {event['id']}",
        occurred_at=read_time(event.get("time")),
        attributes=_flat(_data(event)),
    )


def _data(event: dict[str, Any]) -> Any:
    encoded = event.get("data_base64")
    if encoded is None:
        return event.get("data")
    if not isinstance(encoded, str) or "data" in event:
        raise Malformed("data_base64 is a text, and stands in place of data")
    try:
        body = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("data_base64 is no base64") from None
    if _is_json(str(event.get("datacontenttype", "")).split(";")[0].strip().lower()):
        return read_json(body)
    return None


def read_time(text: Any) -> datetime | None:
    """An RFC 3339 time with a zone; None where there is none. Raises Malformed."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(str(text).upper())
    except ValueError:
        raise Malformed("time is no RFC 3339 time") from None
    if found.tzinfo is None:
        raise Malformed("time has no zone: end it with Z or an offset")
    return found


def _flat(data: Any) -> dict[str, Any]:
    """Text, numbers and booleans by name; a list, and what is too much, is left out."""
    found: dict[str, Any] = {}
    _flatten({"value": data} if not isinstance(data, dict) else data, "", 0, found)
    return found


def _flatten(data: dict[str, Any], prefix: str, depth: int, found: dict[str, Any]) -> None:
    for name, value in data.items():
        if len(found) >= ATTRIBUTES_MAX or len(prefix) + len(name) > NAME_MAX:
            continue
        if isinstance(value, dict) and depth < DEPTH_MAX:
            _flatten(value, f"{prefix}{name}_", depth + 1, found)
        elif isinstance(value, str | int | float | bool):
            found[f"{prefix}{name}"] = value[:TEXT_MAX] if isinstance(value, str) else value
