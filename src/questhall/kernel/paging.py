"""Pages of lists: ``{items, next}``, ``?limit=`` and ``?after=``."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

import msgspec
from litestar.params import Parameter

from questhall.kernel.contract import Refusal

__all__ = ["After", "BadCursor", "Limit", "Page", "cursor_of", "read_cursor"]

PAGE_MAX = 100
STORED_INT_MAX = 2**63 - 1

T = TypeVar("T")
Limit = Annotated[int, Parameter(query="limit", ge=1, le=PAGE_MAX, description="How many items at most.")]
After = Annotated[str | None, Parameter(query="after", max_length=400, description="`next` of the page before.")]


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """A page of a list; ``next`` is given back as ``?after=`` for the one that follows, null at the end."""

    items: list[T]
    next: str | None = None


class BadCursor(Refusal):
    """``after`` is not a cursor of this list."""

    code: ClassVar[str] = "bad_cursor"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This page can't be found"


def cursor_of(*values: UUID | datetime | int | str) -> str:
    """An opaque cursor from the sort key of a page's last item."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def read_cursor(after: str | None, *kinds: Any) -> tuple[Any, ...] | None:
    """The sort key in a cursor, typed; None without one. Refuses ``bad_cursor``."""
    if after is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
        values: tuple[Any, ...] = msgspec.json.decode(raw, type=cast("Any", tuple)[kinds])
    except (ValueError, msgspec.MsgspecError):
        values = ()
    if not values or not all(map(_stored, values)):
        raise BadCursor("start again without `after`")
    return values


def _stored(value: object) -> bool:
    """Whether a row's column can hold it: what can't is in no cursor of ours, and is never sent to the database."""
    if isinstance(value, int):
        return -STORED_INT_MAX <= value <= STORED_INT_MAX
    return not (isinstance(value, str) and "\0" in value)
