"""How acts move quests: a batch of them in one transaction, set-based, under the players' rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.quests import (
    QuestAccepted,
    QuestCompleted,
    QuestExpired,
    QuestProgressed,
    StreakBroken,
    StreakExtended,
    StreakFrozen,
)
from questhall.contracts.rewards import Reason, grant
from questhall.kernel.calendar import local_day, start_of
from questhall.kernel.contract import Cause, Envelope
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.services.quests import repository, rules, streaks

DAILY = "daily"
LATE_MAX = timedelta(days=30)
"""How long after it happened an act may arrive: so long a day's run waits for what may still fill it."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a player did which may count for an objective of one version of a quest."""

    user_id: UUID
    event_id: UUID
    cause: Cause
    occurred_at: datetime
    recorded_at: datetime
    waited: bool
    quest: rules.Quest
    objective: rules.Objective
    newest: bool = True
    """Whether new runs begin under this version."""
    value: str | None = None
    """What ``distinct`` evaluates to."""
    earlier: list[UUID] = []
    """Events that said the same before: where one of them counts for the quest, this one does not."""


def zone_of(player: Record, moment: datetime) -> str:
    """The zone that a player had then."""
    before, since = player["zone_before"], player["zone_from"]
    if before is None or since is None or moment >= since:
        return player["timezone"]
    older: list[tuple[str, datetime]] = msgspec.json.decode(player["older_zones"], type=list[tuple[str, datetime]])
    return next((zone for zone, until in older if moment < until), before)


def moment_of(player: Record, occurred_at: datetime, recorded_at: datetime) -> rules.Moment:
    """An act's times with the player's local days."""
    return rules.Moment(
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        day=local_day(zone_of(player, occurred_at), occurred_at),
        recorded_day=local_day(zone_of(player, recorded_at), recorded_at),
    )


class Engine:
    """Counts acts within one transaction; ``load``, ``count`` each, ``save``."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.players: dict[UUID, Record] = {}
        self._runs: dict[tuple[UUID, UUID], rules.Run] = {}
        self._saved: dict[UUID, rules.Run] = {}
        self._pasts: dict[tuple[UUID, UUID], rules.Past] = {}
        self._done: dict[UUID, frozenset[str]] = {}
        self._acts: list[repository.Counting] = []
        # One event counts for one run of a quest, whatever objectives and versions it fits.
        self._used: dict[tuple[UUID, UUID], UUID] = {}
        self._streaks: dict[UUID, streaks.Streak] = {}
        self._streaks_moved: set[UUID] = set()
        self._days: dict[tuple[UUID, date], tuple[str, str]] = {}
        self._progressed: dict[tuple[UUID, str], tuple[QuestProgressed, Cause]] = {}

    async def load(self, pairs: set[tuple[UUID, UUID]], *, gated: bool) -> None:
        """What is known of these players and quests; ``gated``: some quest has others before it."""
        users = sorted({user_id for user_id, _ in pairs})
        self.players = await repository.lock_players(self.tx, users)
        self._runs = await repository.open_runs(self.tx, pairs)
        self._pasts = await repository.pasts(self.tx, pairs)
        self._streaks = await repository.streaks(self.tx, users, DAILY)
        if gated:
            self._done = await repository.completed_slugs(self.tx, users)

    def run(self, user_id: UUID, quest_id: UUID) -> rules.Run | None:
        """The run under way."""
        return self._runs.get((user_id, quest_id))

    def past(self, user_id: UUID, quest_id: UUID) -> rules.Past:
        """A player's past with a quest."""
        return self._pasts.setdefault((user_id, quest_id), rules.Past())

    def availability(self, user_id: UUID, quest: rules.Quest, moment: rules.Moment) -> rules.Availability:
        """Whether the player may begin a run."""
        return rules.availability(
            quest.definition,
            self.past(user_id, quest.id),
            moment,
            level=self.players[user_id]["level"],
            done=self._done.get(user_id, frozenset()),
        )

    def now(self, user_id: UUID) -> rules.Moment:
        """This moment, on the player's calendar."""
        return moment_of(self.players[user_id], self.tx.now, self.tx.now)

    def begin(self, user_id: UUID, quest: rules.Quest, day: date, cause: Cause, *, say: bool) -> rules.Run:
        """A new run, of the period that the day lies in."""
        past = self.past(user_id, quest.id)
        past.runs += 1
        past.changed = True
        d = quest.definition
        period = rules.period_of(d.kind, day)
        run = rules.Run(
            user_id=user_id,
            quest_id=quest.id,
            completion=past.runs,
            completion_id=new_id(),
            version=quest.version,
            state="accepted",
            progress={},
            accepted_at=self.tx.now,
            expires_at=self._expiry(user_id, d, period),
            period=period,
            causation_id=cause.causation_id,
        )
        self._runs[(user_id, quest.id)] = run
        self._saved[run.completion_id] = run
        if say:
            accepted = QuestAccepted(
                user_id=user_id,
                quest_id=quest.id,
                title=d.title,
                category=d.category,
                difficulty=d.difficulty,
                completion_id=run.completion_id,
                version=run.version,
            )
            self.tx.emit(accepted, cause=cause)
        return run

    def _expiry(self, user_id: UUID, d: rules.Definition, period: str | None) -> datetime | None:
        """When a run ends by itself: its own time, the quest's window, or a day or week that nothing can fill any more."""
        times = [] if d.available_until is None else [d.available_until]
        if d.expires_after_s is not None:
            times.append(self.tx.now + timedelta(seconds=d.expires_after_s))
        after = rules.ends(period)
        if after is not None:
            times.append(start_of(zone_of(self.players[user_id], self.tx.now), after) + LATE_MAX)
        return min(times, default=None)

    def lapse(self, run: rules.Run, d: rules.Definition, cause: Cause | None = None) -> None:
        """A run's day or week is over, or its time."""
        run.state = "expired"
        self._runs.pop((run.user_id, run.quest_id), None)
        self._saved[run.completion_id] = run
        expired = QuestExpired(
            user_id=run.user_id,
            quest_id=run.quest_id,
            title=d.title,
            category=d.category,
            difficulty=d.difficulty,
            completion_id=run.completion_id,
        )
        self.tx.emit(expired, cause=cause)

    async def count(self, act: Act) -> bool:
        """Counts an act for an objective of the run under way, or of one that begins by itself."""
        place, quest = (act.user_id, act.quest.id), act.quest
        moment = moment_of(self.players[act.user_id], act.occurred_at, act.recorded_at)
        run = under_way = self._runs.get(place)
        if run is not None and rules.is_over(run, moment.day, act.recorded_at):
            self.lapse(run, quest.definition, act.cause)
            run = under_way = None
        elif run is not None and rules.is_late(run, moment.day):
            # It belongs to a day before that of the run: it counts for that day if it is all that it takes.
            if not rules.at_once(quest.definition):
                return False
            run = None
        if run is None:
            run = self._begin_by_itself(act, moment)
        elif run.version != quest.version:
            return False
        if run is None or self._used.setdefault((act.event_id, quest.id), run.completion_id) != run.completion_id:
            return False
        if not rules.count(quest.definition, run, act.objective, act.value):
            return False
        self._saved[run.completion_id] = run
        self._acts.append(
            repository.Counting(act.user_id, act.event_id, quest.id, act.objective.id, run.completion, act.value)
        )
        run.causation_id = act.cause.causation_id
        if rules.is_done(quest.definition, run.progress):
            await self._complete(act, quest, run, moment)
            if under_way is not None and under_way is not run:
                self._runs[place] = under_way
        else:
            self._progress(act, quest, run)
        return True

    def _begin_by_itself(self, act: Act, moment: rules.Moment) -> rules.Run | None:
        d = act.quest.definition
        if not act.newest or not d.auto_accept or not rules.may_count(d, {}, act.objective.id):
            return None
        if act.objective.distinct is not None and act.value is None:
            return None
        if (act.event_id, act.quest.id) in self._used:
            return None
        if d.available_until is not None and act.recorded_at >= d.available_until and not rules.at_once(d):
            return None
        if self.availability(act.user_id, act.quest, moment).state != "available":
            return None
        return self.begin(act.user_id, act.quest, moment.day, act.cause, say=not rules.at_once(d))

    def _progress(self, act: Act, quest: rules.Quest, run: rules.Run) -> None:
        d = quest.definition
        event = QuestProgressed(
            user_id=act.user_id,
            quest_id=quest.id,
            title=d.title,
            category=d.category,
            difficulty=d.difficulty,
            completion_id=run.completion_id,
            objective=act.objective.id,
            have=run.progress[act.objective.id].have,
            need=act.objective.count,
        )
        # One a batch: what a player sees is where it stands.
        self._progressed[(run.completion_id, act.objective.id)] = (event, act.cause)

    async def _complete(self, act: Act, quest: rules.Quest, run: rules.Run, moment: rules.Moment) -> None:
        d, past = quest.definition, self.past(act.user_id, quest.id)
        day = moment.day
        modifiers = rules.diminished(d, past, moment.recorded_day)
        run.state, run.completed_at, run.local_day = "completed", act.occurred_at, day
        run.recorded_at, run.recorded_day = act.recorded_at, moment.recorded_day
        run.kept_day = d.for_streak and not act.waited
        run.period = rules.complete(d, past, moment)
        del self._runs[(act.user_id, quest.id)]
        self._done[act.user_id] = self._done.get(act.user_id, frozenset()) | {d.slug}
        for objective in d.objectives:
            self._progressed.pop((run.completion_id, objective.id), None)
        said = self._say_completed(act, quest, run, day)
        if d.rewards.currencies or d.rewards.items or d.rewards.pets or d.rewards.achievements:
            reason = Reason(kind="quest", id=quest.id, title=d.title, version=quest.version, ref=str(run.completion_id))
            self.tx.emit(grant(new_id(), act.user_id, d.rewards, reason, modifiers), cause=said)
        if run.kept_day:
            await self._keep_streak(act, zone_of(self.players[act.user_id], act.occurred_at), day, said)

    def _say_completed(self, act: Act, quest: rules.Quest, run: rules.Run, day: date) -> Envelope[Any]:
        d = quest.definition
        completed = QuestCompleted(
            user_id=act.user_id,
            quest_id=quest.id,
            slug=d.slug,
            title=d.title,
            icon=d.icon,
            category=d.category,
            difficulty=d.difficulty,
            kind=d.kind,
            completion_id=run.completion_id,
            version=quest.version,
            completed_at=act.occurred_at,
            local_day=day,
        )
        return self.tx.emit(completed, cause=act.cause)

    async def _keep_streak(self, act: Act, zone: str, day: date, cause: Envelope[Any]) -> None:
        user_id = act.user_id
        streak = self._streaks.get(user_id, streaks.Streak())
        if streak.last_day == day:
            return
        self._days[(user_id, day)] = ("kept", zone)
        late = day < local_day(zone, self.tx.now)
        if streak.last_day is not None and (late or day < streak.last_day):
            # It may fill a gap that a freeze covered or that ended the streak: all days are told anew.
            await self.replay(user_id, zone, cause)
            return
        excused = await self._excused(user_id, streak.covered, day)
        self._moved(user_id, zone, streaks.keep(streak, day, excused), day, cause)

    async def _excused(self, user_id: UUID, covered: date | None, day: date) -> list[date]:
        if covered is None or (day - covered).days <= 1:
            return []
        rows = await repository.days(self.tx, user_id, DAILY, covered)
        return [row["day"] for row in rows if row["how"] == "excused"]

    def _moved(self, user_id: UUID, zone: str, moved: streaks.Moved, day: date, cause: Envelope[Any] | None) -> None:
        streak = moved.streak
        for number, frozen in enumerate(moved.frozen):
            self._days[(user_id, frozen)] = ("frozen", zone)
            left = moved.freezes_before - number - 1
            length = moved.broken or streak.length
            event = StreakFrozen(user_id=user_id, kind=DAILY, length=length, local_day=frozen, freezes_left=left)
            self.tx.emit(event, cause=cause)
        if moved.broken:
            self.tx.emit(StreakBroken(user_id=user_id, kind=DAILY, length=moved.broken, local_day=day), cause=cause)
        if moved.extended:
            self._say_extended(user_id, streak, day, cause)
        self._streaks[user_id] = streak
        self._streaks_moved.add(user_id)

    def _say_extended(self, user_id: UUID, streak: streaks.Streak, day: date, cause: Envelope[Any] | None) -> None:
        event = StreakExtended(user_id=user_id, kind=DAILY, length=streak.length, best=streak.best, local_day=day)
        self.tx.emit(event, cause=cause)

    async def replay(self, user_id: UUID, zone: str, cause: Envelope[Any] | None, *, undone: bool = False) -> None:
        """A streak from all its days: after a late act filled a gap, or (``undone``) an act was taken back."""
        await self._save_days()
        today = local_day(zone_of(self.players[user_id], self.tx.now), self.tx.now)
        rows = await repository.days(self.tx, user_id, DAILY, date.min)
        kept = [row["day"] for row in rows if row["how"] == "kept"]
        excused = [row["day"] for row in rows if row["how"] == "excused"]
        before = self._streaks.get(user_id, streaks.Streak())
        streak, frozen = streaks.replayed(kept, excused, today, best=0 if undone else before.best)
        await repository.forget_frozen(self.tx, user_id, DAILY)
        for day in frozen:
            self._days[(user_id, day)] = ("frozen", zone)
        if streak.length > before.length and streak.last_day is not None:
            self._say_extended(user_id, streak, streak.last_day, cause)
        self._streaks[user_id] = streak
        self._streaks_moved.add(user_id)

    async def sweep_streak(self, user_id: UUID) -> None:
        """Days went by without an act: a freeze covers one, or the streak ends."""
        zone = zone_of(self.players[user_id], self.tx.now)
        today = local_day(zone, self.tx.now)
        streak = self._streaks[user_id]
        excused = await self._excused(user_id, streak.covered, today)
        self._moved(user_id, zone, streaks.pass_days(streak, today, excused), today, None)

    async def _save_days(self) -> None:
        days, self._days = self._days, {}
        await repository.mark_days(self.tx, DAILY, [(user, day, *how) for (user, day), how in days.items()])

    async def save(self) -> None:
        """Writes everything back and says what moved."""
        for event, cause in self._progressed.values():
            self.tx.emit(event, cause=cause)
        await repository.save_runs(self.tx, list(self._saved.values()))
        changed = [(user, quest, past) for (user, quest), past in self._pasts.items() if past.changed]
        await repository.save_pasts(self.tx, changed)
        await repository.add_acts(self.tx, self._acts)
        await self._save_days()
        await repository.save_streaks(
            self.tx, DAILY, [(user, self._streaks[user], self._due(user)) for user in sorted(self._streaks_moved)]
        )

    def _due(self, user_id: UUID) -> datetime | None:
        """The moment at which the streak's next missed day is over."""
        covered = self._streaks[user_id].covered
        zone = zone_of(self.players[user_id], self.tx.now)
        return None if covered is None else streaks.due_at(zone, covered)
