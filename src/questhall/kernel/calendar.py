"""Players' calendars: which local day a moment is, in the zone that a player had then, and when a day begins."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

__all__ = ["Instant", "is_zone", "local_day", "skipped_days", "start_of", "zone_at"]

# A machine's own tables would win over the package that is pinned: other rules on each machine, and names of its own,
# such as `localtime` and `right/UTC`.
zoneinfo.reset_tzpath(to=())

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time as requests give it: with its zone. One without is another moment on each machine, and compares with no other."""


def is_zone(name: str) -> bool:
    """Whether there is a zone of that name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def local_day(zone: str, moment: datetime) -> date:
    """The date on a calendar in that zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def start_of(zone: str, day: date) -> datetime:
    """The moment at which a day begins there, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def zone_at(zone: str, before: str | None, since: datetime | None, moment: datetime) -> str:
    """The zone at a moment of a player whose zone was another one before ``since``."""
    return before if before is not None and since is not None and moment < since else zone


def skipped_days(before: str, after: str, since: datetime) -> list[date]:
    """Local days that a change of zone jumps over: travelling east across the date line."""
    last = local_day(before, since - timedelta(microseconds=1))
    return [last + timedelta(days=n) for n in range(1, (local_day(after, since) - last).days)]
