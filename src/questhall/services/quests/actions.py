"""What quests can do."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.currency import Currency
from questhall.contracts.quests import (
    BadQuest,
    IllegalMove,
    QuestAbandoned,
    QuestArchived,
    QuestCompleted,
    QuestNotFound,
    QuestPublished,
    Quests,
    QuestSlugTaken,
    RuleCycle,
)
from questhall.kernel.contract import Cause, Envelope, Reverted
from questhall.kernel.database import Record, Tx
from questhall.kernel.expressions import Facts
from questhall.kernel.http import Stale
from questhall.kernel.ids import new_id
from questhall.kernel.rpc import ServiceAbsent
from questhall.kernel.service import Site
from questhall.services.quests import loops, repository, rules, streaks, undo
from questhall.services.quests.engine import DAILY, LATE_MAX, Act, Engine, moment_of, zone_of

TAKERS: frozenset[str] = frozenset()
"""Kinds of reward parts, beside currencies, that are taken by services of today."""
LEAVE_MAX = timedelta(days=60)


class QuestsActions(Quests):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self.currency = at.stub(Currency)
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
            skipped = streaks.skipped_days(before, zone, since)
            await repository.mark_days(tx, DAILY, [(user_id, day, "excused", zone) for day in skipped])
            await repository.due_no_later(tx, user_id, since)
        await repository.set_zone(tx, user_id, zone, before, since, older)

    # Authoring

    async def check(self, definition: rules.Definition) -> None:
        """Whether it can be played here, and what it pays is taken. Asks currency: not within a Tx. Refuses ``bad_quest``."""
        rules.check(definition, currencies=await self._currencies(), takers=TAKERS)

    async def _currencies(self) -> frozenset[str]:
        try:
            return frozenset(currency.code for currency in await self.currency.currencies() if currency.active)
        except ServiceAbsent:
            return frozenset()

    @staticmethod
    async def create(tx: Tx, definition: rules.Definition) -> Record:
        """A draft of what was checked. Refuses ``slug_taken``."""
        row = await repository.save_quest(tx, new_id(), definition)
        if row is None:
            raise QuestSlugTaken
        return row

    async def change(self, quest_id: UUID, edit: int, definition: rules.Definition) -> Record:
        """Changes the head; what is played changes when it is published. Refuses ``stale``, ``bad_quest``."""
        await self.check(definition)
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

    async def publish(self, tx: Tx, quest_id: UUID) -> None:
        """The head becomes the next version; runs under way finish under theirs. ``refresh`` after the commit.

        Refuses ``quest_not_found``, ``bad_quest`` (it needs a quest that nobody can play), ``rule_cycle``.
        """
        row = await repository.quest(tx, quest_id, lock=True)
        if row is None:
            raise QuestNotFound
        definition = _definition(row)
        others = [(o["quest_id"], _definition(o)) for o in await repository.newest(tx) if o["quest_id"] != quest_id]
        slugs = {other.slug for _, other in others} | {definition.slug}
        errors = [
            {"pointer": f"#/prerequisites/quests/{n}", "detail": f"there is no published quest {slug}"}
            for n, slug in enumerate(definition.prerequisites.quests)
            if slug not in slugs
        ]
        if errors:
            raise BadQuest("; ".join(e["detail"] for e in errors), errors=errors)
        cycle = loops.cycle_of([*others, (quest_id, definition)])
        if cycle is not None:
            raise RuleCycle(
                f"{' -> '.join(cycle)}: leave one out with a condition such as data.slug != ...", cycle=cycle
            )
        version = row["version"] + 1
        await repository.add_version(tx, quest_id, version, row["definition"])
        await repository.set_status(tx, quest_id, "published", version)
        tx.emit(QuestPublished(quest_id=quest_id, slug=row["slug"], title=definition.title, version=version))

    async def archive(self, quest_id: UUID) -> None:
        """No new runs; those under way may be finished. Refuses ``quest_not_found``, ``illegal_move``."""
        async with self.at.db.tx() as tx:
            row = await repository.quest(tx, quest_id, lock=True)
            if row is None:
                raise QuestNotFound
            if row["status"] != "published":
                raise IllegalMove("only what is published can be archived", allowed=["publish"])
            await repository.set_status(tx, quest_id, "archived", row["version"])
            tx.emit(QuestArchived(quest_id=quest_id, slug=row["slug"], title=row["title"]))
        await self.refresh()

    async def install(self, definitions: list[dict[str, Any]]) -> int:
        """See the contract."""
        made, currencies = 0, await self._currencies()
        for raw in definitions:
            definition = msgspec.convert(raw, rules.Definition)
            if rules.untaken(definition.rewards, currencies=currencies, takers=TAKERS):
                continue
            rules.check(definition, currencies=currencies, takers=TAKERS)
            async with self.at.db.tx() as tx:
                row = await repository.save_quest(tx, new_id(), definition)
                if row is not None:
                    await self.publish(tx, row["id"])
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

    async def accept(self, tx: Tx, user_id: UUID, quest_id: UUID) -> None:
        """Begins a run. Refuses ``quest_not_found``, and ``illegal_move`` with the moves allowed."""
        quest = self.playable(quest_id)
        engine = await self._engine(tx, user_id, quest_id)
        now, run = engine.now(user_id), engine.run(user_id, quest_id)
        if run is not None and rules.is_over(run, now.day, now.recorded_at):
            engine.lapse(run, (await self.version(tx, run)).definition)
        elif run is not None:
            raise await self._illegal(tx, engine, user_id, quest_id, "it is under way")
        if engine.availability(user_id, quest, now).state != "available":
            raise await self._illegal(tx, engine, user_id, quest_id)
        engine.begin(user_id, quest, now.day, tx.cause, say=True)
        await engine.save()

    @staticmethod
    async def _engine(tx: Tx, user_id: UUID, quest_id: UUID) -> Engine:
        engine = Engine(tx)
        await engine.load({(user_id, quest_id)}, gated=True)
        return engine

    async def _illegal(
        self,
        tx: Tx,
        engine: Engine,
        user_id: UUID,
        quest_id: UUID,
        detail: str = "",
        moment: rules.Moment | None = None,
    ) -> IllegalMove:
        """Why a move can't be made, the state, and the moves allowed; as of now, or of what was said to have been done."""
        now, run = moment or engine.now(user_id), engine.run(user_id, quest_id)
        if run is not None and not rules.is_over(run, now.day, now.recorded_at):
            d = (await self.version(tx, run)).definition
            allowed = rules.moves(d, run.state, run.progress)
            return IllegalMove(detail or "it is not its turn", state=run.state, allowed=allowed)
        quest = self._playable.get(quest_id)
        if quest is None:
            return IllegalMove(detail or "it is no longer offered", state="locked", allowed=[])
        available = engine.availability(user_id, quest, now)
        allowed = rules.moves(quest.definition, available.state)
        return IllegalMove(detail or available.why or "it is done for now", state=available.state, allowed=allowed)

    async def abandon(self, tx: Tx, user_id: UUID, quest_id: UUID) -> None:
        """Gives a run up; progress is lost. Refuses ``quest_not_found``, ``illegal_move``."""
        engine = await self._engine(tx, user_id, quest_id)
        now, run = engine.now(user_id), engine.run(user_id, quest_id)
        if run is None or rules.is_over(run, now.day, now.recorded_at):
            self.playable(quest_id)
            raise await self._illegal(tx, engine, user_id, quest_id, "it is not under way")
        d = (await self.version(tx, run)).definition
        run.state = "abandoned"
        await repository.save_runs(tx, [run])
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

    async def tick(
        self, tx: Tx, user_id: UUID, quest_id: UUID, objective_id: str | None, *, yesterday: bool = False
    ) -> None:
        """The player says that a manual objective is done; a daily one may be said for yesterday.

        Refuses ``quest_not_found``, ``illegal_move``.
        """
        engine = await self._engine(tx, user_id, quest_id)
        player, occurred = engine.players[user_id], tx.now
        if yesterday:
            zone = zone_of(player, tx.now)
            occurred = streaks.start_of(zone, streaks.local_day(zone, tx.now)) - timedelta(seconds=1)
        moment, run = moment_of(player, occurred, tx.now), engine.run(user_id, quest_id)
        if run is not None and rules.is_over(run, moment.day, tx.now):
            run = None
        quest = self.playable(quest_id) if run is None else await self.version(tx, run)
        objective = _manual(quest, run, objective_id)
        if objective is None:
            raise await self._illegal(tx, engine, user_id, quest_id, "only what you do yourself can be ticked")
        if yesterday and quest.definition.kind != "daily":
            raise await self._illegal(tx, engine, user_id, quest_id, "only what is daily can be done for yesterday")
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
            raise await self._illegal(tx, engine, user_id, quest_id, moment=moment)
        await engine.save()

    # Looking

    async def board(self, tx: Tx, user_id: UUID) -> Board:
        """Everything that a player's view of the quests needs."""
        player = await repository.player(tx, user_id)
        runs = await repository.latest_runs(tx, user_id)
        now = self.at.clock.now()
        zone = "UTC" if player is None else zone_of(player, now)
        day = streaks.local_day(zone, now)
        under_way = [r for r in runs.values() if r.state in rules.OPEN and not rules.is_over(r, day, now)]
        return Board(
            runs=runs,
            playing={run.quest_id: await self.version(tx, run) for run in under_way},
            pasts=await repository.pasts_of(tx, user_id),
            done=(await repository.completed_slugs(tx, [user_id])).get(user_id, frozenset()),
            level=1 if player is None else player["level"],
            zone=zone,
            now=now,
        )

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
            await repository.end_leave(tx, user_id, DAILY, until)
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
        async with self.at.db.tx() as tx:
            return Reverted(undone=await undo.take_back(tx, event_ids, self.version))


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a player and all quests."""

    runs: dict[UUID, rules.Run]
    playing: dict[UUID, rules.Quest]
    """The versions of those under way."""
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


def _manual(quest: rules.Quest, run: rules.Run | None, objective_id: str | None) -> rules.Objective | None:
    manual = [o for o in quest.definition.objectives if o.mode == "manual"]
    if objective_id is not None:
        manual = [o for o in manual if o.id == objective_id]
    progress = {} if run is None else run.progress
    ready = [o for o in manual if rules.may_count(quest.definition, progress, o.id)]
    return next(iter([*ready, *manual]), None)
