"""Pure decisions of achievements: the language of requirements, and how events move it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from questhall.contracts.achievements import BadAchievement
from questhall.kernel.expressions import Expression, Facts, InvalidExpression, check_expression, compile_expression

EVENTS = (
    "activity.recorded",
    "quest.completed",
    "quest.accepted",
    "user.login",
    "streak.extended",
    "level.reached",
    "badge.earned",
    "currency.credited",
)
"""Types that a requirement may count."""
LEAVES_MAX = 20
DEPTH_MAX = 4
COUNT_MAX = 1_000_000
WINDOW_MAX = 500
"""Moments in a window that a requirement can look back at."""
VALUE_MAX = 200
"""Characters of a value that is told apart."""
XP_MAX = 100_000
_WINDOW = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?)?")
SAMPLE = Facts(
    {
        "category": "python",
        "kind": "github.pull_request.merged",
        "user_id": "0190a1b2-0000-7000-8000-000000000000",
        "attributes": {"repo": "acme/site", "number": 7, "title": "A fix", "additions": 12, "deletions": 3},
    },
    {"type": "quest.completed", "source": "quests", "time": datetime(2026, 3, 2, 9, tzinfo=UTC)},
)
"""What conditions are tried on when they are saved."""


class Requirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One node of a rule: exactly one of counting an event, a streak of days, a level, a badge, by hand, or a combination."""

    event: str | None = None
    where: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)] | None = None
    distinct: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    sum: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """CEL whose numbers are added up to ``count``."""
    window: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    """ISO 8601 duration in days and hours, such as P7D: only what lies within it of the newest counts."""
    streak: Annotated[int, msgspec.Meta(ge=2, le=3650)] | None = None
    """So many local days in a row with a matching event."""
    level: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    badge: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    manual: Literal[True] | None = None
    all: list[Requirement] | None = None
    any: list[Requirement] | None = None
    n_of: Annotated[int, msgspec.Meta(ge=1, le=LEAVES_MAX)] | None = None
    of: list[Requirement] | None = None


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of a badge; all share one counter."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,19}$")]
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]
    xp_reward: Annotated[int, msgspec.Meta(ge=0, le=XP_MAX)] = 0


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A badge as authored."""

    slug: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    description: Annotated[str, msgspec.Meta(max_length=500)] = ""
    icon: Annotated[str, msgspec.Meta(max_length=60)] = "star"
    category: Literal["milestone", "streak", "mastery", "social", "special"] = "milestone"
    requirements: Requirement
    xp_reward: Annotated[int, msgspec.Meta(ge=0, le=XP_MAX)] = 0
    rarity: Literal["common", "rare", "epic", "legendary"] = "common"
    secret: bool = False
    tiers: list[Tier] = []
    series: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    prerequisites: list[Annotated[str, msgspec.Meta(max_length=64)]] = []


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A node that counts, compiled; ``path`` names it within its rule."""

    path: str
    node: Requirement
    need: int
    where: Expression | None
    distinct: Expression | None
    sum: Expression | None
    window: timedelta | None


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a badge that can be earned."""

    id: UUID
    version: int
    definition: Definition
    leaves: list[Leaf]

    def steps(self) -> list[tuple[str, int, int]]:
        """Name, count and XP of each tier; one without a name where there are none."""
        d = self.definition
        if d.tiers:
            return [(tier.name, tier.count, tier.xp_reward) for tier in d.tiers]
        return [("", 0, d.xp_reward)]


class Counter(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far a leaf is."""

    have: int = 0
    times: list[datetime] = []
    last_day: date | None = None


Progress = dict[str, Counter]


def kind_of(node: Requirement) -> str | None:
    """Which of the kinds a node is; None if it is none, or several."""
    kinds = [name for name in ("level", "badge", "manual", "all", "any") if getattr(node, name) is not None]
    if node.n_of is not None or node.of is not None:
        kinds.append("n_of")
    if node.event is not None:
        kinds.append("streak" if node.streak is not None else "count")
    return kinds[0] if len(kinds) == 1 else None


def _children(node: Requirement) -> list[Requirement]:
    return node.all or node.any or node.of or []


def _walk(node: Requirement, path: str = "0", depth: int = 0) -> Iterable[tuple[str, Requirement, int]]:
    yield path, node, depth
    for number, child in enumerate(_children(node)):
        yield from _walk(child, f"{path}.{number}", depth + 1)


def check(d: Definition) -> None:
    """Refuses ``bad_achievement`` with what is wrong, field by field."""
    errors: list[dict[str, str]] = []
    leaves = 0
    for path, node, depth in _walk(d.requirements):
        where = "#/requirements" + "".join(f"/{part}" for part in path.split(".")[1:])
        kind = kind_of(node)
        if kind is None or depth > DEPTH_MAX:
            errors.append(
                {"pointer": where, "detail": "one of event, level, badge, manual, all, any, n_of; 4 deep at most"}
            )
            continue
        leaves += not _children(node)
        errors += [{"pointer": f"{where}/{p}", "detail": detail} for p, detail in _node_errors(node, kind)]
    if leaves > LEAVES_MAX:
        errors.append({"pointer": "#/requirements", "detail": f"at most {LEAVES_MAX} conditions"})
    counts = [tier.count for tier in d.tiers]
    if counts != sorted(set(counts)) or len({tier.name for tier in d.tiers}) != len(d.tiers):
        errors.append({"pointer": "#/tiers", "detail": "each with a name of its own and a higher count"})
    if d.tiers and kind_of(d.requirements) not in ("count", "streak"):
        errors.append(
            {"pointer": "#/tiers", "detail": "tiers share one counter: the rule has to be one count or streak"}
        )
    if errors:
        raise BadAchievement("; ".join(f"{e['pointer']}: {e['detail']}" for e in errors[:3]), errors=errors)


def _node_errors(node: Requirement, kind: str) -> list[tuple[str, str]]:
    errors: list[tuple[str, str]] = []
    counting = kind in ("count", "streak")
    if counting and node.event not in EVENTS:
        errors.append(("event", f"one of {', '.join(EVENTS)}"))
    for name in ("where", "count", "distinct", "sum", "window"):
        if getattr(node, name) is not None and (not counting or (kind == "streak" and name != "where")):
            errors.append((name, "only with an event that is counted"))
    for name in ("where", "distinct", "sum"):
        source = getattr(node, name)
        if source is not None:
            try:
                check_expression(source, SAMPLE, condition=name == "where")
            except InvalidExpression as refusal:
                errors.append((name, refusal.detail))
    if node.window is not None and _duration(node.window) is None:
        errors.append(("window", "a duration such as P7D or PT12H"))
    if node.sum is not None and (node.distinct is not None or node.window is not None):
        errors.append(("sum", "not together with distinct or window"))
    if node.distinct and node.window:
        errors.append(("distinct", "not together with window"))
    if node.window and (node.count or 1) > WINDOW_MAX:
        errors.append(("count", f"at most {WINDOW_MAX} with window"))
    if kind == "n_of" and (node.of is None or node.n_of is None or node.n_of > len(node.of)):
        errors.append(("n_of", "a number up to that of its conditions in `of`"))
    if kind in ("all", "any") and not _children(node):
        errors.append((kind, "at least one condition"))
    return errors


def _duration(text: str) -> timedelta | None:
    found = _WINDOW.fullmatch(text)
    if found is None or not any(found.groups()):
        return None
    return timedelta(days=int(found.group(1) or 0), hours=int(found.group(2) or 0))


def compiled(badge_id: UUID, version: int, d: Definition) -> Badge:
    """A version ready to be moved."""
    leaves: list[Leaf] = []
    for path, node, _ in _walk(d.requirements):
        if _children(node):
            continue
        most = d.tiers[-1].count if d.tiers and path == "0" else None
        leaves.append(
            Leaf(
                path=path,
                node=node,
                need=most or node.streak or node.count or node.level or 1,
                where=compile_expression(node.where) if node.where else None,
                distinct=compile_expression(node.distinct) if node.distinct else None,
                sum=compile_expression(node.sum) if node.sum else None,
                window=_duration(node.window) if node.window else None,
            )
        )
    return Badge(id=badge_id, version=version, definition=d, leaves=leaves)


def types_of(leaf: Leaf) -> tuple[str, ...]:
    """Event types that can move a leaf."""
    node = leaf.node
    if node.event is not None:
        return (node.event,)
    if node.level is not None:
        return ("level.reached", "level.lost")
    return ("badge.earned", "badge.revoked") if node.badge is not None else ()


def may_move(leaf: Leaf, facts: Facts) -> bool:
    """Whether an event of the leaf's type fits it, whatever was counted before."""
    if leaf.node.badge is not None:
        return facts.data.get("slug") == leaf.node.badge
    return leaf.where is None or leaf.where.holds(facts)


def value_of(leaf: Leaf, facts: Facts) -> str | None:
    """What a leaf tells apart in an event that fits it; None where it is missing, or where nothing is told apart."""
    value = None if leaf.distinct is None else leaf.distinct.value(facts)
    return None if value is None else str(value)[:VALUE_MAX]


def follow(leaf: Leaf, counter: Counter, facts: Facts) -> bool:
    """A leaf that follows a state (a level, another badge); whether it moved."""
    event = facts.event["type"]
    have = int(event == "badge.earned")
    if leaf.node.level is not None:
        have = int(facts.data["level"]) - (event == "level.lost")
    moved, counter.have = have != counter.have, have
    return moved


def move(leaf: Leaf, counter: Counter, facts: Facts, moment: datetime, day: date) -> int:
    """Counts an event that fits the leaf, and whose value (if values are told apart) is new; what was added, 0 for nothing."""
    if leaf.node.streak is not None:
        return int(_streak(counter, day))
    if leaf.sum is not None:
        value = leaf.sum.value(facts)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 1 <= value < 2**53:
            return 0
        counter.have += int(value)
        return int(value)
    if leaf.window is not None:
        times = sorted([*counter.times, moment])
        counter.times = [t for t in times if t > times[-1] - leaf.window][-leaf.need :]
        counter.have = len(counter.times)
        return 1
    counter.have += 1
    return 1


def take_back(leaf: Leaf, counter: Counter, amount: int, moment: datetime) -> None:
    """Takes an event back from a leaf that counts, other than a streak of days (see ``streak_of``)."""
    if leaf.window is not None:
        counter.times = [t for t in counter.times if t != moment]
        counter.have = len(counter.times)
    else:
        counter.have = max(0, counter.have - amount)


def streak_of(days: Iterable[date]) -> Counter:
    """The counter of a streak from all its days."""
    counter = Counter()
    for day in sorted(days):
        _streak(counter, day)
    return counter


def _streak(counter: Counter, day: date) -> bool:
    if counter.last_day is not None and day <= counter.last_day:
        return False
    next_day = counter.last_day is not None and (day - counter.last_day).days == 1
    counter.have = counter.have + 1 if next_day else 1
    counter.last_day = day
    return True


def holds(node: Requirement, progress: Progress, path: str = "0") -> bool:
    """Whether a rule is fulfilled."""
    if node.manual:
        return path in progress and progress[path].have > 0
    children = [holds(child, progress, f"{path}.{n}") for n, child in enumerate(_children(node))]
    if node.all is not None:
        return all(children)
    if node.any is not None:
        return any(children)
    if node.of is not None:
        return sum(children) >= (node.n_of or 1)
    have = progress[path].have if path in progress else 0
    return have >= (node.streak or node.count or node.level or 1)


def standing(badge: Badge, progress: Progress) -> tuple[int, int]:
    """How far a rule is in one pair of numbers: the counter, or how many of its conditions hold."""
    if len(badge.leaves) == 1:
        leaf = badge.leaves[0]
        have = progress[leaf.path].have if leaf.path in progress else 0
        return min(have, leaf.need), leaf.need
    done = sum(min(progress[leaf.path].have, leaf.need) == leaf.need for leaf in badge.leaves if leaf.path in progress)
    root = badge.definition.requirements
    need = 1 if root.any is not None else root.n_of or len(badge.leaves)
    return min(done, need), need


def next_need(badge: Badge, have: int) -> int:
    """What the next tier (or the badge) needs."""
    for tier in badge.definition.tiers:
        if have < tier.count:
            return tier.count
    return badge.definition.tiers[-1].count if badge.definition.tiers else badge.leaves[0].need


def reached(badge: Badge, progress: Progress) -> list[tuple[str, int]]:
    """Tiers (or the badge, under an empty name) that are reached, with their XP."""
    if badge.definition.tiers:
        have = progress["0"].have if "0" in progress else 0
        return [(tier.name, tier.xp_reward) for tier in badge.definition.tiers if have >= tier.count]
    return [("", badge.definition.xp_reward)] if holds(badge.definition.requirements, progress) else []


def cycle_of(definitions: Iterable[Definition]) -> list[str] | None:
    """Slugs of badges that wait for each other, the first again at the end; None if there are none."""
    waits = {
        d.slug: {*d.prerequisites, *(node.badge for _, node, _ in _walk(d.requirements) if node.badge is not None)}
        for d in definitions
    }
    done: set[str] = set()

    def visit(slug: str, way: list[str]) -> list[str] | None:
        if slug in way:
            return [*way[way.index(slug) :], slug]
        if slug in done:
            return None
        for other in sorted(waits.get(slug, ())):
            found = visit(other, [*way, slug])
            if found:
                return found
        done.add(slug)
        return None

    for slug in sorted(waits):
        found = visit(slug, [])
        if found:
            return found
    return None
