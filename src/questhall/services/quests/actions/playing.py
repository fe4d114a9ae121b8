"""Playing: the moves of players, what they see, what time and undoing do to runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from questhall.contracts.quests import IllegalMove, QuestAbandoned
from questhall.kernel.calendar import local_day, start_of
from questhall.kernel.contract import Reverted
from questhall.kernel.database import Tx
from questhall.kernel.forgoing import forgo
from questhall.services.quests import repository, rules, undo
from questhall.services.quests.actions.catalogue import Catalogue
from questhall.services.quests.engine import Act, Engine, moment_of, zone_of


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


class Playing(Catalogue):
    """What players do, and what becomes of their runs."""

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
            occurred = start_of(zone, local_day(zone, tx.now)) - timedelta(seconds=1)
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

    async def board(self, tx: Tx, user_id: UUID) -> Board:
        """Everything that a player's view of the quests needs."""
        player = await repository.player(tx, user_id)
        runs = await repository.latest_runs(tx, user_id)
        now = self.at.clock.now()
        zone = "UTC" if player is None else zone_of(player, now)
        day = local_day(zone, now)
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

    async def revert(self, event_ids: list[UUID]) -> Reverted:
        """See the contract: what these events counted for counts no more; what it completed is taken back."""
        async with self.at.db.tx() as tx:
            await forgo(tx, event_ids)
            return Reverted(undone=await undo.take_back(tx, event_ids, self.version))


def _manual(quest: rules.Quest, run: rules.Run | None, objective_id: str | None) -> rules.Objective | None:
    manual = [o for o in quest.definition.objectives if o.mode == "manual"]
    if objective_id is not None:
        manual = [o for o in manual if o.id == objective_id]
    progress = {} if run is None else run.progress
    ready = [o for o in manual if rules.may_count(quest.definition, progress, o.id)]
    return next(iter([*ready, *manual]), None)
