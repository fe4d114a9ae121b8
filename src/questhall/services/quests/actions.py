"""What quests can do."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.quests import (
    IllegalMove,
    QuestAbandoned,
    QuestArchived,
    QuestNotFound,
    QuestPublished,
    Quests,
    QuestSlugTaken,
)
from questhall.kernel.contract import Cause, Envelope, Reverted
from questhall.kernel.database import Record, Tx
from questhall.kernel.expressions import Facts
from questhall.kernel.http import Stale
from questhall.kernel.ids import new_id
from questhall.kernel.service import Site
from questhall.services.quests import repository, rules, streaks
from questhall.services.quests.engine import DAILY, Act, Engine, zone_of

TAKERS: frozenset[str] = frozenset()
"""Kinds of reward parts, beside currencies, that are taken by services of today."""
LEAVE_MAX = timedelta(days=60)


class QuestsActions(Quests):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self._playable: dict[UUID, rules.Quest] = {}
        self._rules: dict[str, list[tuple[rules.Rule, bool]]] = {}
        self._older: dict[tuple[UUID, int], rules.Quest] = {}

    async def start(self) -> None:
        """Learns what can be played."""
        await self.refresh()

    async def refresh(self) -> None:
        """Reads the versions that are played; after one was published or archived."""
        async with self.at.db.read() as tx:
            rows = await repository.played(tx)
        playable: dict[UUID, rules.Quest] = {}
        by_type: dict[str, list[tuple[rules.Rule, bool]]] = {}
        for row in rows:
            quest = _quest(row)
            if row["newest"]:
                playable[quest.id] = quest
            for rule in rules.rules_of(quest):
                by_type.setdefault(rule.objective.event or "", []).append((rule, row["newest"]))
        self._playable, self._rules = playable, by_type

    async def version(self, tx: Tx, run: rules.Run) -> rules.Quest:
        """The version that a run plays."""
        newest = self._playable.get(run.quest_id)
        if newest is not None and newest.version == run.version:
            return newest
        place = (run.quest_id, run.version)
        if place not in self._older:
            self._older[place] = _quest((await repository.versions(tx, [place]))[0])
        return self._older[place]

    # What is heard

    async def count_events(self, tx: Tx, events: list[Envelope[Any]]) -> None:
        """Counts events for every objective that they fit, set-based over the batch."""
        acts = [act for event in events for act in self._acts_of(event)]
        if not acts:
            return
        engine = Engine(tx)
        gated = any(act.quest.definition.prerequisites.quests for act in acts)
        await engine.load({(act.user_id, act.quest.id) for act in acts}, gated=gated)
        for act in acts:
            await engine.count(act)
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
        return [_act(event, data, rule, newest, rule.value(facts)) for rule, newest in wanted if rule.matches(facts)]

    async def set_zone(self, tx: Tx, user_id: UUID, zone: str, since: datetime | None) -> None:
        """A player's zone, from a moment on; local days that it jumps over are excused."""
        before = None
        if since is not None:
            player = (await repository.lock_players(tx, [user_id]))[user_id]
            before = zone_of(player, since - timedelta(microseconds=1))
            skipped = streaks.skipped_days(before, zone, since)
            await repository.mark_days(tx, DAILY, [(user_id, day, "excused", zone) for day in skipped])
            await repository.due_no_later(tx, user_id, since)
        await repository.set_zone(tx, user_id, zone, before, since)

    # Authoring

    async def create(self, tx: Tx, definition: rules.Definition) -> Record:
        """A draft. Refuses ``bad_quest``, ``slug_taken``."""
        rules.check(definition, takers=TAKERS)
        row = await repository.save_quest(tx, new_id(), definition)
        if row is None:
            raise QuestSlugTaken
        return row

    async def change(self, quest_id: UUID, edit: int, definition: rules.Definition) -> Record:
        """Changes the head; what is played changes when it is published. Refuses ``stale``, ``bad_quest``."""
        rules.check(definition, takers=TAKERS)
        async with self.at.db.tx() as tx:
            row = await repository.quest(tx, quest_id)
            if row is None:
                raise QuestNotFound
            if row["slug"] != definition.slug:
                raise QuestSlugTaken("the slug stays as it is")
            changed = await repository.change_quest(tx, quest_id, edit, definition)
        if changed is None:
            raise Stale
        return changed

    async def publish(self, quest_id: UUID) -> Record:
        """The head becomes the next version; runs under way finish under theirs."""
        async with self.at.db.tx() as tx:
            row = await self._publish(tx, quest_id)
        await self.refresh()
        return row

    async def _publish(self, tx: Tx, quest_id: UUID) -> Record:
        row = await repository.quest(tx, quest_id, lock=True)
        if row is None:
            raise QuestNotFound
        definition = _definition(row)
        rules.check(definition, takers=TAKERS)
        version = row["version"] + 1
        await repository.add_version(tx, quest_id, version, row["definition"])
        changed = await repository.set_status(tx, quest_id, "published", version)
        tx.emit(QuestPublished(quest_id=quest_id, slug=row["slug"], title=definition.title, version=version))
        assert changed is not None
        return changed

    async def archive(self, quest_id: UUID) -> Record:
        """No new runs; those under way may be finished. Refuses ``quest_not_found``, ``illegal_move``."""
        async with self.at.db.tx() as tx:
            row = await repository.quest(tx, quest_id, lock=True)
            if row is None:
                raise QuestNotFound
            if row["status"] != "published":
                raise IllegalMove("only what is published can be archived", allowed=["publish"])
            changed = await repository.set_status(tx, quest_id, "archived", row["version"])
            tx.emit(QuestArchived(quest_id=quest_id, slug=row["slug"], title=row["title"]))
        await self.refresh()
        assert changed is not None
        return changed

    async def install(self, definitions: list[dict[str, Any]]) -> int:
        """See the contract."""
        made = 0
        for raw in definitions:
            definition = msgspec.convert(raw, rules.Definition)
            rules.check(definition, takers=TAKERS)
            async with self.at.db.tx() as tx:
                row = await repository.save_quest(tx, new_id(), definition)
                if row is not None:
                    await self._publish(tx, row["id"])
                    made += 1
        await self.refresh()
        return made

    # Playing

    def playable(self, quest_id: UUID) -> rules.Quest:
        """The newest version. Refuses ``quest_not_found``."""
        quest = self._playable.get(quest_id)
        if quest is None:
            raise QuestNotFound
        return quest

    async def accept(self, user_id: UUID, quest_id: UUID) -> None:
        """Begins a run. Refuses ``illegal_move`` with the moves allowed."""
        quest = self.playable(quest_id)
        async with self.at.db.tx() as tx:
            engine = await self._engine(tx, user_id, quest)
            now = engine.now(user_id)
            run = engine.run(user_id, quest_id)
            if run is not None and rules.is_over(run, rules.period_of(quest.definition.kind, now.day)):
                engine.lapse(run, quest.definition)
            elif run is not None:
                raise IllegalMove("it is under way", state=run.state, allowed=rules.moves(quest.definition, run.state))
            available = engine.availability(user_id, quest, now)
            if available.state != "available":
                raise IllegalMove(available.why or "it is done for now", state=available.state, allowed=[])
            engine.begin(user_id, quest, now.day, tx.cause, say=True)
            await engine.save()

    @staticmethod
    async def _engine(tx: Tx, user_id: UUID, quest: rules.Quest) -> Engine:
        engine = Engine(tx)
        await engine.load({(user_id, quest.id)}, gated=bool(quest.definition.prerequisites.quests))
        return engine

    async def abandon(self, user_id: UUID, quest_id: UUID) -> None:
        """Gives a run up; progress is lost. Refuses ``illegal_move``."""
        async with self.at.db.tx() as tx:
            await repository.lock_players(tx, [user_id])
            run = (await repository.open_runs(tx, {(user_id, quest_id)})).get((user_id, quest_id))
            if run is None:
                raise IllegalMove("it is not under way", allowed=["accept"] if quest_id in self._playable else [])
            quest = await self.version(tx, run)
            run.state = "abandoned"
            await repository.save_runs(tx, [run])
            d = quest.definition
            tx.emit(
                QuestAbandoned(
                    user_id=user_id,
                    quest_id=quest_id,
                    title=d.title,
                    category=d.category,
                    difficulty=d.difficulty,
                    completion_id=run.completion_id,
                )
            )

    async def tick(self, user_id: UUID, quest_id: UUID, objective_id: str | None, *, yesterday: bool = False) -> None:
        """The player says that a manual objective is done; a daily one may be said for yesterday. Refuses ``illegal_move``."""
        async with self.at.db.tx() as tx:
            quest = await self._ticked(tx, user_id, quest_id)
            engine = await self._engine(tx, user_id, quest)
            occurred = tx.now
            if yesterday:
                if quest.definition.kind != "daily":
                    raise IllegalMove("only what is done daily can be done for yesterday", allowed=[])
                zone = zone_of(engine.players[user_id], tx.now)
                occurred = streaks.start_of(zone, streaks.local_day(zone, tx.now)) - timedelta(seconds=1)
            run = engine.run(user_id, quest_id)
            objective = _manual(quest, run, objective_id)
            act = Act(
                user_id=user_id,
                event_id=tx.cause.causation_id,
                cause=tx.cause,
                occurred_at=occurred,
                recorded_at=tx.now,
                waited=False,
                quest=quest,
                objective=objective,
                newest=quest_id in self._playable,
            )
            if not await engine.count(act):
                if run is not None:
                    raise IllegalMove(
                        "it is not its turn", state=run.state, allowed=rules.moves(quest.definition, run.state)
                    )
                available = engine.availability(user_id, quest, engine.now(user_id))
                allowed = ["accept"] if available.state == "available" else []
                raise IllegalMove(available.why or "it is done for now", state=available.state, allowed=allowed)
            await engine.save()

    async def _ticked(self, tx: Tx, user_id: UUID, quest_id: UUID) -> rules.Quest:
        """The version that a tick counts for: that of the run under way, or the newest. Locks the player."""
        await repository.lock_players(tx, [user_id])
        run = (await repository.open_runs(tx, {(user_id, quest_id)})).get((user_id, quest_id))
        return self.playable(quest_id) if run is None else await self.version(tx, run)

    # Looking

    async def board(self, user_id: UUID) -> Board:
        """Everything that a player's view of the quests needs."""
        async with self.at.db.read() as tx:
            player = await repository.player(tx, user_id)
            runs = await repository.latest_runs(tx, user_id)
            pasts = await repository.pasts_of(tx, user_id)
            done = (await repository.completed_slugs(tx, [user_id])).get(user_id, frozenset())
        now = self.at.clock.now()
        zone = "UTC" if player is None else zone_of(player, now)
        level = 1 if player is None else player["level"]
        return Board(runs=runs, pasts=pasts, done=done, level=level, zone=zone, now=now)

    # Streaks

    async def leave(self, user_id: UUID, until: date) -> None:
        """A planned leave from today until a day, both included. Refuses ``illegal_move``."""
        async with self.at.db.tx() as tx:
            player = (await repository.lock_players(tx, [user_id]))[user_id]
            zone = zone_of(player, tx.now)
            today = streaks.local_day(zone, tx.now)
            if not today <= until <= today + LEAVE_MAX:
                raise IllegalMove(f"a leave ends within {LEAVE_MAX.days} days from today", allowed=[])
            days: list[tuple[UUID, date, str, str]] = []
            for number in range((until - today).days + 1):
                day = today + timedelta(days=number)
                days.append((user_id, day, "excused", zone))
            await repository.mark_days(tx, DAILY, days)
            await repository.pause(tx, user_id, DAILY, until)

    async def sweep_streaks(self) -> int:
        """Freezes or ends streaks whose day went by; answers how many."""
        async with self.at.db.tx() as tx:
            users = await repository.due_streaks(tx, tx.now)
            if users:
                engine = Engine(tx)
                await engine.load({(user_id, user_id) for user_id in users}, gated=False)
                for user_id in users:
                    await engine.sweep_streak(user_id)
                await engine.save()
        return len(users)

    async def sweep_runs(self) -> int:
        """Ends runs whose time is over; answers how many."""
        async with self.at.db.tx() as tx:
            users = await repository.due_players(tx, tx.now)
            engine = Engine(tx)
            engine.players = await repository.lock_players(tx, users)
            due = await repository.due_runs(tx, tx.now, users)
            for run in due:
                engine.lapse(run, (await self.version(tx, run)).definition)
            await engine.save()
        return len(due)

    # Undoing

    async def revert(self, event_ids: list[UUID]) -> Reverted:
        """See the contract: what these events counted for counts no more; what it completed is taken back."""
        undone: list[UUID] = []
        async with self.at.db.tx() as tx:
            users = sorted({act["user_id"] for act in await repository.acts_of(tx, event_ids)})
            engine = Engine(tx)
            await engine.load({(user_id, user_id) for user_id in users}, gated=False)
            days: set[tuple[UUID, date]] = set()
            for act in await repository.acts_of(tx, event_ids):
                run = await repository.run(tx, act["user_id"], act["quest_id"], act["completion"])
                if run is None or run.state == "reverted":
                    continue
                if run.state == "completed":
                    run.state = "reverted"
                    undone.append(run.completion_id)
                    if run.local_day is not None:
                        days.add((run.user_id, run.local_day))
                else:
                    rules.uncount(run, act["objective"], act["value"])
                await repository.save_runs(tx, [run])
                await repository.recount(tx, run.user_id, run.quest_id)
            await repository.forget_acts(tx, event_ids)
            for user_id, day in days:
                await repository.forget_day(tx, user_id, DAILY, day)
            for user_id in sorted({user_id for user_id, _ in days}):
                await engine.replay(user_id, zone_of(engine.players[user_id], tx.now), None, undone=True)
            await engine.save()
        return Reverted(undone=undone)


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a player and all quests."""

    runs: dict[UUID, rules.Run]
    pasts: dict[UUID, rules.Past]
    done: frozenset[str]
    level: int
    zone: str
    now: datetime


def _quest(row: Record) -> rules.Quest:
    return rules.Quest(id=row["quest_id"], version=row["version"], definition=_definition(row))


def _definition(row: Record) -> rules.Definition:
    return msgspec.json.decode(row["definition"], type=rules.Definition)


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
    )


def _manual(quest: rules.Quest, run: rules.Run | None, objective_id: str | None) -> rules.Objective:
    manual = [o for o in quest.definition.objectives if o.mode == "manual"]
    if objective_id is not None:
        manual = [o for o in manual if o.id == objective_id]
    if not manual:
        raise IllegalMove("only what you do yourself can be ticked", allowed=[])
    progress = {} if run is None else run.progress
    ready = [o for o in manual if rules.may_count(quest.definition, progress, o.id)]
    # What is full already may be the last period's: then it is counted anew.
    return ready[0] if ready else manual[0]
