"""Quest progress against a model that keeps nothing but who did what, and tells everything else from it by looking."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from questhall.contracts.quests import IllegalMove, Quests
from questhall.kernel.contract import Cause, Envelope
from questhall.kernel.ids import new_id
from questhall.kernel.testing import START, Hall
from tests.quests.test_models import ZONES, heard

DAY = timedelta(days=1)
OPEN = ("accepted", "in_progress")


def spec(kind: str, *objectives: tuple[str, int, bool], **more: Any) -> dict[str, Any]:
    """A quest in short: objectives are (letter that they count, how many, whether values are told apart)."""
    return {"kind": kind, "objectives": objectives, "combine": "all", "auto": True} | more


VERSIONS: dict[str, list[dict[str, Any]]] = {
    "once": [spec("daily", ("a", 1, False))],
    "twice": [spec("daily", ("a", 2, False))],
    "weekly": [spec("weekly", ("b", 2, False))],
    "rests": [spec("repeatable", ("a", 1, False), cooldown=3600, cap=3, diminishing=0.5)],
    "tells": [spec("one_off", ("b", 3, True))],
    "after": [spec("one_off", ("a", 1, False), ("tick", 2, False), auto=False, needs="tells")],
    "order": [spec("repeatable", ("a", 1, False), ("b", 2, False), combine="in_order")],
    "either": [spec("repeatable", ("a", 3, False), ("c", 1, False), combine="any")],
    "brief": [spec("repeatable", ("b", 2, False), life=5400)],
    "asked": [spec("daily", ("c", 2, False), auto=False)],
    "shifts": [spec("daily", ("c", 2, False)), spec("weekly", ("c", 1, False)), spec("one_off", ("a", 2, False))],
    "window": [spec("repeatable", ("c", 2, False), until=START + timedelta(hours=30))],
}


def authored(slug: str, version: dict[str, Any]) -> dict[str, Any]:
    objectives = []
    for letter, count, distinct in version["objectives"]:
        one: dict[str, Any] = {"id": letter, "label": letter, "count": count}
        if letter == "tick":
            one["mode"] = "manual"
        else:
            one |= {"event": "activity.recorded", "where": f"data.kind == '{letter}'"}
        if distinct:
            one["distinct"] = "data.attributes.value"
        objectives.append(one)
    named = {"cooldown": "cooldown_s", "cap": "daily_cap", "life": "expires_after_s", "diminishing": "diminishing"}
    more = {there: version[here] for here, there in named.items() if here in version}
    if "until" in version:
        more["available_until"] = version["until"].isoformat()
    if "needs" in version:
        more["prerequisites"] = {"quests": [version["needs"]]}
    return {
        "slug": slug,
        "title": slug,
        "kind": version["kind"],
        "objectives": objectives,
        "combine": version["combine"],
        "auto_accept": version["auto"],
        "rewards": {"currencies": {"coins": 100}},
        **more,
    }


class Played:
    """One quest and one player: runs, each with the marks that acts left on it."""

    def __init__(self, slug: str, world: World) -> None:
        self.slug, self.world = slug, world
        self.version = 0
        self.runs: list[dict[str, Any]] = []
        self.paid: list[tuple[str, int, int]] = []

    def under_way(self) -> dict[str, Any] | None:
        return next((run for run in self.runs if run["state"] in OPEN), None)

    def done(self) -> list[dict[str, Any]]:
        return [run for run in self.runs if run["state"] == "completed"]

    def start(self, kind: str, day: date) -> date | None:
        if kind == "weekly":
            return day - day.weekday() * DAY
        return {"daily": day, "one_off": date.min}.get(kind)

    def available(self, version: dict[str, Any], occurred: datetime, recorded: datetime) -> bool:
        local = self.world.local
        if "until" in version and occurred >= version["until"]:
            return False
        if "needs" in version and not self.world.quests[version["needs"]].done():
            return False
        place = (version["kind"], self.start(version["kind"], local(occurred)))
        if version["kind"] != "repeatable" and any(run["place"] == place for run in self.done()):
            return False
        if sum(local(run["recorded"]) == local(recorded) for run in self.done()) >= version.get("cap", 99):
            return False
        last = max((run["recorded"] for run in self.done()), default=None)
        return last is None or recorded >= last + timedelta(seconds=version.get("cooldown", 0))

    def end(self, version: dict[str, Any], place: tuple[str, date | None], now: datetime) -> datetime | None:
        ends = [version["until"]] if "until" in version else []
        if "life" in version:
            ends.append(now + timedelta(seconds=version["life"]))
        if place[0] in ("daily", "weekly"):
            assert place[1] is not None
            after = place[1] + (7 if place[0] == "weekly" else 1) * DAY
            ends.append(datetime(after.year, after.month, after.day, tzinfo=self.world.zone) + 30 * DAY)
        return min(ends, default=None)

    def begin(self, number: int, occurred: datetime, now: datetime) -> dict[str, Any]:
        version = VERSIONS[self.slug][number]
        place = (version["kind"], self.start(version["kind"], self.world.local(occurred)))
        run = {
            "state": "accepted",
            "version": number,
            "place": place,
            "marks": [],
            "end": self.end(version, place, now),
        }
        self.runs.append(run)
        return run

    def lapse(self, occurred: datetime, recorded: datetime) -> None:
        run = self.under_way()
        if run is None:
            return
        kind, began = run["place"]
        now = self.start(kind, self.world.local(occurred))
        if (run["end"] is not None and recorded >= run["end"]) or (
            began is not None and now is not None and began < now
        ):
            run["state"] = "expired"

    def full(self, run: dict[str, Any], letter: str, need: int) -> bool:
        return sum(mark[1] == letter for mark in run["marks"]) >= need

    def takes(self, run: dict[str, Any], version: dict[str, Any], letter: str, value: str) -> bool:
        for other, need, distinct in version["objectives"]:
            if other == letter:
                seen = distinct and any(mark[1:] == (letter, value) for mark in run["marks"])
                return not self.full(run, letter, need) and not seen
            if version["combine"] == "in_order" and not self.full(run, other, need):
                return False
        return False

    def act(self, number: int, event: UUID, letter: str, value: str, occurred: datetime, recorded: datetime) -> bool:
        version, newest = VERSIONS[self.slug][number], number == self.version
        self.lapse(occurred, recorded)
        run, single = self.under_way(), sum(o[1] for o in version["objectives"]) == 1
        if run is not None and run["place"][1] is not None:
            earlier = self.start(run["place"][0], self.world.local(occurred))
            if earlier is not None and earlier < run["place"][1]:
                if not single:
                    return False
                run = None
        if run is not None and run["version"] != number:
            return False
        if any(mark[0] == event for other in self.runs if other is not run for mark in other["marks"]):
            return False
        if run is None:
            blank = {"marks": []}
            closed = "until" in version and recorded >= version["until"] and not single
            if not newest or not version["auto"] or closed or not self.takes(blank, version, letter, value):
                return False
            if not self.available(version, occurred, recorded):
                return False
            run = self.begin(number, occurred, self.world.now)
        elif not self.takes(run, version, letter, value):
            return False
        run["marks"].append((event, letter, value))
        run["state"] = "in_progress"
        fullness = [self.full(run, other, need) for other, need, _ in version["objectives"]]
        if any(fullness) if version["combine"] == "any" else all(fullness):
            self.pay(version, number, recorded)
            run["state"], run["recorded"] = "completed", recorded
        return True

    def pay(self, version: dict[str, Any], number: int, recorded: datetime) -> None:
        local = self.world.local
        repeats = sum(local(run["recorded"]) == local(recorded) for run in self.done())
        share = max(0.1, (1 - version.get("diminishing", 0)) ** repeats)
        self.paid.append((self.slug, number + 1, math.floor(100 * share)))

    def revert(self, event: UUID) -> None:
        for run in list(self.runs):
            if "moved" in run or not any(mark[0] == event for mark in run["marks"]):
                continue
            run["marks"] = [mark for mark in run["marks"] if mark[0] != event]
            if run["state"] == "completed":
                run["state"] = "reverted"
                if run["marks"] and self.under_way() is None:
                    self.runs.append({**run, "state": "in_progress", "marks": [*run["marks"]]})
                    run["moved"] = True
            elif run["state"] == "in_progress" and not run["marks"]:
                run["state"] = "reverted" if VERSIONS[self.slug][run["version"]]["auto"] else "accepted"


class World:
    """All quests of one player."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.now = START
        self.quests = {slug: Played(slug, self) for slug in VERSIONS}

    def local(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def act(self, event: UUID, letter: str, value: str, occurred: datetime, recorded: datetime) -> None:
        for quest in self.quests.values():
            for number in range(quest.version + 1):
                if any(letter == objective[0] for objective in VERSIONS[quest.slug][number]["objectives"]):
                    quest.act(number, event, letter, value, occurred, recorded)

    def attempt(self, name: str, *args: Any) -> bool:
        """Whether a move is allowed; one that is not leaves everything as it was."""
        before = {slug: [(run, run["state"]) for run in quest.runs] for slug, quest in self.quests.items()}
        allowed: bool = getattr(self, name)(*args)
        if not allowed:
            for slug, runs in before.items():
                self.quests[slug].runs = [run for run, _ in runs]
                for run, state in runs:
                    run["state"] = state
        return allowed

    def accept(self, slug: str) -> bool:
        quest = self.quests[slug]
        quest.lapse(self.now, self.now)
        if quest.under_way() or not quest.available(VERSIONS[slug][quest.version], self.now, self.now):
            return False
        quest.begin(quest.version, self.now, self.now)
        return True

    def abandon(self, slug: str) -> bool:
        quest = self.quests[slug]
        quest.lapse(self.now, self.now)
        run = quest.under_way()
        if run is not None:
            run["state"] = "abandoned"
        return run is not None

    def tick(self, event: UUID) -> bool:
        quest = self.quests["after"]
        return quest.act(0, event, "tick", "", self.now, self.now)


async def attempt(hall: Hall, event: UUID, name: str, *args: Any) -> bool:
    """Whether a move was allowed."""
    cause = Cause(correlation_id=event, causation_id=event, actor="system")
    try:
        async with hall.database(Quests).tx(cause=cause) as tx:
            await getattr(hall.actions(Quests), name)(tx, *args)
    except IllegalMove:
        return False
    return True


async def runs_of(hall: Hall, user_id: UUID) -> dict[str, list[tuple[str, int, dict[str, int]]]]:
    async with hall.database(Quests).read() as tx:
        rows = await tx.fetch(
            "SELECT title AS slug, state, r.version, progress FROM user_quests r JOIN quests q ON q.id = quest_id "
            "WHERE user_id = $1 ORDER BY slug, completion",
            user_id,
        )
    found: dict[str, list[tuple[str, int, dict[str, int]]]] = {}
    for row in rows:
        progress = {k: c["have"] for k, c in msgspec.json.decode(row["progress"]).items() if c["have"]}
        found.setdefault(row["slug"], []).append((row["state"], row["version"], progress))
    return found


def expected(world: World) -> dict[str, list[tuple[str, int, dict[str, int]]]]:
    found: dict[str, list[tuple[str, int, dict[str, int]]]] = {}
    for slug, quest in world.quests.items():
        for run in quest.runs:
            letters = [mark[1] for mark in run["marks"]]
            found.setdefault(slug, []).append(
                (run["state"], run["version"] + 1, {x: letters.count(x) for x in letters})
            )
    return found


def weighted(*choices: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    return st.one_of([strategy for times, strategy in choices for _ in range(times)])


act_step = st.tuples(
    st.just("act"),
    st.sampled_from("aabbcc"),
    st.sampled_from([0, 0, 0, 7, 90, 1500, 3000]),  # minutes that it took to be recorded
    st.sampled_from("xyz"),
)
steps = st.lists(
    weighted(
        (8, act_step),
        (2, st.tuples(st.just("pass"), st.sampled_from([5, 40, 70, 300, 1440, 4000]))),
        (1, st.tuples(st.just("long"), st.integers(20, 40))),
        (2, st.tuples(st.just("accept"), st.sampled_from(["after", "asked", "twice", "once", "rests", "brief"]))),
        (1, st.tuples(st.just("abandon"), st.sampled_from(["after", "asked", "twice", "order", "shifts"]))),
        (2, st.tuples(st.just("tick"))),
        (1, st.tuples(st.just("again"), st.integers(0, 9))),
        (2, st.tuples(st.just("revert"), st.integers(0, 9))),
        (1, st.tuples(st.just("publish"))),
    ),
    min_size=4,
    max_size=24,
)
A, B, C = ("act", "a", 0, "x"), ("act", "b", 0, "x"), ("act", "c", 0, "x")
TELLS = [B, ("act", "b", 0, "y"), ("act", "b", 0, "z")]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=steps, zone=st.sampled_from(ZONES), size=st.integers(1, 5))
@example(steps=[A, A, A, ("pass", 70), A, ("pass", 70), A, ("pass", 70), A], zone="UTC", size=1)
@example(steps=[*TELLS, ("accept", "after"), A, ("tick",), ("tick",), ("tick",)], zone="UTC", size=1)
@example(
    steps=[("accept", "after"), *TELLS, ("abandon", "after"), ("accept", "after"), ("abandon", "after")],
    zone="UTC",
    size=2,
)
@example(steps=[B, ("pass", 70), ("pass", 40), B, B], zone="UTC", size=1)
@example(steps=[C, ("publish",), C, C, C, ("publish",), A, A], zone="UTC", size=1)
@example(steps=[A, ("pass", 1440), A, ("act", "a", 1500, "x"), A], zone="Pacific/Auckland", size=1)
@example(steps=[A, ("again", 0), ("again", 0)], zone="UTC", size=1)
@example(steps=[A, A, ("revert", 0), A, ("revert", 0), ("revert", 1)], zone="UTC", size=1)
@example(steps=[*TELLS, ("revert", 0), ("revert", 0), B], zone="UTC", size=1)
@example(
    steps=[A, ("pass", 70), A, ("pass", 1440), A, ("revert", 0), ("pass", 70), A, ("pass", 70), A, ("pass", 70), A],
    zone="UTC",
    size=1,
)
@example(steps=[C, ("pass", 4000), ("act", "c", 3000, "x"), C], zone="UTC", size=1)
@example(steps=[("accept", "asked"), C, ("revert", 0), C, C], zone="UTC", size=1)
@example(steps=[A, ("long", 40), ("act", "a", 0, "x")], zone="UTC", size=1)
async def test_progress_is_that_of_the_model(hall: Hall, steps: list[tuple[Any, ...]], zone: str, size: int) -> None:
    actions, user_id, world = hall.actions(Quests), new_id(), World(zone)
    consumer = hall.installation.process.running["quests"].consumer
    ids = await put_up(hall)
    hall.clock.set(START)
    async with hall.database(Quests).tx() as tx:
        await actions.set_zone(tx, user_id, zone, None)
    said: list[Envelope[Any]] = []
    waiting: list[Envelope[Any]] = []

    async def deliver() -> None:
        for first in range(0, len(waiting), size):
            await consumer.take(waiting[first : first + size])
        waiting.clear()

    for what, *args in steps:
        if what != "act":
            await deliver()
        if what == "act":
            letter, took, value = args
            occurred = world.now - timedelta(minutes=took)
            event = heard(user_id, letter, occurred, world.now, value)
            said.append(event)
            waiting.append(event)
            world.act(event.id, letter, value, occurred, world.now)
        elif what in ("pass", "long"):
            world.now += timedelta(minutes=args[0]) if what == "pass" else args[0] * DAY
            hall.clock.set(world.now)
            while await actions.sweep_runs():
                pass
            for quest in world.quests.values():
                run = quest.under_way()
                if run is not None and run["end"] is not None and run["end"] <= world.now:
                    run["state"] = "expired"
        elif what == "accept":
            assert await attempt(hall, new_id(), "accept", user_id, ids[args[0]]) == world.attempt("accept", args[0]), (
                args
            )
        elif what == "abandon":
            assert await attempt(hall, new_id(), "abandon", user_id, ids[args[0]]) == world.attempt(
                "abandon", args[0]
            ), args
        elif what == "tick":
            event_id = new_id()
            assert await attempt(hall, event_id, "tick", user_id, ids["after"], None) == world.attempt("tick", event_id)
        elif what == "again" and said:
            await consumer.take([said[args[0] % len(said)]])
        elif what == "revert" and said:
            event = said[args[0] % len(said)]
            for _ in range(2):
                await actions.revert([event.id])
            for quest in world.quests.values():
                quest.revert(event.id)
        elif what == "publish" and world.quests["shifts"].version < 2:
            world.quests["shifts"].version += 1
            await put_up_next(hall, ids["shifts"], world.quests["shifts"].version)
        if not waiting:
            assert_same(await runs_of(hall, user_id), world)
    await deliver()
    assert_same(await runs_of(hall, user_id), world)
    await hall.drain()
    log = [event["data"] for event in await hall.log("reward.granted") if event["data"]["user_id"] == str(user_id)]
    paid = sorted((e["reason"]["title"], e["reason"]["version"], e["parts"][0]["amount"]) for e in log)
    assert paid == sorted(one for quest in world.quests.values() for one in quest.paid)
    completed = [e["data"] for e in await hall.log("quest.completed") if e["data"]["user_id"] == str(user_id)]
    assert sorted(e["title"] for e in completed) == sorted(one[0] for one in paid)


def assert_same(have: dict[str, Any], world: World) -> None:
    want = expected(world)
    for slug in VERSIONS:
        assert have.get(slug, []) == want.get(slug, []), slug


async def put_up(hall: Hall) -> dict[str, UUID]:
    """The quests, each in its first version; the one whose versions go on is another for each example."""
    actions = hall.actions(Quests)
    await actions.install([authored(slug, versions[0]) for slug, versions in VERSIONS.items() if slug != "shifts"])
    async with hall.database(Quests).read() as tx:
        rows = await tx.fetch("SELECT id, slug FROM quests WHERE status = 'published'")
    ids = {row["slug"]: row["id"] for row in rows}
    for slug in [slug for slug in ids if slug.startswith("shifts")]:
        await actions.archive(ids.pop(slug))
    name = f"shifts-{new_id()}"
    await actions.install([{**authored(name, VERSIONS["shifts"][0]), "title": "shifts"}])
    async with hall.database(Quests).read() as tx:
        ids["shifts"] = await tx.fetchval("SELECT id FROM quests WHERE slug = $1", name)
    return ids


async def put_up_next(hall: Hall, quest_id: UUID, number: int) -> None:
    actions, after = hall.actions(Quests), authored("shifts", VERSIONS["shifts"][number])
    async with hall.database(Quests).tx() as tx:
        await tx.execute(
            "UPDATE quests SET definition = definition || $2 WHERE id = $1",
            quest_id,
            msgspec.json.encode({n: after[n] for n in ("kind", "objectives")}).decode(),
        )
        await actions.publish(tx, quest_id)
    await actions.refresh()
