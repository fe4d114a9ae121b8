"""Players' calendars: which local day a moment is, in the zone that a player had then."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["local_day", "skipped_days", "zone_at"]


def local_day(zone: str, moment: datetime) -> date:
    """The date on a calendar in that zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def zone_at(zone: str, before: str | None, since: datetime | None, moment: datetime) -> str:
    """The zone at a moment of a player whose zone was another one before ``since``."""
    return before if before is not None and since is not None and moment < since else zone


def skipped_days(before: str, after: str, since: datetime) -> list[date]:
    """Local days that a change of zone jumps over: travelling east across the date line."""
    last = local_day(before, since - timedelta(microseconds=1))
    return [last + timedelta(days=n) for n in range(1, (local_day(after, since) - last).days)]
