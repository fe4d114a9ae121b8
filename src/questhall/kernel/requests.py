"""What requests give, read as strictly as the API document describes it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException
from litestar.params import Parameter

from questhall.kernel.calendar import Instant
from questhall.kernel.contract import Refusal
from questhall.kernel.versions import Stale

__all__ = ["IfMatchRequired", "StrictRequest", "Time", "if_match", "read_time"]

Time = Annotated[
    str | None,
    Parameter(max_length=40, schema_extra={"format": "date-time"}, description="RFC 3339, with its zone."),
]
"""A time in a query, to be read by ``read_time``. (Litestar would take one without a zone, and any number.)"""


class StrictRequest(Request[Any, Any, Any]):
    """Litestar's, to which the text "10" in a body would be the number 10, as it is in a query."""

    async def json(self) -> Any:
        """The body as its handler takes it. A ValidationException says where it can't be used."""
        value = await super().json()
        field = self.route_handler.parsed_data_field
        return value if field is None else _converted(value, field.raw, field.name)


class IfMatchRequired(Refusal):
    """A change has to say which version it is for."""

    code: ClassVar[str] = "if_match_required"
    status: ClassVar[int] = 428
    title: ClassVar[str] = "The version is missing: send If-Match"


def if_match(request: Request[Any, Any, Any]) -> int:
    """The version that a change is for, from ``If-Match: "<version>"``. Refuses ``if_match_required``, ``stale``."""
    header = request.headers.get("if-match")
    if header is None:
        raise IfMatchRequired
    found = re.fullmatch(r'(?:W/)?"?(\d{1,9})"?', header.strip())
    if found is None:
        raise Stale('If-Match takes the version that was read, such as "3"')
    return int(found.group(1))


def read_time(name: str, given: str | None) -> datetime | None:
    """The time in a query; None without one. A ValidationException says what is wrong with it."""
    return None if given is None else _converted(given, Instant, name)


def _converted(value: Any, kind: Any, name: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValidationException(extra=[{"key": name, "message": str(error)}]) from error
