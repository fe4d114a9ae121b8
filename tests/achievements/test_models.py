"""achievements against a plain evaluator: whatever comes, late, twice or together, a badge is the fold of what occurred."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from questhall.contracts.achievements import Achievements
from questhall.contracts.integrations import ActivityRecorded
from questhall.kernel.contract import Envelope
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall
from questhall.services.achievements import repository

ZONES = ("UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles", "Pacific/Kiritimati")
BEGAN = datetime(2026, 3, 20, 9, 30, tzinfo=ZoneInfo("UTC"))  # Europe changes its clocks on the 29th
WINDOWS = {"PT6H": timedelta(hours=6), "P1D": timedelta(days=1), "P2DT12H": timedelta(hours=60)}
LONG = "x" * 300

Rule = dict[str, Any]


class Act(msgspec.Struct, frozen=True):
    """What a player did, as the model knows it."""

    kind: str
    at: datetime
    value: Any
    number: Any
    waited: bool


# The model: a rule over all acts, told in the plainest way.


def most(rule: Rule, acts: list[Act], zone: str) -> int:
    """How far a counting rule ever was."""
    fitting = [act for act in acts if "where" not in rule or rule["where"] == f"data.kind == '{act.kind}'"]
    if "streak" in rule:
        days = sorted({act.at.astimezone(ZoneInfo(zone)).date() for act in fitting if not act.waited})
        longest = run = min(1, len(days))
        for before, after in pairwise(days):
            run = run + 1 if after == before + timedelta(days=1) else 1
            longest = max(longest, run)
        return longest
    if "window" in rule:
        width = WINDOWS[rule["window"]]
        return max((sum(act.at - width < other.at <= act.at for other in fitting) for act in fitting), default=0)
    if "distinct" in rule:
        return len({str(act.value) for act in fitting if act.value is not None})
    if "sum" in rule:
        numbers = [act.number for act in fitting if type(act.number) in (int, float)]
        return sum(int(number) for number in numbers if 1 <= number < 2**53)
    return len(fitting)


def holds(rule: Rule, acts: list[Act], zone: str, held: set[str]) -> bool:
    """Whether a rule is fulfilled."""
    if "badge" in rule:
        return rule["badge"] in held
    if "level" in rule:
        return rule["level"] <= 1
    for group, enough in (("all", len(rule.get("all", ()))), ("any", 1), ("of", rule.get("n_of", 0))):
        if group in rule:
            return sum(holds(part, acts, zone, held) for part in rule[group]) >= enough
    return most(rule, acts, zone) >= rule.get("streak", rule.get("count", 1))


def awards_of(definition: Rule, acts: list[Act], zone: str, held: set[str]) -> set[str]:
    """The tiers that a player has, or an empty name."""
    rule = definition["requirements"]
    if not held.issuperset(definition.get("prerequisites", ())):
        return set()
    if "tiers" in definition:
        return {tier["name"] for tier in definition["tiers"] if most(rule, acts, zone) >= tier["count"]}
    return {""} if holds(rule, acts, zone, held) else set()


# What rules and acts there may be.

where = st.sampled_from([{}, {"where": "data.kind == 'a'"}, {"where": "data.kind == 'b'"}])
counting = st.builds(
    lambda w, what: {"event": "activity.recorded", **w, **what},
    where,
    st.one_of(
        st.builds(lambda n: {"count": n}, st.integers(1, 6)),
        st.builds(lambda n: {"count": n, "distinct": "data.attributes.value"}, st.integers(1, 3)),
        st.builds(lambda n: {"count": n, "sum": "data.attributes.number"}, st.integers(1, 20)),
        st.builds(lambda n, w: {"count": n, "window": w}, st.integers(1, 5), st.sampled_from(sorted(WINDOWS))),
        st.builds(lambda n: {"streak": n}, st.integers(2, 4)),
    ),
)
leaves = st.one_of(counting, counting, counting, st.just({"level": 2}))


def combined(parts: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    return st.lists(parts, min_size=1, max_size=3).flatmap(
        lambda found: st.one_of(
            st.just({"all": found}),
            st.just({"any": found}),
            st.builds(lambda n: {"n_of": n, "of": found}, st.integers(1, len(found))),
        )
    )


rules = st.one_of(leaves, counting, combined(st.one_of(leaves, combined(leaves))))
tiers = st.lists(st.integers(2, 7), min_size=1, max_size=3, unique=True).map(
    lambda counts: [{"name": f"t{n}", "count": count} for n, count in enumerate(sorted(counts))]
)
firsts = st.one_of(
    st.builds(lambda rule: {"requirements": rule}, rules),
    st.builds(lambda rule, found: {"requirements": rule, "tiers": found}, counting, tiers),
)
# Mostly on a grid of six hours, so that windows are met at their very edges.
minutes = st.one_of(
    st.integers(0, 40).map(lambda n: n * 6 * 60), st.integers(0, 40).map(lambda n: n * 6 * 60), st.integers(0, 43_000)
)
acts = st.lists(
    st.builds(
        lambda kind, at, value, number, waited: Act(kind, BEGAN + timedelta(minutes=at), value, number, waited),
        st.sampled_from("aab"),
        minutes,
        st.sampled_from(["x", "y", "z", None, 7, LONG + "1", LONG + "2"]),
        st.sampled_from([1, 2.9, 7, -3, 0, 0.5, True, "5", None, 2**60, 1e300]),
        st.sampled_from([False, False, False, True]),
    ),
    min_size=3,
    max_size=24,
)


# What chance would seldom meet: edges of windows, an act so late that its window has gone by, a day that only waited.
PLAIN: Rule = {"event": "activity.recorded"}
EDGES: list[Rule] = [
    {"requirements": {**PLAIN, "count": 3, "window": "P1D"}},
    {"requirements": {**PLAIN, "count": 4, "window": "P1D"}},
    {"requirements": {**PLAIN, "count": 2, "window": "P1D", "where": "data.kind == 'b'"}},
    {"requirements": {**PLAIN, "streak": 4}},
    {"requirements": {**PLAIN, "streak": 3, "where": "data.kind == 'b'"}},
    {"requirements": {**PLAIN, "streak": 2, "where": "data.kind == 'c'"}},
    {"requirements": {**PLAIN, "count": 5, "distinct": "data.attributes.value"}},
    {"requirements": {**PLAIN, "count": 6, "distinct": "data.attributes.value"}},
    {"requirements": {"n_of": 2, "of": [{"level": 2}, PLAIN, {**PLAIN, "sum": "data.attributes.number", "count": 16}]}},
    {
        "requirements": {**PLAIN, "sum": "data.attributes.number"},
        "tiers": [{"name": "t", "count": 15}, {"name": "u", "count": 16}],
    },
]
EDGE_ACTS = [
    Act(kind, BEGAN + timedelta(hours=hours), value, number, waited)
    for kind, hours, value, number, waited in [
        ("a", 0, "x", 1, False),
        ("a", 1, "x", 2.9, False),
        ("c", 240, None, 0, False),  # 22:30 in Auckland
        ("c", 242, None, 0, False),  # and the day after; one day in UTC
        ("b", 300, "y", 7, False),
        ("b", 324, LONG + "1", True, True),
        ("b", 348, LONG + "2", "5", False),
        ("a", 400, 7, 0.5, False),
        ("a", 450, "y", -3, False),
        ("a", 500, "x", 5, False),
        ("a", 2, None, None, False),
        ("a", 24, "y", 2**60, False),
        ("a", 26, "x", 1e300, False),
        ("a", 72, "x", 0, False),
        ("a", 50, "x", 0, False),
    ]
]


def envelope(user_id: UUID, act: Act) -> Envelope[Any]:
    """An act as it arrives."""
    identifier = new_id()
    told = {"value": act.value, "number": act.number}
    data = ActivityRecorded(
        activity_id=identifier,
        user_id=user_id,
        source="acme",
        source_id=identifier,
        kind=act.kind,
        external_id=str(identifier),
        occurred_at=act.at,
        recorded_at=BEGAN + timedelta(days=31),
        delivery_id=identifier,
        waited=act.waited,
        attributes={name: value for name, value in told.items() if value is not None},
    )
    return Envelope(
        id=identifier,
        type=data.type,
        source="integrations",
        subject=str(user_id),
        time=data.recorded_at,
        sequence=1,
        correlation_id=identifier,
        causation_id=identifier,
        actor="system",
        depth=1,
        traceparent=None,
        raw=msgspec.json.encode(data),
    )


async def deliver(hall: Hall, arrivals: Iterable[Envelope[Any]], size: int) -> None:
    """Brings events in batches of a size, as the bus would, and waits for what follows from them."""
    coming = list(arrivals)
    for first in range(0, len(coming), size):
        await hall.installation.process.running["achievements"].consumer.take(coming[first : first + size])
    await hall.drain()


async def standing(hall: Hall, user_id: UUID) -> dict[str, set[str]]:
    """What a player has: tiers by slug."""
    slugs = hall.actions(Achievements).book.slugs
    async with hall.database(Achievements).read() as tx:
        rows = await repository.awards_standing(tx, [user_id])
        dated = {row["achievement_id"] for row in (await repository.mine(tx, user_id)).values() if row["earned_date"]}
    assert dated == {row["achievement_id"] for row in rows}, "a date is there exactly while an award is"
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(slugs[row["achievement_id"]], set()).add(row["tier"])
    return found


@settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    firsts=st.lists(firsts, min_size=8, max_size=8),
    extra=counting,
    did=acts,
    order=st.randoms(use_true_random=False),
    size=st.sampled_from([1, 3, 200]),
    zone=st.sampled_from(ZONES),
    undone=st.sets(st.integers(0, 23)),
)
@example(firsts=EDGES, extra=PLAIN, did=EDGE_ACTS, order=None, size=1, zone="Pacific/Auckland", undone={7, 8, 9})
@example(firsts=EDGES, extra=PLAIN, did=EDGE_ACTS, order=None, size=200, zone="America/Los_Angeles", undone={0, 11})
async def test_a_badge_is_the_fold_of_what_occurred(
    hall: Hall, firsts: list[Rule], extra: Rule, did: list[Act], order: Any, size: int, zone: str, undone: set[int]
) -> None:
    actions, user_id, mark = hall.actions(Achievements), new_id(), new_id().hex[-12:]
    definitions: list[Rule] = [{"slug": f"b{n}-{mark}", "name": f"B {n}", **first} for n, first in enumerate(firsts)]
    waiting: Rule = {"all": [{"badge": f"b0-{mark}"}, extra]}
    definitions += [
        {"slug": f"waits-{mark}", "name": "Waits", "requirements": waiting},
        {"slug": f"gated-{mark}", "name": "Gated", "requirements": extra, "prerequisites": [f"waits-{mark}"]},
    ]

    def expected(acts: list[Act]) -> dict[str, set[str]]:
        held: set[str] = set()
        found = {}
        for definition in definitions:
            found[definition["slug"]] = awards_of(definition, acts, zone, held)
            held |= {definition["slug"]} if found[definition["slug"]] else set()
        return {slug: awards for slug, awards in found.items() if awards}

    for badge_id in list(actions.book.badges):
        await actions.archive(badge_id)  # what a run before left
    await actions.install(definitions)
    async with hall.database(Achievements).tx() as tx:
        await actions.set_zone(tx, user_id, zone, None)
    said = [envelope(user_id, act) for act in did]
    arrivals = [*said, *said[::3]]  # some come twice
    if order is not None:
        order.shuffle(arrivals)
    await deliver(hall, arrivals, size)
    assert await standing(hall, user_id) == expected(did), "as it came"
    event(f"{len(expected(did))} of {len(definitions)} earned")

    back = [one.id for number, one in enumerate(said) if number in undone]
    left = [act for number, act in enumerate(did) if number not in undone]
    for _ in range(2):
        await actions.revert(back)
        await hall.drain()
        assert await standing(hall, user_id) == expected(left), "undone"
    event(f"undo {'took' if expected(did) != expected(left) else 'left'}")

    again = [envelope(user_id, act) for number, act in enumerate(did) if number in undone]
    await deliver(hall, again, size)
    assert await standing(hall, user_id) == expected(did), "done once more"
