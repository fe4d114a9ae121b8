"""Pure decisions of quests: definitions, availability, progress."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from questhall.contracts.quests import BadQuest
from questhall.contracts.rewards import Modifier, Reward
from questhall.kernel.calendar import Instant
from questhall.kernel.expressions import Expression, Facts, InvalidExpression, check_expression, compile_expression
from questhall.kernel.text import NOT_PLAIN, fault_of_name, is_plain

Kind = Literal["one_off", "daily", "weekly", "repeatable", "seasonal"]
Difficulty = Literal["easy", "medium", "hard", "epic"]
Combine = Literal["all", "any", "in_order"]
Move = Literal["accept", "abandon", "complete"]
EVENTS = ("activity.recorded", "badge.earned", "level.reached", "user.login", "streak.extended", "quest.completed")
"""Types that an automatic objective may count."""
OBJECTIVES_MAX = 12
COUNT_MAX = 100_000
DISTINCT_MAX = 500
"""Different values that an objective can tell apart."""
VALUE_MAX = 200
"""Characters of a value that is told apart."""
CURRENCY_MAX = 1_000_000
DIMINISHED_MIN = 0.1
PERIODS_KEPT = 64
"""Completed periods that are remembered: more days than an act may be late."""
OPEN = ("accepted", "in_progress")
SAMPLE = Facts(
    {
        "kind": "github.pull_request.merged",
        "source": "acme",
        "user_id": "0190a1b2-0000-7000-8000-000000000000",
        "attributes": {"repo": "acme/site", "number": 7, "title": "A fix", "additions": 12, "deletions": 3},
    },
    {"type": "activity.recorded", "source": "integrations", "time": datetime(2026, 3, 2, 9, tzinfo=UTC)},
)
"""What conditions are tried on when they are saved."""


class Objective(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do: counted from events, or ticked by the player."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$(?!\n)")]
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    mode: Literal["automatic", "manual"] = "automatic"
    event: str | None = None
    where: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    """CEL over ``data`` and ``event``."""
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)] = 1
    distinct: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """CEL whose values are told apart: only new ones count."""


class Prerequisites(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What has to come before."""

    quests: list[Annotated[str, msgspec.Meta(max_length=64)]] = []
    level: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quest as authored."""

    slug: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$(?!\n)")]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    description: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    icon: Annotated[str, msgspec.Meta(max_length=60)] = "scroll"
    category: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$(?!\n)")] = "general"
    difficulty: Difficulty = "easy"
    kind: Kind = "one_off"
    objectives: list[Objective]
    combine: Combine = "all"
    rewards: Reward = msgspec.field(default_factory=Reward)
    prerequisites: Prerequisites = msgspec.field(default_factory=Prerequisites)
    available_from: Instant | None = None
    available_until: Instant | None = None
    cooldown_s: Annotated[int, msgspec.Meta(ge=0, le=31_536_000)] = 0
    daily_cap: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    expires_after_s: Annotated[int, msgspec.Meta(ge=60, le=31_536_000)] | None = None
    diminishing: Annotated[float, msgspec.Meta(ge=0, le=0.9)] = 0.0
    """Share that each repeat on the same day pays less than the one before."""
    auto_accept: bool = False
    keeps_streak: bool | None = None
    """Whether completing it keeps the daily streak; left out: a daily or repeatable quest does."""

    @property
    def for_streak(self) -> bool:
        """Whether completing it keeps the daily streak."""
        return self.kind in ("daily", "repeatable") if self.keeps_streak is None else self.keeps_streak


def untaken(rewards: Reward, *, currencies: frozenset[str], takers: frozenset[str]) -> list[dict[str, str]]:
    """What a reward pays that nobody here takes, field by field: other than these currencies and kinds of parts."""
    errors = [
        {"pointer": f"#/rewards/currencies/{code}", "detail": "there is no such currency here"}
        for code in rewards.currencies
        if code not in currencies
    ]
    for kind in ("items", "pets", "achievements"):
        if getattr(rewards, kind) and kind not in takers:
            errors.append({"pointer": f"#/rewards/{kind}", "detail": "nothing that is deployed here takes this"})
    return errors


def check(definition: Definition, *, currencies: frozenset[str], takers: frozenset[str]) -> None:
    """Refuses ``bad_quest`` with what is wrong, field by field. ``currencies``, ``takers``: see ``untaken``."""
    errors: list[dict[str, str]] = []
    ids = [objective.id for objective in definition.objectives]
    if not 0 < len(ids) <= OBJECTIVES_MAX or len(set(ids)) != len(ids):
        errors.append({"pointer": "#/objectives", "detail": f"1 to {OBJECTIVES_MAX}, each with an id of its own"})
    for number, objective in enumerate(definition.objectives):
        errors += [{"pointer": f"#/objectives/{number}/{p}", "detail": d} for p, d in _objective_errors(objective)]
    fault = fault_of_name(definition.title)
    if fault is not None:
        errors.append({"pointer": "#/title", "detail": fault})
    texts = {"description": definition.description, "icon": definition.icon}
    errors += [{"pointer": f"#/{name}", "detail": NOT_PLAIN} for name, text in texts.items() if not is_plain(text)]
    for code, amount in definition.rewards.currencies.items():
        if not 0 < amount <= CURRENCY_MAX:
            errors.append({"pointer": f"#/rewards/currencies/{code}", "detail": f"1 to {CURRENCY_MAX}"})
    errors += untaken(definition.rewards, currencies=currencies, takers=takers)
    start, end = definition.available_from, definition.available_until
    if start is not None and end is not None and start >= end:
        errors.append({"pointer": "#/available_until", "detail": "after available_from"})
    if definition.kind == "seasonal":
        errors.append(
            {"pointer": "#/kind", "detail": "seasonal quests need the seasons service, which is not deployed here"}
        )
    if errors:
        raise BadQuest("; ".join(f"{e['pointer']}: {e['detail']}" for e in errors[:3]), errors=errors)


def _objective_errors(objective: Objective) -> list[tuple[str, str]]:
    fault = fault_of_name(objective.label)
    errors: list[tuple[str, str]] = [] if fault is None else [("label", fault)]
    if objective.mode == "manual":
        if objective.event or objective.where or objective.distinct:
            errors.append(("mode", "a manual objective has no event, where or distinct"))
        return errors
    if objective.event not in EVENTS:
        errors.append(("event", f"one of {', '.join(EVENTS)}"))
    if objective.count > DISTINCT_MAX and objective.distinct:
        errors.append(("count", f"at most {DISTINCT_MAX} with distinct"))
    for name in ("where", "distinct"):
        source = getattr(objective, name)
        if source is not None:
            try:
                check_expression(source, SAMPLE, condition=name == "where")
            except InvalidExpression as refusal:
                errors.append((name, refusal.detail))
    return errors


class Rule(msgspec.Struct, frozen=True):
    """An objective that counts a type of event, compiled."""

    quest: Quest
    objective: Objective
    where: Expression | None
    distinct: Expression | None

    def matches(self, facts: Facts) -> bool:
        """Whether the event counts."""
        return self.where is None or self.where.holds(facts)

    def value(self, facts: Facts) -> str | None:
        """What ``distinct`` tells apart; None where it is missing, or where nothing is told apart."""
        value = None if self.distinct is None else self.distinct.value(facts)
        return None if value is None else str(value)[:VALUE_MAX]


class Quest(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a quest that can be played."""

    id: UUID
    version: int
    definition: Definition


def rules_of(quest: Quest) -> list[Rule]:
    """The automatic objectives of a quest, compiled."""
    return [
        Rule(
            quest,
            objective,
            compile_expression(objective.where) if objective.where else None,
            compile_expression(objective.distinct) if objective.distinct else None,
        )
        for objective in quest.definition.objectives
        if objective.mode == "automatic"
    ]


class Counted(msgspec.Struct, kw_only=True):
    """How far an objective of a run is."""

    have: int = 0
    seen: list[str] = []


class Run(msgspec.Struct, kw_only=True):
    """A player's run of a quest, in memory."""

    user_id: UUID
    quest_id: UUID
    completion: int
    completion_id: UUID
    version: int
    state: str
    progress: dict[str, Counted]
    accepted_at: datetime
    expires_at: datetime | None = None
    period: str | None = None
    completed_at: datetime | None = None
    local_day: date | None = None
    recorded_at: datetime | None = None
    recorded_day: date | None = None
    """When the act that completed it was recorded: caps and cooldowns go by that."""
    kept_day: bool = False
    """Whether its completion kept the local day for the streak."""
    causation_id: UUID


class Past(msgspec.Struct, kw_only=True):
    """A player's past with a quest."""

    runs: int = 0
    completions: int = 0
    periods: list[str] = []
    last_recorded_at: datetime | None = None
    last_recorded_day: date | None = None
    day_count: int = 0
    changed: bool = False


class Availability(msgspec.Struct, frozen=True):
    """Whether a new run may begin: ``available``, ``locked``, ``completed`` or ``cooling_down``; and from when."""

    state: str
    from_: datetime | None = None
    why: str = ""


def period_of(kind: str, day: date) -> str | None:
    """What a quest is completed once in; None for what may be repeated."""
    if kind == "one_off":
        return "once"
    if kind == "daily":
        return day.isoformat()
    if kind == "weekly":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return None


def _alike(period: str, day: date) -> str | None:
    """The period that a day lies in, of the same sort as another: versions of a quest may be of different kinds."""
    kind = "one_off" if period == "once" else "weekly" if "-W" in period else "daily"
    return period_of(kind, day)


def ends(period: str | None) -> date | None:
    """The first day after a period; None for what does not end."""
    if period is None or period == "once":
        return None
    if "-W" in period:
        return datetime.strptime(f"{period}-1", "%G-W%V-%u").date() + timedelta(days=7)
    return date.fromisoformat(period) + timedelta(days=1)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When an act happened and when it was recorded, with the player's local days of both."""

    occurred_at: datetime
    recorded_at: datetime
    day: date
    recorded_day: date


def availability(
    definition: Definition, past: Past, moment: Moment, *, level: int, done: frozenset[str]
) -> Availability:
    """Whether a run may begin with an act. ``done``: slugs of quests completed before.

    Windows and periods go by when it occurred, caps and cooldowns by when it was recorded.
    """
    if definition.available_from is not None and moment.occurred_at < definition.available_from:
        return Availability("locked", definition.available_from, "it has not opened yet")
    if definition.available_until is not None and moment.occurred_at >= definition.available_until:
        return Availability("locked", None, "it has closed")
    if definition.prerequisites.level is not None and level < definition.prerequisites.level:
        return Availability("locked", None, f"from level {definition.prerequisites.level}")
    missing = [slug for slug in definition.prerequisites.quests if slug not in done]
    if missing:
        return Availability("locked", None, f"after {', '.join(missing)}")
    if period_of(definition.kind, moment.day) in past.periods:
        return Availability("completed")
    capped = definition.daily_cap is not None and past.day_count >= definition.daily_cap
    if capped and past.last_recorded_day == moment.recorded_day:
        return Availability("cooling_down", None, "enough for today")
    if definition.cooldown_s and past.last_recorded_at is not None:
        free = past.last_recorded_at + timedelta(seconds=definition.cooldown_s)
        if moment.recorded_at < free:
            return Availability("cooling_down", free, "it rests for a while")
    return Availability("available")


def complete(definition: Definition, past: Past, moment: Moment) -> str | None:
    """Notes a completion in a player's past; answers its period."""
    period = period_of(definition.kind, moment.day)
    past.completions += 1
    if period is not None:
        alike = {known for known in past.periods if _alike(known, moment.day) == _alike(period, moment.day)}
        past.periods = [*sorted(set(past.periods) - alike), *sorted({*alike, period})[-PERIODS_KEPT:]]
    past.day_count = past.day_count + 1 if past.last_recorded_day == moment.recorded_day else 1
    past.last_recorded_day, past.last_recorded_at = moment.recorded_day, moment.recorded_at
    past.changed = True
    return period


def is_over(run: Run, day: date, at: datetime) -> bool:
    """Whether a run can't be finished by an act of that day, recorded then: its day or week, or its time, is over."""
    if run.expires_at is not None and at >= run.expires_at:
        return True
    period = None if run.period is None else _alike(run.period, day)
    return run.period is not None and period is not None and run.period < period


def is_late(run: Run, day: date) -> bool:
    """Whether an act of that day belongs to an earlier period than the run under way."""
    period = None if run.period is None else _alike(run.period, day)
    return run.period is not None and period is not None and run.period > period


def moves(definition: Definition, state: str, progress: Mapping[str, Counted] | None = None) -> list[Move]:
    """What a player may do with a quest in a state."""
    ticked = any(o.mode == "manual" and may_count(definition, progress or {}, o.id) for o in definition.objectives)
    if state in OPEN:
        return ["abandon", "complete"] if ticked else ["abandon"]
    if state == "available":
        return ["accept", "complete"] if ticked and definition.auto_accept else ["accept"]
    return []


def at_once(definition: Definition) -> bool:
    """Whether one act is all that it takes."""
    return len(definition.objectives) == 1 and definition.objectives[0].count == 1


def is_done(definition: Definition, progress: Mapping[str, Counted]) -> bool:
    """Whether a run is complete."""
    done = [progress[o.id].have >= o.count for o in definition.objectives if o.id in progress]
    full = len(done) == len(definition.objectives) and all(done)
    return any(done) if definition.combine == "any" else full


def may_count(definition: Definition, progress: Mapping[str, Counted], objective_id: str) -> bool:
    """Whether an objective may be counted now: not yet full, and in order where that is asked."""
    for objective in definition.objectives:
        have = progress[objective.id].have if objective.id in progress else 0
        if objective.id == objective_id:
            return have < objective.count
        if definition.combine == "in_order" and have < objective.count:
            return False
    return False


def uncount(run: Run, objective_id: str, value: str | None) -> None:
    """Takes an act back from a run under way."""
    counted = run.progress.get(objective_id)
    if counted is None or counted.have == 0:
        return
    counted.have -= 1
    counted.seen = [seen for seen in counted.seen if seen != value]


def count(definition: Definition, run: Run, objective: Objective, value: str | None) -> bool:
    """Counts an act for an objective; False when it does not count (full, out of turn, or seen before)."""
    if not may_count(definition, run.progress, objective.id):
        return False
    counted = run.progress.get(objective.id, Counted())
    if objective.distinct is not None:
        if value is None or value in counted.seen:
            return False
        counted.seen = [*counted.seen, value]
    run.progress[objective.id] = counted
    counted.have += 1
    run.state = "in_progress"
    return True


def diminished(definition: Definition, past: Past, day: date) -> list[Modifier]:
    """What repeats on the same day pay less."""
    repeats = past.day_count if past.last_recorded_day == day else 0
    if not definition.diminishing or not repeats:
        return []
    return [Modifier(source="repeats", factor=max(DIMINISHED_MIN, (1 - definition.diminishing) ** repeats))]
