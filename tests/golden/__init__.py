"""One example of each event, as it goes over the bus. `python -m tests.golden` writes those that are missing.

A consumer that was deployed before a change reads what is in these files: a field that is renamed, removed or changes its
type breaks it, and is a new event type ``….v2``. A field that is added goes into the file by hand.
"""

from __future__ import annotations

import types
import typing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from questhall.kernel.contract import Envelope, Event
from questhall.kernel.service import discover

FOLDER = Path(__file__).parent / "events"
ID = UUID("01900000-0000-7000-8000-000000000001")
MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PLAIN: dict[Any, object] = {
    UUID: ID,
    str: "text",
    int: 3,
    float: 1.5,
    bool: True,
    datetime: MOMENT,
    date: MOMENT.date(),
    Any: "anything",
}


def events() -> dict[str, type[Event]]:
    """Every event of every contract, by type."""
    return {event.type: event for service in discover() for event in service.contract.events}


def file_of(event: type[Event]) -> Path:
    """Where an event's example is."""
    return FOLDER / f"{event.type}.json"


def text_of(event: Event) -> str:
    """An event as it goes over the bus, whole."""
    envelope = Envelope(
        id=ID,
        type=event.type,
        source="producer",
        subject=event.subject,
        time=MOMENT,
        sequence=1,
        correlation_id=ID,
        causation_id=ID,
        actor="system",
        depth=1,
        traceparent=None,
        raw=msgspec.json.encode(event),
        typed=event,
    )
    return msgspec.json.format(envelope.cloudevent(), indent=2).decode() + "\n"


def example(kind: Any) -> Any:
    """Something of a type: every field filled."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if origin in (typing.Union, types.UnionType):
        return example(next(one for one in arguments if one is not type(None)))
    if origin is typing.Annotated:
        return example(arguments[0])
    if origin is typing.Literal:
        return arguments[0]
    if origin in (list, tuple, set, frozenset):
        return origin([example(arguments[0])])
    if origin is dict:
        return {example(arguments[0]): example(arguments[1])}
    hints = typing.get_type_hints(kind, include_extras=True)
    return kind(**{name: example(hints[name]) for name in kind.__struct_fields__})
