"""What is said while a server is away: a line now and then, and not one from everybody who notices each time."""

from __future__ import annotations

import time

from questhall.kernel.database import is_unavailable

__all__ = ["news", "seldom"]

QUIET_S = 5.0

_said: dict[str, float] = {}


def seldom(part: str) -> bool:
    """Whether to say something of a part: once in a few seconds."""
    now = time.monotonic()
    if now - _said.get(part, -QUIET_S) < QUIET_S:
        return False
    _said[part] = now
    return True


def news(service: str, error: Exception) -> bool:
    """Whether to say why a service puts work off: always, unless its database is away and that was said just now."""
    return not is_unavailable(error) or isinstance(error, TimeoutError) or seldom(service)
