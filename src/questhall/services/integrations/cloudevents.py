"""CloudEvents 1.0 over HTTP: binary, structured and batched mode. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import msgspec

from questhall.services.integrations.github import Draft

KIND = re.compile(r"[a-z0-9][a-z0-9_.-]{0,119}")
ATTRIBUTES_MAX = 64
DEPTH_MAX = 8
KEY_MAX = 500
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
        return [_draft(event) for event in found]
    if kind == "application/cloudevents+json":
        return [_draft(read_json(body))]
    if "ce-specversion" in headers:
        event = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
        if body:
            event["data"] = read_json(body) if kind.endswith("json") or not kind else body.decode(errors="replace")
        return [_draft(event)]
    raise Malformed("it is in none of the CloudEvents modes: send ce- headers, or application/cloudevents+json")


def read_json(body: bytes) -> Any:
    """The value in a body. Raises Malformed."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"it is no JSON: {error}") from None
    except RecursionError:
        raise Malformed("it is nested too deeply") from None


def _key(source: str, identifier: str) -> str:
    key = f"ce:{source}:{identifier}"
    # A cut key would make two long names one act; a hash of it does not.
    return key if len(key) <= KEY_MAX else f"ce:sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _draft(event: Any) -> Draft:
    if not isinstance(event, dict):
        raise Malformed("an event is an object")
    if event.get("specversion") != "1.0":
        raise Malformed("specversion has to be 1.0")
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise Malformed(f"{name} is missing")
    kind = event["type"].lower()
    if KIND.fullmatch(kind) is None:
        raise Malformed("type has to be a dotted name of a-z, 0-9, _, - and .")
    account = event.get("account") or event.get("subject")
    if not isinstance(account, str) or not account or len(account) > 200:
        raise Malformed("who did it is missing: set the extension attribute account, or subject")
    return Draft(
        kind=kind,
        account=account,
        key=_key(event["source"], event["id"]),
        occurred_at=_time(event.get("time")),
        attributes=_flat(event.get("data")),
    )


def _time(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise Malformed("time is no RFC 3339 time") from None
    return found if found.tzinfo is not None else None


def _flat(data: Any, prefix: str = "") -> dict[str, Any]:
    """Text, numbers and booleans by dotted name; lists and what is too much are left out."""
    if not isinstance(data, dict):
        return {} if data is None or (not prefix and isinstance(data, list)) else {"value": data} if not prefix else {}
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict) and prefix.count("_") < DEPTH_MAX:
            found.update(_flat(value, f"{prefix}{name}_"))
        elif isinstance(value, str | int | float | bool):
            found[f"{prefix}{name}"] = value[:500] if isinstance(value, str) else value
        if len(found) >= ATTRIBUTES_MAX:
            break
    return found
