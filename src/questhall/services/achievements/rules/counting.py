"""How events move counters, and what is reached by them. Whatever order events come in, the outcome is the same."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import msgspec

from questhall.kernel.expressions import Expression, Facts, compile_expression
from questhall.services.achievements.rules.checking import duration
from questhall.services.achievements.rules.language import Definition, Requirement, children, key_of, named, nodes

VALUE_MAX = 120
"""Characters of a value that is told apart; a longer one is told apart by its digest."""
SUM_MAX = 2**53 - 1
RUNS_KEPT = timedelta(days=62)
"""How long a run of days may still be joined by a late act; none comes more than 30 days late."""
STEPS_SHOWN = 50
"""So often at most a player is told of progress between two tiers."""


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A node that counts, compiled. ``key`` names its counter; nodes that count the same share one."""

    key: str
    node: Requirement
    need: int
    where: Expression | None
    distinct: Expression | None
    sum: Expression | None
    window: timedelta | None

    def fits(self, facts: Facts) -> bool:
        """Whether an event of the leaf's type is one that it counts. What waited for its account is no part of a streak."""
        if self.node.streak is not None and facts.data.get("waited") is True:
            return False
        return self.where is None or self.where.holds(facts)


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a badge that can be earned."""

    id: UUID
    version: int
    definition: Definition
    leaves: dict[str, Leaf]
    """Those that count events, by key."""
    waits_for: frozenset[str]
    """Slugs of badges that it names."""
    levels: bool
    """Whether it asks for a level."""


class Run(NamedTuple):
    """Days in a row: how many of them count, and the first and the last."""

    first: date
    last: date
    length: int


class Counter(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far a leaf is."""

    have: int = 0
    """How many; of a streak or a window how long or full the newest is."""
    best: int = 0
    """The most that a streak or a window ever had."""
    times: list[datetime] = []
    """The newest moments of a window."""
    kept: int = 0
    """How many moments are kept: as many as were asked for when it last moved."""
    runs: list[Run] = []

    @property
    def most(self) -> int:
        """What decides."""
        return max(self.have, self.best)

    def looks_back(self, leaf: Leaf, moments: Iterable[datetime]) -> bool:
        """Whether a window would need moments that its counter no longer holds, for these in the order they come."""
        if self.best >= leaf.need:
            return False
        if 0 < self.kept < leaf.need:
            return len(self.times) >= self.kept
        coming = list(moments)
        every = [*self.times[-1:], *coming]
        late = any(after < before for before, after in pairwise(every))
        return late and len(self.times) + len(coming) > leaf.need


Progress = dict[str, Counter]


class State(msgspec.Struct, kw_only=True):
    """What a player is, beside what was counted."""

    level: int = 1
    held: set[str] = msgspec.field(default_factory=set)
    """Slugs of badges, as far as anything waits for them."""
    skipped: Sequence[date] = ()
    """Local days that a change of zone jumped over: they end no streak."""


def compiled(badge_id: UUID, version: int, d: Definition) -> Badge:
    """A version ready to be moved."""
    leaves: dict[str, Leaf] = {}
    every = [node for _, node, _ in nodes(d.requirements)]
    for node in every:
        if node.event is None:
            continue
        key, need = key_of(node), d.tiers[-1].count if d.tiers else node.streak or node.count or 1
        if key in leaves:
            need = max(need, leaves[key].need)
        leaves[key] = Leaf(
            key=key,
            node=node,
            need=need,
            where=compile_expression(node.where) if node.where else None,
            distinct=compile_expression(node.distinct) if node.distinct else None,
            sum=compile_expression(node.sum) if node.sum else None,
            window=duration(node.window) if node.window else None,
        )
    return Badge(
        id=badge_id,
        version=version,
        definition=d,
        leaves=leaves,
        waits_for=frozenset(named(d)),
        levels=any(node.level is not None for node in every),
    )


def value_of(leaf: Leaf, facts: Facts) -> str | None:
    """What a leaf tells apart in an event that fits it; None where it is missing, or where nothing is told apart."""
    value = None if leaf.distinct is None else leaf.distinct.value(facts)
    if value is None:
        return None
    text = str(value).replace("\0", "\\0")
    return text if len(text) <= VALUE_MAX else "#" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def move(
    leaf: Leaf,
    counter: Counter,
    facts: Facts,
    moment: datetime,
    day: date | None,
    *,
    skipped: Sequence[date] = (),
    around: list[datetime] | None = None,
) -> int:
    """Counts an event that fits a leaf; what was added, 0 for nothing.

    Of ``distinct``, only an event with a new value is given; a ``day`` only for streaks. ``around`` holds the moments
    near a late one of a window, where the counter does not remember them; it learns this one.
    """
    if day is not None:
        _add_day(counter, day, skipped)
        return 1
    if leaf.window is not None:
        _add_moment(counter, moment, leaf.window, leaf.need, around)
        return 1
    amount = 1
    if leaf.sum is not None:
        value = leaf.sum.value(facts)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 1 <= value <= SUM_MAX:
            return 0
        amount = int(value)
    counter.have = min(SUM_MAX, counter.have + amount)
    return amount


def take_back(counter: Counter, amount: int) -> None:
    """Takes back what an event added; for windows and streaks see ``rebuilt``."""
    counter.have = max(0, counter.have - amount)


def rebuilt(leaf: Leaf, moments: Iterable[datetime], days: Iterable[date], skipped: Sequence[date]) -> Counter:
    """The counter of a window or a streak from all that it counted."""
    counter = Counter()
    if leaf.window is not None:
        every = sorted(moments)
        counter.times, counter.kept = every[-leaf.need :], leaf.need
        _measure(counter, every, leaf.window, leaf.need)
    for day in sorted(days):
        _add_day(counter, day, skipped)
    return counter


def as_of(leaf: Leaf, counter: Counter, now: datetime, today: date, skipped: Sequence[date]) -> int:
    """How many there are now: a window slides on and a streak ends while nothing comes."""
    if leaf.window is not None:
        return sum(moment > now - leaf.window for moment in counter.times)
    if leaf.node.streak is not None and counter.runs and not _joined(counter.runs[-1].last, today, skipped):
        return 0
    return counter.have


def _add_moment(
    counter: Counter, moment: datetime, window: timedelta, need: int, around: list[datetime] | None
) -> None:
    times = list(counter.times)
    insort(times, moment)
    near = times
    if around is not None:
        insort(around, moment)
        near = around
    late = moment < times[-1]
    counter.times, counter.kept = times[-need:], need
    if late:
        low = bisect_left(near, moment - window)
        near = [m for m in near[low:] if m < moment + window]
    _measure(counter, near if late else times, window, need)


def _measure(counter: Counter, every: list[datetime], window: timedelta, need: int) -> None:
    first = 0
    for number, moment in enumerate(every):
        while every[first] <= moment - window:
            first += 1
        counter.best = max(counter.best, min(need, number - first + 1))
    counter.have = sum(moment > newest - window for newest in counter.times[-1:] for moment in counter.times)


def _joined(before: date, after: date, skipped: Sequence[date]) -> bool:
    """Whether no day between two was missed."""
    between = (after - before).days - 1
    return between <= 0 or (between <= len(skipped) and sum(before < day < after for day in skipped) == between)


def _add_day(counter: Counter, day: date, skipped: Sequence[date]) -> None:
    runs = counter.runs
    if any(run.first <= day <= run.last for run in runs):
        return
    merged = Run(day, day, 1)
    rest: list[Run] = []
    for run in runs:
        if run.last < day and _joined(run.last, merged.first, skipped):
            merged = Run(run.first, merged.last, run.length + merged.length)
        elif run.first > day and _joined(merged.last, run.first, skipped):
            merged = Run(merged.first, run.last, merged.length + run.length)
        else:
            rest.append(run)
    runs = sorted([*rest, merged])
    counter.runs = [run for run in runs if run.last >= runs[-1].last - RUNS_KEPT]
    counter.best = max(counter.best, merged.length)
    counter.have = counter.runs[-1].length


# What is reached


def fulfilled(node: Requirement, progress: Progress, state: State) -> bool:
    """Whether a rule, or a part of it, is fulfilled."""
    if node.level is not None:
        return state.level >= node.level
    if node.badge is not None:
        return node.badge in state.held
    if node.event is None and not children(node):
        return False  # by hand
    parts = [fulfilled(child, progress, state) for child in children(node)]
    if node.all is not None:
        return all(parts)
    if node.any is not None:
        return any(parts)
    if node.of is not None:
        return sum(parts) >= (node.n_of or 1)
    counter = progress.get(key_of(node))
    return counter is not None and counter.most >= (node.streak or node.count or 1)


def reached(badge: Badge, progress: Progress, state: State) -> dict[str, int]:
    """Tiers (or the badge, under an empty name) that are reached, with their XP. Without its prerequisites: none."""
    d = badge.definition
    if not state.held.issuperset(d.prerequisites):
        return {}
    if d.tiers:
        counter = progress.get(key_of(d.requirements))
        return {} if counter is None else {t.name: t.xp_reward for t in d.tiers if counter.most >= t.count}
    return {"": d.xp_reward} if fulfilled(d.requirements, progress, state) else {}


def pays(badge: Badge, tier: str) -> int:
    """XP of a tier, or of the badge under an empty name."""
    return {one.name: one.xp_reward for one in badge.definition.tiers}.get(tier, badge.definition.xp_reward)


class Standing(NamedTuple):
    """How far a badge is: ``have`` of the ``need`` of its next tier, or of its conditions."""

    have: int
    need: int


def standing(badge: Badge, progress: Progress, state: State, now: tuple[datetime, date] | None = None) -> Standing:
    """How far a rule is in one pair of numbers; as of ``now`` and today, or of the newest event."""
    d = badge.definition
    every = [node for _, node, _ in nodes(d.requirements) if not children(node)]
    if len(every) > 1 or not badge.leaves:
        return _conditions(d.requirements, progress, state)
    leaf = next(iter(badge.leaves.values()))
    counter = progress.get(leaf.key) or Counter()
    have = counter.have if now is None else as_of(leaf, counter, *now, state.skipped)
    if not d.tiers:
        return Standing(min(have, leaf.need), leaf.need)
    need = next((tier.count for tier in d.tiers if counter.most < tier.count), leaf.need)
    return Standing(min(have, need), need)


def _conditions(node: Requirement, progress: Progress, state: State) -> Standing:
    """How many conditions hold, on the way that is nearest."""
    if not children(node):
        return Standing(int(fulfilled(node, progress, state)), 1)
    parts = sorted(
        (_conditions(child, progress, state) for child in children(node)), key=lambda s: (-s[0] / s[1], s[1])
    )
    parts = parts[: len(parts) if node.all is not None else node.n_of or 1]
    return Standing(sum(part.have for part in parts), sum(part.need for part in parts))


def closer(before: Standing, after: Standing) -> bool:
    """Whether a player has come so much closer that they are told."""
    if after.have <= before.have or after.have >= after.need:
        return False
    steps = min(STEPS_SHOWN, after.need)
    return after.need != before.need or after.have * steps // after.need > before.have * steps // after.need
