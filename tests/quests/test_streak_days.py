"""Streaks on odd days: clocks that change, leap days, travel, leave, late acts, and what is taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from questhall.contracts.identity import UserUpdated
from questhall.contracts.quests import Quests
from questhall.kernel.calendar import start_of
from questhall.kernel.testing import START, Hall, HallUser
from tests.quests.test_quests import MERGE, READ, did, publish, sign_in

DAY = timedelta(days=1)
ANY = {**MERGE, "kind": "repeatable", "rewards": {}}


def at(zone: str, year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


async def act(hall: Hall, user: HallUser, moment: datetime, **more: Any) -> Any:
    hall.clock.set(max(moment, hall.clock.now()))
    return (await hall.record("integrations", did(user, at=moment, recorded_at=hall.clock.now(), **more)))[0]


async def sweep(hall: Hall, moment: datetime) -> None:
    hall.clock.set(moment)
    await hall.run_job(Quests, "sweep_streaks")


async def streak(hall: Hall, user: HallUser) -> dict[str, Any]:
    return (await (await sign_in(hall, user)).client.get("/me/streaks")).json()["items"][0]


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        ("Europe/Berlin", date(2026, 3, 29)),  # 23 hours
        ("Europe/Berlin", date(2026, 10, 25)),  # 25 hours
        ("America/Los_Angeles", date(2026, 11, 1)),
        ("America/Santiago", date(2026, 9, 6)),  # midnight itself is skipped
        ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
        ("UTC", date(2028, 2, 29)),
    ],
)
async def test_the_last_and_first_minute_of_odd_days_count_for_them(hall: Hall, zone: str, night: date) -> None:
    await publish(hall, ANY)
    wren = await hall.user("wren", timezone=zone)
    for day, hour, minute in ((night - DAY, 23, 59), (night, 1, 1), (night + DAY, 0, 0)):
        await act(hall, wren, at(zone, day.year, day.month, day.day, hour, minute))
        await sweep(hall, hall.clock.now())
    assert await hall.log("streak.broken") == []
    assert (await streak(hall, wren))["length"] == 3
    days = [event["data"]["local_day"] for event in await hall.log("streak.extended")]
    assert days == [str(night - DAY), str(night), str(night + DAY)]
    # It is due when the day after is over: not a minute before, and not an hour after.
    end = start_of(zone, night + 3 * DAY)
    await sweep(hall, end - timedelta(seconds=1))
    assert await hall.log("streak.broken") == []
    await sweep(hall, end)
    assert [event["data"]["length"] for event in await hall.log("streak.broken")] == [3]


async def move(hall: Hall, user: HallUser, zone: str, since: datetime) -> None:
    event = UserUpdated(
        user_id=user.user_id, username=user.username, display_name="W", timezone=zone, locale="en", zone_from=since
    )
    await hall.record("identity", event)


async def test_an_act_counts_in_the_zone_of_then_through_two_moves(hall: Hall) -> None:
    await publish(hall, ANY)
    wren = await hall.user("wren", timezone="Pacific/Honolulu")
    await move(hall, wren, "Europe/Berlin", START + 5 * DAY)
    await move(hall, wren, "Pacific/Auckland", START + 10 * DAY)
    hall.clock.set(START + 12 * DAY)
    night = START.replace(hour=23)
    for days in (1, 6, 11):
        await act(hall, wren, night + days * DAY)
    said = [event["data"]["local_day"] for event in await hall.log("quest.completed")]
    assert said == ["2026-03-03", "2026-03-09", "2026-03-14"], "13:00, midnight past, noon of the next day"


async def test_a_day_skipped_by_travelling_east_counts_as_kept(hall: Hall) -> None:
    await publish(hall, ANY)
    wren = await hall.user("wren", timezone="Pacific/Pago_Pago")
    midnight = start_of("Pacific/Pago_Pago", date(2026, 3, 5))
    await act(hall, wren, midnight - timedelta(hours=2))
    await move(hall, wren, "Pacific/Kiritimati", midnight)
    await act(hall, wren, midnight + timedelta(hours=2))
    await sweep(hall, hall.clock.now())
    days = [event["data"]["local_day"] for event in await hall.log("streak.extended")]
    assert days == ["2026-03-04", "2026-03-06"]
    assert await hall.log("streak.broken") == []
    assert (await streak(hall, wren))["length"] == 2


async def test_freezes_are_two_at_most_and_cover_a_day_each(hall: Hall) -> None:
    await publish(hall, ANY)
    wren = await hall.user("wren")
    for day in range(28):
        await act(hall, wren, START + day * DAY)
    assert (await streak(hall, wren))["freezes"] == 2
    await sweep(hall, START + 30 * DAY)
    assert [e["data"]["freezes_left"] for e in await hall.log("streak.frozen")] == [1, 0]
    assert await hall.log("streak.broken") == []
    await sweep(hall, START + 31 * DAY)
    await sweep(hall, START + 31 * DAY)
    assert [e["data"]["length"] for e in await hall.log("streak.broken")] == [28]


async def test_a_late_act_mends_what_was_broken_and_waiting_ones_do_not(hall: Hall) -> None:
    await publish(hall, ANY)
    wren = await hall.user("wren")
    await act(hall, wren, START)
    await act(hall, wren, START + 2 * DAY)
    assert [e["data"]["length"] for e in await hall.log("streak.broken")] == [1]
    await act(hall, wren, START + DAY, waited=True)
    assert (await streak(hall, wren))["length"] == 1
    await act(hall, wren, START + DAY)
    assert (await streak(hall, wren))["length"] == 3


async def test_days_before_the_first_are_not_missed_and_those_after_are(hall: Hall) -> None:
    await publish(hall, ANY)
    wren = await hall.user("wren")
    hall.clock.set(START + 2 * DAY)  # Wednesday
    assert [d["state"] for d in (await streak(hall, wren))["week"]] == ["before"] * 2 + ["today"] + ["future"] * 4
    await act(hall, wren, START + 2 * DAY)
    hall.clock.set(START + 4 * DAY)
    states = [d["state"] for d in (await streak(hall, wren))["week"]]
    assert states == ["before", "before", "kept", "missed", "today", "future", "future"]


async def test_a_leave_ends_when_it_is_planned_anew_and_is_no_longer_shown(hall: Hall) -> None:
    await publish(hall, ANY)
    wren = await hall.user("wren")
    await act(hall, wren, START)

    async def leave(days: int) -> int:
        until = (START + days * DAY).date().isoformat()
        return (await wren.client.post("/me/streaks/leave", json={"until": until})).status_code

    assert [await leave(n) for n in (10, 2, -1, 61)] == [204, 204, 409, 409]
    assert (await streak(hall, wren))["paused_until"] == "2026-03-04"
    await sweep(hall, START + 3 * DAY)
    assert (await streak(hall, wren))["paused_until"] is None
    assert await hall.log("streak.broken") == []
    await sweep(hall, START + 4 * DAY)
    assert [e["data"]["length"] for e in await hall.log("streak.broken")] == [1], "the longer leave is over"


async def test_what_is_taken_back_from_a_day_on_leave_leaves_the_leave(hall: Hall) -> None:
    await publish(hall, ANY)
    once = await publish(hall, {**READ, "kind": "one_off", "rewards": {}})
    wren = await hall.user("wren")
    await act(hall, wren, START)
    until = (START + 2 * DAY).date().isoformat()
    await wren.client.post("/me/streaks/leave", json={"until": until})
    second = await act(hall, wren, START + DAY)
    wren = await sign_in(hall, wren)
    assert (await wren.client.post(f"/quests/{once}/complete", json={})).status_code == 200
    await hall.actions(Quests).revert([second.id])
    # The one_off of that day keeps no streak; the leave still covers it.
    await act(hall, wren, START + 3 * DAY)
    week = [d["state"] for d in (await streak(hall, wren))["week"]]
    assert week[:4] == ["kept", "excused", "excused", "kept"]
    assert (await streak(hall, wren))["length"] == 2


async def test_yesterday_is_open_until_the_next_local_midnight(hall: Hall) -> None:
    quest = await publish(hall, READ)
    wren = await hall.user("wren", timezone="America/New_York")
    hall.clock.set(at("America/New_York", 2026, 3, 8, 23, 59))  # the day that has 23 hours
    wren = await sign_in(hall, wren)
    assert (await wren.client.post(f"/quests/{quest}/complete", json={"yesterday": True})).status_code == 200
    hall.clock.set(at("America/New_York", 2026, 3, 9, 0, 0))
    wren = await sign_in(hall, wren)
    assert (await wren.client.post(f"/quests/{quest}/complete", json={"yesterday": True})).status_code == 200
    await hall.drain()
    assert [e["data"]["local_day"] for e in await hall.log("quest.completed")] == ["2026-03-07", "2026-03-08"]
