"""Bodies of requests, read as strictly as the API document describes them."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException

__all__ = ["StrictRequest"]


class StrictRequest(Request[Any, Any, Any]):
    """Litestar's, to which the text "10" in a body would be the number 10, as it is in a query."""

    async def json(self) -> Any:
        """The body as its handler takes it. A ValidationException says where it can't be used."""
        value = await super().json()
        field = self.route_handler.parsed_data_field
        if field is None:
            return value
        try:
            return msgspec.convert(value, field.raw)
        except msgspec.ValidationError as error:
            raise ValidationException(extra=[{"key": field.name, "message": str(error)}]) from error
