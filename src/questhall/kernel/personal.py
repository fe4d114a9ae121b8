"""What in an event is personal: tagged in its class, so that whoever keeps events can keep those fields apart.

A field is personal when it says who somebody is (a name, an account elsewhere, where they live) or holds what somebody wrote.
Ids are not: nobody outside can tell whose they are, and once identity has forgotten the player, nobody at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from questhall.kernel.contract import PERSONAL, Event

__all__ = ["blank", "blanked", "concerned", "people_of", "personal_fields"]


class _Kind(msgspec.Struct, frozen=True):
    fields: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()


_known: dict[str, _Kind] = {}


def _kind(event_type: str) -> _Kind:
    found = _known.get(event_type)
    if found is None:
        _known.update({cls.type: _Kind(_tagged(cls), cls.others) for cls in _kinds(Event)})
        found = _known.setdefault(event_type, _Kind())
    return found


def personal_fields(event_type: str) -> frozenset[str]:
    """Names of the personal fields of a type of event; none for a type that nobody here knows."""
    return _kind(event_type).fields


def concerned(event_type: str, subject: str, actor: str, data: Mapping[str, Any]) -> list[UUID]:
    """The people whom an event concerns: whom it is about, who did it, and others whom it names; in order of their ids."""
    return people_of(f"user:{subject}", actor, *(str(data.get(name, "")) for name in _kind(event_type).others))


def _kinds(base: type[Event]) -> Iterator[type[Event]]:
    for cls in base.__subclasses__():
        if "type" in vars(cls):
            yield cls
        yield from _kinds(cls)


def _tagged(cls: type[Event]) -> frozenset[str]:
    # Not by the type hints: a tag is at the field's own type, never within it.
    fields = msgspec.inspect.type_info(cls)
    assert isinstance(fields, msgspec.inspect.StructType)
    return frozenset(
        field.encode_name
        for field in fields.fields
        if isinstance(field.type, msgspec.inspect.Metadata) and (field.type.extra or {}).get(PERSONAL)
    )


def blank(value: Any) -> Any:
    """What stands where a personal value was: empty, and of the same kind, so that the event can still be read."""
    return type(value)() if isinstance(value, str | list | dict) else None


def blanked(event_type: str, raw: bytes) -> bytes | None:
    """An event's data without what is personal in it; None where there is nothing of that kind, or it is no JSON."""
    fields = personal_fields(event_type)
    if not fields:
        return None
    try:
        data = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(data, dict):
        return None
    taken = {name: blank(data[name]) for name in fields & data.keys() if data[name]}
    return msgspec.json.encode({**data, **taken}) if taken else None


def people_of(*names: str) -> list[UUID]:
    """The people among actors and accounts, in order of their ids."""
    parts = [name.partition(":") for name in names]
    found = {_uuid(who) for kind, _, who in parts if kind in ("user", "admin")}
    return sorted(one for one in found if one is not None)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
