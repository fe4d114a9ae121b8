"""Streaks: pure decisions over local days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import msgspec

from questhall.kernel.calendar import start_of

FREEZE_EVERY = 7
"""One freeze is earned each so many days."""
FREEZES_MAX = 2
ONE_DAY = timedelta(days=1)


class Streak(msgspec.Struct, frozen=True, kw_only=True):
    """Where a streak stands. ``covered`` is the last day that is kept, frozen or excused without a gap."""

    length: int = 0
    best: int = 0
    freezes: int = 0
    last_day: date | None = None
    covered: date | None = None


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A streak after a change, and what the change did."""

    streak: Streak
    extended: bool = False
    frozen: list[date] = []
    freezes_before: int = 0
    broken: int = 0
    """Length of the streak that ended."""


def due_at(zone: str, covered: date) -> datetime:
    """When the day after the covered one is over: the start of the one after it, in UTC."""
    return start_of(zone, covered + 2 * ONE_DAY)


def keep(streak: Streak, day: date, excused: Iterable[date] = ()) -> Moved:
    """An act on a day not before the last one: the streak goes on, or begins anew. Freezes cover gaps by themselves."""
    if streak.last_day is not None and day <= streak.last_day:
        return Moved(streak=streak)
    caught = pass_days(streak, day, excused)
    before = caught.streak
    length = before.length + 1
    freezes = min(FREEZES_MAX, before.freezes + 1) if length % FREEZE_EVERY == 0 else before.freezes
    after = Streak(length=length, best=max(before.best, length), freezes=freezes, last_day=day, covered=day)
    return Moved(streak=after, extended=True, frozen=caught.frozen, freezes_before=streak.freezes, broken=caught.broken)


def pass_days(streak: Streak, until: date, excused: Iterable[date] = ()) -> Moved:
    """What becomes of a streak when days before ``until`` went by without an act: frozen, or broken."""
    if streak.covered is None or streak.length == 0:
        return Moved(streak=streak)
    free = frozenset(excused)
    freezes, covered = streak.freezes, streak.covered
    frozen: list[date] = []
    while covered + ONE_DAY < until:
        day = covered + ONE_DAY
        if day not in free:
            if freezes == 0:
                broken = Streak(length=0, best=streak.best, freezes=0, last_day=streak.last_day, covered=None)
                return Moved(streak=broken, frozen=frozen, freezes_before=streak.freezes, broken=streak.length)
            freezes -= 1
            frozen.append(day)
        covered = day
    after = msgspec.structs.replace(streak, freezes=freezes, covered=covered)
    return Moved(streak=after, frozen=frozen, freezes_before=streak.freezes)


def replayed(kept: Iterable[date], excused: Iterable[date], today: date, best: int = 0) -> tuple[Streak, list[date]]:
    """A streak from all days on which something was done, as of ``today``; and the days that freezes covered."""
    streak = Streak(best=best)
    frozen: list[date] = []
    free = frozenset(excused)
    for day in sorted(kept):
        moved = keep(streak, day, free)
        streak, frozen = moved.streak, frozen + moved.frozen
    moved = pass_days(streak, today, free)
    return moved.streak, frozen + moved.frozen
