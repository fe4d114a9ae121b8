"""The clock: one place that knows what time it is, so that tests can move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["Clock", "ManualClock"]


class Clock:
    """The real time. Where money or expiry is decided the database's clock decides, not this one."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


class ManualClock(Clock):
    """A clock that stands still until it is moved; for tests of days, seasons and windows."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The moment that was set, in UTC."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Moves to a moment, forwards or backwards."""
        self._now = moment.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Moves by a duration."""
        self._now += by
