"""What may be saved and published: everything that can't be earned is refused, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache

from questhall.contracts.achievements import BadAchievement, RuleCycle
from questhall.kernel.expressions import Facts, InvalidExpression, check_expression
from questhall.kernel.text import NOT_PLAIN, fault_of_name, is_plain
from questhall.services.achievements.rules.language import (
    EVENTS,
    LEAVES_MAX,
    STREAK_MAX,
    Definition,
    Requirement,
    children,
    kind_of,
    named,
    nodes,
)

DEPTH_MAX = 4
WINDOW_MAX = 500
"""Moments in a window that a requirement can look back at."""
WINDOW_HOURS_MAX = 366 * 24
CHAIN_MAX = 6
"""Badges that wait for each other in a row: each link is a step of events, of which the kernel allows twelve."""
ERRORS_MAX = 20
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

Error = dict[str, str]


def check(d: Definition) -> None:
    """Refuses ``bad_achievement`` with what is wrong, field by field."""
    errors = [*_tier_errors(d), *_text_errors(d)]
    leaves = 0
    for pointer, node, depth in nodes(d.requirements):
        if len(errors) > ERRORS_MAX or leaves > LEAVES_MAX or depth > DEPTH_MAX + 1:
            break
        kind = kind_of(node)
        if kind is None or depth > DEPTH_MAX:
            text = f"exactly one of event, level, badge, manual, all, any, n_of; {DEPTH_MAX} deep at most"
            errors.append({"pointer": pointer, "detail": text})
            continue
        leaves += not children(node)
        errors += [{"pointer": f"{pointer}/{p}", "detail": detail} for p, detail in _node_errors(node, kind)]
    if leaves > LEAVES_MAX:
        errors.append({"pointer": "#/requirements", "detail": f"at most {LEAVES_MAX} conditions"})
    refuse(errors[:ERRORS_MAX])


def refuse(errors: list[Error]) -> None:
    """Refuses ``bad_achievement`` if there are errors."""
    if errors:
        raise BadAchievement("; ".join(f"{e['pointer']}: {e['detail']}" for e in errors[:3]), errors=errors)


def _text_errors(d: Definition) -> list[Error]:
    names = {"name": d.name} | ({"series": d.series} if d.series else {})
    faults = {field: fault_of_name(name) for field, name in names.items()}
    errors = [{"pointer": f"#/{field}", "detail": fault} for field, fault in faults.items() if fault is not None]
    if not is_plain(d.description):
        errors.append({"pointer": "#/description", "detail": NOT_PLAIN})
    if len(set(d.prerequisites)) < len(d.prerequisites):
        errors.append({"pointer": "#/prerequisites", "detail": "each badge once"})
    return errors


def _tier_errors(d: Definition) -> list[Error]:
    if not d.tiers:
        return []
    errors: list[Error] = []
    counts = [tier.count for tier in d.tiers]
    if counts != sorted(set(counts)) or len({tier.name for tier in d.tiers}) != len(d.tiers):
        errors.append({"pointer": "#/tiers", "detail": "each with a name of its own and a higher count"})
    kind = kind_of(d.requirements)
    if kind not in ("count", "streak"):
        text = "tiers share one counter: the rule has to be one count or streak"
        errors.append({"pointer": "#/tiers", "detail": text})
    most = STREAK_MAX if kind == "streak" else WINDOW_MAX if d.requirements.window else None
    if most is not None and max(counts) > most:
        errors.append({"pointer": f"#/tiers/{len(counts) - 1}/count", "detail": f"at most {most} here"})
    if kind == "streak" and min(counts) < 2:
        errors.append({"pointer": "#/tiers/0/count", "detail": "a streak has at least 2 days"})
    return errors


def _node_errors(node: Requirement, kind: str) -> list[tuple[str, str]]:
    errors: list[tuple[str, str]] = []
    counting = kind in ("count", "streak")
    if counting and node.event not in EVENTS:
        errors.append(("event", f"one of {', '.join(EVENTS)}"))
    for name in ("where", "count", "distinct", "sum", "window", "streak"):
        fits = counting if name in ("where", "streak") else kind == "count"
        if getattr(node, name) is not None and not fits:
            errors.append((name, "only with an event that is counted"))
    errors += _expression_errors(node)
    if node.window is not None and duration(node.window) is None:
        errors.append(("window", "a duration such as P7D or PT12H, of an hour to 366 days"))
    if node.sum is not None and (node.distinct is not None or node.window is not None):
        errors.append(("sum", "not together with distinct or window"))
    if node.distinct and node.window:
        errors.append(("distinct", "not together with window"))
    if node.window and (node.count or 1) > WINDOW_MAX:
        errors.append(("count", f"at most {WINDOW_MAX} with window"))
    if kind == "n_of" and (node.of is None or node.n_of is None or node.n_of > len(node.of)):
        errors.append(("n_of", "a number up to that of its conditions in `of`"))
    if kind in ("all", "any") and not children(node):
        errors.append((kind, "at least one condition"))
    return errors


def _expression_errors(node: Requirement) -> list[tuple[str, str]]:
    errors: list[tuple[str, str]] = []
    for name in ("where", "distinct", "sum"):
        source = getattr(node, name)
        if source is None:
            continue
        if not source.isprintable():
            errors.append((name, "no control characters"))
            continue
        try:
            value = check_expression(source, SAMPLE, condition=name == "where").value(SAMPLE)
        except InvalidExpression as refusal:
            errors.append((name, refusal.detail))
            continue
        if name == "sum" and value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            errors.append((name, "it has to be a number"))
    return errors


def duration(text: str) -> timedelta | None:
    """A length of time in days and hours; None for what is none, or too short or long."""
    found = _WINDOW.fullmatch(text)
    if found is None or not any(found.groups()):
        return None
    hours = int(found.group(1) or 0) * 24 + int(found.group(2) or 0)
    return timedelta(hours=hours) if 1 <= hours <= WINDOW_HOURS_MAX else None


def check_waiting(d: Definition, others: list[Definition], known: Iterable[str]) -> None:
    """Refuses to publish what waits for a badge that there is not, or in too long a row (``bad_achievement``), or for
    itself (``rule_cycle``). ``others`` is what is published beside it, ``known`` the slugs of all badges.
    """
    there = {d.slug, *known}
    refuse(
        [{"pointer": at, "detail": f"there is no badge {slug}"} for slug, at in named(d).items() if slug not in there]
    )
    cycle = cycle_of([*others, d])
    if cycle is not None:
        raise RuleCycle(" needs ".join(cycle), cycle=cycle)
    chain = chain_of([*others, d], d.slug)
    if len(chain) > CHAIN_MAX:
        text = f"at most {CHAIN_MAX} badges wait for each other in a row: {' needs '.join(chain)}"
        refuse([{"pointer": "#/requirements", "detail": text}])


def chain_of(definitions: Iterable[Definition], slug: str) -> list[str]:
    """The longest row of badges that wait for each other through one; there may be no cycle among them."""
    waits = {d.slug: list(named(d)) for d in definitions}
    opens: dict[str, list[str]] = {}
    for one, others in waits.items():
        for other in others:
            opens.setdefault(other, []).append(one)

    @cache
    def longest(at: str, *, up: bool, left: int) -> list[str]:
        # Further than what is refused anyway nobody has to look.
        ways = opens if up else waits
        rows = [longest(other, up=up, left=left - 1) for other in ways.get(at, ())] if left else []
        return [at, *max(rows, key=len, default=[])]

    above = longest(slug, up=True, left=CHAIN_MAX)
    return [*reversed(above), *longest(slug, up=False, left=CHAIN_MAX)[1:]]


def cycle_of(definitions: Iterable[Definition]) -> list[str] | None:
    """Slugs of badges that wait for each other, the first again at the end; None if there are none."""
    waits = {d.slug: sorted(named(d)) for d in definitions}
    done: set[str] = set()
    for first in sorted(waits):
        way, open_ = [first], [iter(waits[first])]
        while open_:
            other = next(open_[-1], None)
            if other is None:
                done.add(way.pop())
                open_.pop()
            elif other in way:
                return [*way[way.index(other) :], other]
            elif other not in done:
                way.append(other)
                open_.append(iter(waits.get(other, ())))
    return None
