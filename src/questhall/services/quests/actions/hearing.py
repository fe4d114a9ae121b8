"""What is heard: acts that count, and the zones of players."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.quests import QuestCompleted
from questhall.kernel.calendar import skipped_days
from questhall.kernel.contract import Cause, Envelope
from questhall.kernel.database import Tx
from questhall.kernel.expressions import Facts
from questhall.services.quests import repository, rules
from questhall.services.quests.actions.catalogue import Catalogue
from questhall.services.quests.engine import DAILY, LATE_MAX, Act, Engine, zone_of


class Hearing(Catalogue):
    """What events do to quests."""

    async def count_events(self, tx: Tx, events: list[Envelope[Any]]) -> None:
        """Counts events for every objective that they fit, set-based over the batch."""
        acts = [act for event in events for act in self._acts_of(event)]
        if not acts:
            return
        engine = Engine(tx)
        gated = any(act.quest.definition.prerequisites.quests for act in acts)
        await engine.load({(act.user_id, act.quest.id) for act in acts}, gated=gated)
        before = [event_id for act in acts for event_id in act.earlier]
        rows = await repository.acts_of(tx, before) if before else []
        counted = {(row["event_id"], row["quest_id"]) for row in rows}
        for act in acts:
            if any((event_id, act.quest.id) in counted for event_id in act.earlier):
                continue
            if await engine.count(act):
                counted.add((act.event_id, act.quest.id))
        await engine.save()

    def _acts_of(self, event: Envelope[Any]) -> list[Act]:
        wanted = self._rules.get(event.type)
        if not wanted:
            return []
        data = msgspec.json.decode(event.raw)
        if "user_id" not in data:
            return []
        about = {"type": event.type, "source": event.source, "time": event.time}
        facts = Facts(data, about, size=len(event.raw))
        # A quest's own completion never counts for it: that would be a loop.
        own = data["quest_id"] if event.type == QuestCompleted.type else None
        return [
            _act(event, data, rule, newest, rule.value(facts))
            for rule, newest in wanted
            if str(rule.quest.id) != own and rule.matches(facts)
        ]

    async def set_zone(self, tx: Tx, user_id: UUID, zone: str, since: datetime | None) -> None:
        """A player's zone, from a moment on; local days that it jumps over are excused."""
        before, older = None, list[tuple[str, datetime]]()
        if since is not None:
            player = (await repository.lock_players(tx, [user_id]))[user_id]
            before = zone_of(player, since - timedelta(microseconds=1))
            last_until = player["zone_from"]
            if player["zone_before"] is not None and last_until < since:
                known = msgspec.json.decode(player["older_zones"], type=list[tuple[str, datetime]])
                older = [(z, u) for z, u in [*known, (player["zone_before"], last_until)] if u > since - LATE_MAX * 2]
            skipped = skipped_days(before, zone, since)
            await repository.mark_days(tx, DAILY, [(user_id, day, "excused", zone) for day in skipped])
            await repository.due_no_later(tx, user_id, since)
        await repository.set_zone(tx, user_id, zone, before, since, older)


def _moment(data: dict[str, Any], name: str, other: datetime) -> datetime:
    text = data.get(name)
    return datetime.fromisoformat(text) if isinstance(text, str) else other


def _act(event: Envelope[Any], data: dict[str, Any], rule: rules.Rule, newest: bool, value: str | None) -> Act:
    cause: Cause = event.cause()
    return Act(
        user_id=UUID(data["user_id"]),
        event_id=event.id,
        cause=cause,
        occurred_at=_moment(data, "occurred_at", event.time),
        recorded_at=_moment(data, "recorded_at", event.time),
        waited=bool(data.get("waited", False)),
        quest=rule.quest,
        objective=rule.objective,
        newest=newest,
        value=value,
        earlier=[UUID(event_id) for event_id in data.get("earlier", ())],
    )
