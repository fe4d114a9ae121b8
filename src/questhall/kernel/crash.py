"""Named places at which a test may end the process, to show that a crash there loses and doubles nothing."""

from __future__ import annotations

import os

__all__ = ["POINTS", "crash_point", "declare"]

POINTS: set[str] = set()
"""All points that exist, for the test that visits each."""

EXIT_STATUS = 137
"""What a kill -9 would give."""


def _wanted() -> tuple[str, int]:
    name, _, visit = os.environ.get("QUESTHALL_CRASH", "").partition(":")
    return name, int(visit or 1)


_name, _visits_left = _wanted()


def declare(name: str) -> str:
    """Registers a point and returns its name; a module's constants call it."""
    POINTS.add(name)
    return name


def crash_point(name: str) -> None:
    """Ends the process at once, without any clean-up, if the environment chose this point (``name`` or ``name:visit``)."""
    global _visits_left  # noqa: PLW0603 - one countdown a process is the point
    if name != _name:
        return
    _visits_left -= 1
    if _visits_left == 0:
        os._exit(EXIT_STATUS)
