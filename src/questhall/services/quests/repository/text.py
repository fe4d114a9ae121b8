"""How structures are kept in columns of JSON."""

from __future__ import annotations

from typing import Any

import msgspec


def packed(value: Any) -> str:
    """A value as JSON text."""
    return msgspec.json.encode(value).decode()
