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
minutes = st.one_of(st.integers(0, 2 * 24 * 60), st.integers(0, 12).map(lambda n: n * 12 * 60), st.integers(0, 43_000))
acts = st.lists(
    st.builds(
        lambda kind, at, value, number, waited: Act(kind, BEGAN + timedelta(minutes=at), value, number, waited),
        st.sampled_from("aab"),
        minutes,
        st.sampled_from(["x", "y", "z", None, 7, LONG + "1", LONG + "2"]),
        st.sampled_from([1, 2.9, 7, -3, 0, 0.5, True, "5", None, 2**60, 1e300]),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=24,
)


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
    """What a player has, by slug; what is published is told of, also where it is nothing."""
    slugs = hall.actions(Achievements).book.slugs
    async with hall.database(Achievements).read() as tx:
        rows = await repository.awards_standing(tx, [user_id])
        dated = {row["achievement_id"] for row in (await repository.mine(tx, user_id)).values() if row["earned_date"]}
    assert dated == {row["achievement_id"] for row in rows}, "a date is there exactly while an award is"
    found: dict[str, set[str]] = {slug: set() for slug in ("first", "second", "third")}
    for row in rows:
        found[slugs[row["achievement_id"]].split("-")[0]].add(row["tier"])
    return found


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=firsts,
    extra=counting,
    did=acts,
    order=st.randoms(use_true_random=False),
    size=st.sampled_from([1, 3, 200]),
    zone=st.sampled_from(ZONES),
    undone=st.sets(st.integers(0, 23)),
)
@example(  # a window that was full once, late acts, and an undo of what came after it
    first={"requirements": {"event": "activity.recorded", "count": 3, "window": "P1D"}},
    extra={"event": "activity.recorded"},
    did=[Act("a", BEGAN + timedelta(hours=h), "x", 1, False) for h in (0, 1, 2, 300, 400, 500, 600)],
    order=None,
    size=1,
    zone="UTC",
    undone={5, 6},
)
async def test_a_badge_is_the_fold_of_what_occurred(
    hall: Hall, first: Rule, extra: Rule, did: list[Act], order: Any, size: int, zone: str, undone: set[int]
) -> None:
    actions, user_id, mark = hall.actions(Achievements), new_id(), new_id().hex[-12:]
    slugs = [f"{name}-{mark}" for name in ("first", "second", "third")]
    definitions = [
        {"slug": slugs[0], "name": "First", **first},
        {"slug": slugs[1], "name": "Second", "requirements": {"all": [{"badge": slugs[0]}, extra]}},
        {"slug": slugs[2], "name": "Third", "requirements": extra, "prerequisites": [slugs[1]]},
    ]

    def expected(acts: list[Act]) -> dict[str, set[str]]:
        held: set[str] = set()
        found = {}
        for definition in definitions:
            found[definition["slug"].split("-")[0]] = given_ = awards_of(definition, acts, zone, held)
            held |= {definition["slug"]} if given_ else set()
        return found

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
    event(f"first {'earned' if expected(did)['first'] else 'not earned'}")

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
