"""Any JSON, as a manager's mapping reads it: an expression (JMESPath) for each part of an act. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec

from questhall.kernel.selectors import (
    LENGTH_MAX,
    InvalidSelector,
    TooDear,
    Unselectable,
    check_selector,
    compile_selector,
)
from questhall.services.integrations.cloudevents import Malformed, read_json, read_time
from questhall.services.integrations.github import KIND, Draft

ATTRIBUTES_MAX = 32
ACTS_MAX = 200
STEPS_MAX = 20_000
"""Steps that all expressions together may take over a body."""
ACCOUNT_MAX = 200
EXTERNAL_ID_MAX = 300
TEXT_MAX = 500
ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
MILLISECONDS_FROM = 10**11
"""A time that is a number counts seconds; from here on (the year 5138) it can only be milliseconds."""
NOTHING = "it finds nothing here"

T = TypeVar("T")
Path = Annotated[str, msgspec.Meta(min_length=1, max_length=LENGTH_MAX)]


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a body is read: JMESPath expressions. What is always the same is a text in single quotes: ``'lesson.done'``."""

    items: Path | None = None
    """Gives the list of acts in a body, each of which the others look at; left out, the body is one act."""
    kind: Path
    """Gives a dotted name of a-z, 0-9, _, - and . (capitals are made small)."""
    account: Path
    """Gives who did it: a text or a whole number."""
    external_id: Path
    """Gives the act's own key, once for ever in this source: a text or a whole number."""
    occurred_at: Path | None = None
    """Gives an RFC 3339 time with a zone, or seconds or milliseconds since 1970; where it gives nothing, when it came."""
    attributes: Annotated[dict[str, str], msgspec.Meta(max_length=ATTRIBUTES_MAX)] = {}
    """By name; what gives no text, number or boolean is left out."""


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a part of a mapping, or with what it gives."""

    pointer: str
    """Where in the mapping: ``/kind``; empty for the body."""
    detail: str


class Unmappable(Exception):
    """The mapping does not fit the body; nothing of it is taken."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer[1:] or 'the body'}: {fault.detail}" for fault in faults))
        self.faults = faults


def faults_of(mapping: Mapping) -> list[Fault]:
    """What keeps a mapping from being used, whatever is sent."""
    found: list[Fault] = []
    for pointer, source in _expressions(mapping):
        if pointer.startswith("/attributes/") and ATTRIBUTE.fullmatch(pointer.removeprefix("/attributes/")) is None:
            found.append(Fault("/attributes", "names have letters, digits and _, 60 at most, and begin with no digit"))
            continue
        try:
            check_selector(source)
        except InvalidSelector as refusal:
            found.append(Fault(pointer, refusal.detail))
    return found


def drafts_of(mapping: Mapping, body: bytes) -> list[Draft]:
    """The acts that a body tells of, each with its ``external_id`` as its key; none where ``items`` finds none.

    Raises Malformed, Unmappable.
    """
    reading = _Reading()
    acts = reading.acts(mapping, read_json(body))
    drafts: list[Draft] = []
    for number, act in enumerate(acts, 1):
        # All or nothing, as with a batch of CloudEvents; the first act that can't be read names all that is wrong in it.
        reading.place = f" (act {number} of {len(acts)})" if len(acts) > 1 else ""
        draft = reading.draft(mapping, act)
        if draft is None:
            raise Unmappable(reading.faults)
        drafts.append(draft)
    return drafts


class _Unfit(Exception):
    """What an expression gives can't be used; the message says why."""


class _Reading:
    """The reading of one body."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.place = ""
        self._left: float = STEPS_MAX

    def acts(self, mapping: Mapping, body: Any) -> list[Any]:
        if mapping.items is None:
            return [body]
        acts = self._read("/items", mapping.items, body, _acts)
        if acts is None:
            raise Unmappable(self.faults)
        return acts

    def draft(self, mapping: Mapping, act: Any) -> Draft | None:
        """An act; None when something is wrong with it."""
        kind = self._read("/kind", mapping.kind, act, _kind)
        account = self._read("/account", mapping.account, act, _account)
        external_id = self._read("/external_id", mapping.external_id, act, _external_id)
        occurred_at = None
        if mapping.occurred_at is not None:
            occurred_at = self._read("/occurred_at", mapping.occurred_at, act, _when)
        attributes: dict[str, Any] = {}
        for name, source in mapping.attributes.items():
            value = self._select(f"/attributes/{name}", source, act, optional=True)
            if isinstance(value, str):
                attributes[name] = value[:TEXT_MAX]
            elif isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
                attributes[name] = value
        if self.faults or kind is None or account is None or external_id is None:
            return None
        return Draft(kind=kind, account=account, key=external_id, occurred_at=occurred_at, attributes=attributes)

    def _read(self, pointer: str, source: str, value: Any, made: Callable[[Any], T]) -> T | None:
        faults = len(self.faults)
        found = self._select(pointer, source, value)
        if len(self.faults) > faults:
            return None
        try:
            return made(found)
        except _Unfit as why:
            self.faults.append(Fault(pointer, f"{why}{self.place}"))
            return None

    def _select(self, pointer: str, source: str, value: Any, *, optional: bool = False) -> Any:
        try:
            found, steps = compile_selector(source).select(value)
        except Unselectable as why:
            if not optional or isinstance(why, TooDear):
                self.faults.append(Fault(pointer, f"{why}{self.place}"))
            return None
        self._left -= steps
        if self._left < 0:
            raise Unmappable([Fault("", f"all expressions together take more than {STEPS_MAX} steps{self.place}")])
        if isinstance(found, str) and not _is_utf8(found):
            self.faults.append(Fault(pointer, f"it gives half of a character{self.place}"))
            return None
        return found


def _expressions(mapping: Mapping) -> list[tuple[str, str]]:
    single = [
        (f"/{name}", getattr(mapping, name)) for name in ("items", "kind", "account", "external_id", "occurred_at")
    ]
    named = [(f"/attributes/{name}", source) for name, source in mapping.attributes.items()]
    return [(pointer, source) for pointer, source in [*single, *named] if source is not None]


def _acts(found: Any) -> list[Any]:
    if found is None:
        return []
    if not isinstance(found, list):
        raise _Unfit(f"it gives {_what(found)}, not a list")
    if len(found) > ACTS_MAX:
        raise _Unfit(f"it gives {len(found)} acts, and {ACTS_MAX} are taken at once")
    return found


def _word(found: Any, limit: int) -> str:
    if found is None:
        raise _Unfit(NOTHING)
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise _Unfit(f"it gives {_what(found)}, not a text or a whole number")
    if isinstance(found, int) and abs(found) >= 10**limit:
        raise _Unfit(f"it gives more than {limit} digits")
    word = str(found).replace("\0", "").strip()
    if not word:
        raise _Unfit("it gives an empty text")
    if len(word) > limit:
        raise _Unfit(f"it gives more than {limit} characters")
    return word


def _account(found: Any) -> str:
    return _word(found, ACCOUNT_MAX)


def _external_id(found: Any) -> str:
    return _word(found, EXTERNAL_ID_MAX)


def _kind(found: Any) -> str:
    if found is None:
        raise _Unfit(f"{NOTHING}; what is always the same stands in single quotes: 'lesson.done'")
    if not isinstance(found, str):
        raise _Unfit(f"it gives {_what(found)}, not a text")
    kind = found.lower()
    if KIND.fullmatch(kind) is None:
        raise _Unfit("it gives no dotted name of a-z, 0-9, _, - and ., 120 at most")
    return kind


def _when(found: Any) -> datetime | None:
    if found is None:
        return None
    try:
        if isinstance(found, int | float) and not isinstance(found, bool):
            seconds = found / 1000 if abs(found) >= MILLISECONDS_FROM else found
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(found, str):
            return read_time(found)
    except Malformed as why:
        raise _Unfit(str(why)) from None
    except (OverflowError, ValueError, OSError):
        raise _Unfit("it gives a number that is no time") from None
    raise _Unfit(f"it gives {_what(found)}, not a time")


def _what(found: Any) -> str:
    match found:
        case bool():
            return "yes or no"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
