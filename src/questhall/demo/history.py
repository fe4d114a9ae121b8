"""What the people of the demo did, day by day: pure, and the same whenever it is asked for."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from questhall.demo.content import LESSON, LESSONS, MERGED, PRACTICE, REVIEWED, SHARED
from questhall.demo.people import Person

__all__ = ["DAYS", "SOURCE", "events_of"]

DAYS = 90
SOURCE = "/club"
"""CloudEvents' ``source`` of all of them."""
SEED = "questhall"
SATURDAY = 5
REPOS = ("club/website", "club/compiler", "club/course", "club/garden", "club/bot", "club/maps")


def events_of(person: Person, until: datetime) -> list[dict[str, Any]]:
    """A person's acts in the three months before a moment, in their order, as CloudEvents."""
    today = until.astimezone(ZoneInfo(person.zone)).date()
    found: list[dict[str, Any]] = []
    for ago in range(min(person.since, DAYS - 1), person.until - 1, -1):
        found += _day(person, today - timedelta(days=ago), ago)
    return sorted((event for event in found if event["time"] <= _text(until)), key=lambda event: event["time"])


def _day(person: Person, day: date, ago: int) -> list[dict[str, Any]]:
    # Drawn by how long ago it was, not by its date: the streaks of a community are the same whenever it is made.
    dice = Random(f"{SEED}:{person.username}:{ago}")  # noqa: S311 - no secret
    if dice.random() >= (person.weekends if day.weekday() >= SATURDAY else person.weekdays):
        return []
    hour = min(23, max(0, round(dice.gauss(person.hour, 1.5))))
    moment = datetime.combine(day, time(hour, dice.randrange(40)), ZoneInfo(person.zone))
    done: list[tuple[str, dict[str, Any]]] = []
    if dice.random() < person.lessons:
        done.append((LESSON, {"lesson": dice.choice(LESSONS)}))
    if dice.random() < person.practice:
        done.append((PRACTICE, {"minutes": dice.choice((30, 30, 45, 60, 90)), "hour": hour}))
    if dice.random() < 0.12:
        done.append((SHARED, {"title": f"A sketch of {dice.choice(LESSONS).lower()}"}))
    if dice.random() < person.code:
        kind = dice.choice((MERGED, REVIEWED))
        done.append((kind, {"repo": dice.choice(REPOS), "number": dice.randrange(1, 900), "own": kind == MERGED}))
    return [
        _event(person, moment + timedelta(minutes=5 * number), f"{ago}-{number}", kind, data)
        for number, (kind, data) in enumerate(done)
    ]


def _event(person: Person, moment: datetime, name: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{person.username}-{name}",
        "source": SOURCE,
        "type": kind,
        "time": _text(moment),
        "account": f"{person.username}@club",
        "data": data,
    }


def _text(moment: datetime) -> str:
    """In UTC, so that texts sort as times do."""
    return moment.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")
