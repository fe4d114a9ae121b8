"""quests against simple models: whatever acts come, late or not, in whatever zone, the outcome is that of the model."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from questhall.contracts.integrations import ActivityRecorded
from questhall.contracts.quests import Quests
from questhall.kernel.calendar import start_of
from questhall.kernel.contract import Envelope
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall
from questhall.services.quests import repository

ZONES = ("UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago")
DAY = timedelta(days=1)
SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def heard(user_id: UUID, kind: str, occurred: datetime, recorded: datetime, value: str = "") -> Envelope[Any]:
    identifier = new_id()
    data = ActivityRecorded(
        activity_id=identifier,
        user_id=user_id,
        source="acme",
        source_id=identifier,
        kind=kind,
        external_id=str(identifier),
        occurred_at=occurred,
        recorded_at=recorded,
        delivery_id=identifier,
        attributes={"value": value},
    )
    return Envelope(
        id=identifier,
        type=data.type,
        source="integrations",
        subject=str(user_id),
        time=recorded,
        sequence=1,
        correlation_id=identifier,
        causation_id=identifier,
        actor="system",
        depth=1,
        traceparent=None,
        raw=msgspec.json.encode(data),
        typed=data,
    )


async def count(hall: Hall, *events: Envelope[Any]) -> None:
    async with hall.database(Quests).tx() as tx:
        await hall.actions(Quests).count_events(tx, list(events))


def quest(slug: str, kind: str, **more: Any) -> dict[str, Any]:
    where = more.pop("where", f"data.kind == '{slug}'")
    objective = {"id": "it", "label": "It", "event": "activity.recorded", "where": where}
    objective |= {name: more.pop(name) for name in ("count", "distinct") if name in more}
    return {"slug": slug, "title": slug, "kind": kind, "objectives": [objective], "auto_accept": True, **more}


def streak_of(kept: set[date], excused: set[date], today: date) -> tuple[int, int]:
    """The model: length and freezes, day by day."""
    length = freezes = 0
    day = min(kept, default=today)
    while day <= today:
        if day in kept:
            length += 1
            freezes = min(2, freezes + 1) if length % 7 == 0 else freezes
        elif day < today and day not in excused and length:
            length, freezes = (length, freezes - 1) if freezes else (0, 0)
        day += DAY
    return length, freezes


steps = st.lists(
    st.one_of(
        st.tuples(st.just("act"), st.integers(0, 80)),  # hours ago
        st.tuples(st.just("pass"), st.integers(1, 60)),  # hours
        st.tuples(st.just("leave"), st.integers(0, 4)),  # days
        st.tuples(st.just("days"), st.integers(2, 16)),  # an act on each of so many days
    ),
    min_size=1,
    max_size=14,
)


@SLOW
@given(steps=steps, zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)), move_at=st.integers(0, 13))
@example(steps=[("days", 16), ("pass", 60), ("act", 0)], zones=("Europe/Berlin", "Europe/Berlin"), move_at=13)
@example(
    steps=[("act", 0), ("pass", 30), ("act", 26), ("act", 0)],
    zones=("Pacific/Pago_Pago", "Pacific/Kiritimati"),
    move_at=0,
)
@example(steps=[("act", 0), ("leave", 1), ("leave", 0), ("pass", 39)], zones=("UTC", "UTC"), move_at=0)
async def test_streaks_are_those_of_the_model(
    hall: Hall, steps: list[tuple[str, int]], zones: tuple[str, str], move_at: int
) -> None:
    actions, user_id = hall.actions(Quests), new_id()
    await actions.install([quest("any", "repeatable", where="true")])
    hall.clock.set(datetime(2026, 3, 20, 9, 30, tzinfo=ZoneInfo("UTC")))  # Europe changes its clocks on the 29th
    since: datetime | None = None
    kept: set[date] = set()
    excused: set[date] = set()
    jumped: set[date] = set()
    away: date | None = None

    def local(moment: datetime) -> date:
        zone = zones[0] if since is None or moment < since else zones[1]
        return moment.astimezone(ZoneInfo(zone)).date()

    async with hall.database(Quests).tx() as tx:
        await actions.set_zone(tx, user_id, zones[0], None)
    for number, (what, amount) in enumerate(steps):
        now = hall.clock.now()
        if number == move_at:
            since = start_of(zones[0], local(now) + DAY)
            skipped = (since.astimezone(ZoneInfo(zones[1])).date() - local(since - timedelta(seconds=1))).days
            jumped = {local(since - timedelta(seconds=1)) + n * DAY for n in range(1, skipped)}
            excused |= jumped
            async with hall.database(Quests).tx() as tx:
                await actions.set_zone(tx, user_id, zones[1], since)
        if what == "pass":
            hall.clock.advance(timedelta(hours=amount))
        elif what == "leave":
            until = local(now) + amount * DAY
            await actions.leave(user_id, until)
            if away is not None:  # a later plan takes the place of one that was longer
                excused -= {until + n * DAY for n in range(1, (away - until).days + 1)} - jumped
            away = until
            excused |= {local(now) + n * DAY for n in range(amount + 1)}
        else:
            for n in range(amount if what == "days" else 1):
                if n:
                    hall.clock.advance(DAY)
                at = hall.clock.now() - (timedelta(hours=amount) if what == "act" else timedelta())
                await count(hall, heard(user_id, "k", at, hall.clock.now()))
                kept.add(local(at))
        while await actions.sweep_streaks():
            pass
        async with hall.database(Quests).read() as tx:
            row = await repository.streak_row(tx, user_id, "daily")
        have = (0, 0) if row is None else (row["length"], row["freezes"])
        assert have == streak_of(kept, excused, local(hall.clock.now())), (number, what, amount)
        assert row is None or row["best"] >= row["length"]
