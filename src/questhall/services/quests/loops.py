"""Loops of rules: which quest sets off which, found before one is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from questhall.contracts.quests import QuestCompleted
from questhall.kernel.expressions import Facts, compile_expression
from questhall.services.quests.rules import Definition, Objective

NOBODY = UUID(int=0)
LEVELS = range(2, 60)
"""Levels on which a condition is tried."""


def cycle_of(quests: Iterable[tuple[UUID, Definition]]) -> list[str] | None:
    """Slugs of quests of which each sets off the next, or waits for the one before it; the first again at the end.

    What is known here: prerequisites, objectives that count completions (a quest's own never count for it), and quests
    without end that count levels and pay XP. A badge is earned once, and a streak moves once a day: they close no loop.
    What only an event's own values can tell is caught by the depth that events carry.
    """
    known = list(quests)
    waits = {d.slug: set(d.prerequisites.quests) for _, d in known}
    feeds = {d.slug: {other.slug for _, other in known if _feeds(quest_id, d, other)} for quest_id, d in known}
    return _cycle(waits) or _cycle(feeds)


def _feeds(quest_id: UUID, d: Definition, other: Definition) -> bool:
    counting = [o for o in other.objectives if o.mode == "automatic"]
    completions = [o for o in counting if o.event == QuestCompleted.type]
    if completions and d.slug != other.slug:
        completed = _completed(quest_id, d)
        if any(_holds(o, completed) for o in completions):
            return True
    if other.kind != "repeatable" or "xp" not in d.rewards.currencies:
        return False
    return any(o.event == "level.reached" and sum(_holds(o, _level(n)) for n in LEVELS) > 1 for o in counting)


def _holds(objective: Objective, facts: Facts) -> bool:
    return objective.where is None or compile_expression(objective.where).holds(facts)


def _level(level: int) -> Facts:
    return Facts({"user_id": str(NOBODY), "level": level}, {"type": "level.reached", "source": "currency"})


def _completed(quest_id: UUID, d: Definition) -> Facts:
    event = QuestCompleted(
        user_id=NOBODY,
        quest_id=quest_id,
        slug=d.slug,
        title=d.title,
        icon=d.icon,
        category=d.category,
        difficulty=d.difficulty,
        kind=d.kind,
        completion_id=NOBODY,
        version=1,
        completed_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        local_day=date(2026, 3, 2),
    )
    return Facts(msgspec.to_builtins(event), {"type": event.type, "source": "quests"})


def _cycle(edges: Mapping[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def visit(slug: str, way: list[str]) -> list[str] | None:
        if slug in way:
            return [*way[way.index(slug) :], slug]
        if slug in done:
            return None
        for other in sorted(edges.get(slug, ())):
            found = visit(other, [*way, slug])
            if found:
                return found
        done.add(slug)
        return None

    for slug in sorted(edges):
        found = visit(slug, [])
        if found:
            return found
    return None
