"""HTTP of streaks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, cast

import msgspec

from questhall.contracts.quests import IllegalMove
from questhall.kernel.access import Caller
from questhall.kernel.calendar import local_day
from questhall.kernel.http import SIGNED_IN, Page, get, post
from questhall.services.quests import repository
from questhall.services.quests.actions import QuestsActions
from questhall.services.quests.engine import DAILY

DayState = Literal["kept", "frozen", "excused", "missed", "today", "future", "before"]
"""What a day was to a streak; ``before``: it lies before the first day that counted."""


class Leave(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last day of a planned leave."""

    until: date


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the last week."""

    day: date
    state: DayState


class StreakView(msgspec.Struct, frozen=True, kw_only=True):
    """A streak and its last seven days."""

    kind: str
    length: int
    best: int
    freezes: int
    last_day: date | None
    paused_until: date | None
    today_done: bool
    week: list[Day]


@get("/me/streaks", permission=SIGNED_IN)
async def list_streaks(actions: QuestsActions, caller: Caller) -> Page[StreakView]:
    """My streaks."""
    async with actions.at.db.read() as tx:
        board = await actions.board(tx, caller.user)
        today = local_day(board.zone, board.now)
        monday = today - timedelta(days=today.weekday())
        row = await repository.streak_row(tx, caller.user, DAILY)
        days = {r["day"]: r["how"] for r in await repository.days(tx, caller.user, DAILY, monday)}
        began = await repository.first_day(tx, caller.user, DAILY)
    week = [_day(monday + timedelta(days=n), today, began or today, days) for n in range(7)]
    view = StreakView(
        kind=DAILY,
        length=0 if row is None else row["length"],
        best=0 if row is None else row["best"],
        freezes=0 if row is None else row["freezes"],
        last_day=None if row is None else row["last_day"],
        paused_until=None if row is None or (row["paused_until"] or date.min) < today else row["paused_until"],
        today_done=days.get(today) == "kept",
        week=week,
    )
    return Page(items=[view])


def _day(day: date, today: date, began: date, days: dict[date, str]) -> Day:
    if day in days:
        return Day(day=day, state=cast("DayState", days[day]))
    if day >= today:
        return Day(day=day, state="today" if day == today else "future")
    return Day(day=day, state="before" if day < began else "missed")


@post("/me/streaks/leave", permission=SIGNED_IN, status=204, refuses=(IllegalMove,))
async def plan_leave(actions: QuestsActions, caller: Caller, data: Leave) -> None:
    """Plan a leave: its days neither keep nor break a streak."""
    await actions.leave(caller.user, data.until)
