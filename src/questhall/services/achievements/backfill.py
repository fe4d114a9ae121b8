"""Backfill: a badge counts what happened before it was published, from the log, by a background job.

What counts is an event, once: its acts (player, event, badge, counter) say whether it did, looked at under the lock of the
player's progress, here and where live events are counted in places that a backfill has been to. A counter is the fold of its
events, in whatever order. So past and present may be counted side by side, and nothing has to be held back meanwhile.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec

from questhall.contracts.achievements import AchievementNotFound
from questhall.contracts.audit import Audit, LogPart, LogPlace
from questhall.kernel.background import BackgroundJob, NotReady
from questhall.kernel.ids import first_id
from questhall.kernel.service import Site
from questhall.services.achievements import repository, rules
from questhall.services.achievements.engine import Engine
from questhall.services.achievements.rulebook import Rulebook

KIND = "backfill"

PART = 250
"""Events, or players, of one step: it takes milliseconds, so that others are not kept waiting."""
ASKED_AT_ONCE = 5000
LOGGED_WITHIN = timedelta(hours=1)
"""The log takes an event over within moments; one that it parks, within this."""
WAIT_MAX = timedelta(minutes=10)
"""What the log has not taken over by then waits for an operator there; nothing else waits for it."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which badge."""

    achievement_id: UUID


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """Where a backfill goes on: in the log up to ``until``, then, with ``players``, from player to player."""

    version: int
    """Of the badge. Another one meanwhile: all anew, and what counts the same is counted already."""
    until: int
    after: LogPlace | None = None
    players: bool = False
    player: UUID | None = None
    awarded: int = 0


class Backfill:
    """One job in hand."""

    def __init__(self, at: Site, job: BackgroundJob) -> None:
        self._at = at
        self._audit = at.stub(Audit)
        self._job = job
        self._ahead: asyncio.Task[LogPart] | None = None

    async def step(self, book: Rulebook) -> bool:
        """Goes one step on by the rules that hold now; whether it was the last. Refuses ``achievement_not_found``."""
        badge = book.badges.get(self._job.arguments(Asked).achievement_id)
        if badge is None:
            raise AchievementNotFound("it can't be earned any longer")
        reached = self._job.state(Reached)
        if reached is None or reached.version != badge.version:
            await self._begin(badge)
        elif reached.players:
            return await self._look(book, badge, reached)
        else:
            return await self._count(book, badge, reached)
        return False

    async def close(self) -> None:
        """Ends what was read ahead."""
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.gather(self._ahead, return_exceptions=True)
            self._ahead = None

    async def _begin(self, badge: rules.Badge) -> None:
        await self.close()
        await self._await_log()
        until = await self._audit.position()
        total = await self._audit.count_log(_types(badge), until)
        async with self._job.step() as tx:
            by_state = bool(badge.levels or badge.waits_for)
            self._job.done, self._job.total = 0, total + (await repository.count_players(tx) if by_state else 0)
            self._job.go_on_from(Reached(version=badge.version, until=until, players=not badge.leaves))

    async def _await_log(self) -> None:
        """What was heard here before the rule held is counted from the log alone: so the log has to have it."""
        now = self._at.db.real_now()
        async with self._at.db.read() as tx:
            heard = await repository.handled(tx, first_id(now - LOGGED_WITHIN), first_id(now + LOGGED_WITHIN))
        for first in range(0, len(heard), ASKED_AT_ONCE):
            late = await self._audit.unlogged(heard[first : first + ASKED_AT_ONCE])
            if late and self._job.age < WAIT_MAX:
                raise NotReady
            if late:
                self._at.log.warning("backfill_without", job=str(self._job.id), events=len(late))

    async def _count(self, book: Rulebook, badge: rules.Badge, reached: Reached) -> bool:
        part = await (self._ahead or self._read(badge, reached, reached.after))
        self._ahead = None
        if part.next is not None:
            self._ahead = asyncio.create_task(self._read(badge, reached, part.next), name="backfill read ahead")
        async with self._job.step() as tx:
            undone = await repository.undone(tx, [event.id for event in part.events])
            gone = {str(user_id) for user_id in await repository.erased(tx, _people(part))}
            engine = Engine(tx, book.only(badge.id), backfill=True)
            await engine.count([event for event in part.events if event.id not in undone and event.subject not in gone])
            return self._advance(badge, reached, len(part.events), engine.awarded, after=part.next)

    async def _read(self, badge: rules.Badge, reached: Reached, after: LogPlace | None) -> LogPart:
        return await self._audit.read_log(_types(badge), reached.until, after, PART)

    async def _look(self, book: Rulebook, badge: rules.Badge, reached: Reached) -> bool:
        async with self._job.step() as tx:
            players = await repository.player_ids(tx, reached.player, PART)
            engine = Engine(tx, book.only(badge.id), backfill=True)
            there = sorted(set(players) - await repository.erased(tx, players))
            if there:
                await engine.look(badge, there)
            last = players[-1] if len(players) == PART else None
            return self._advance(badge, reached, len(players), engine.awarded, player=last)

    def _advance(
        self,
        badge: rules.Badge,
        reached: Reached,
        done: int,
        awarded: int,
        *,
        after: LogPlace | None = None,
        player: UUID | None = None,
    ) -> bool:
        self._job.done += done
        awarded += reached.awarded
        by_state = not reached.players and after is None and bool(badge.levels or badge.waits_for)
        if after is None and player is None and not by_state:
            self._job.total = self._job.done
            self._job.finish({"looked_at": self._job.done, "awarded": awarded})
            return True
        players = reached.players or by_state
        self._job.go_on_from(
            msgspec.structs.replace(reached, after=after, players=players, player=player, awarded=awarded)
        )
        return False


def _people(part: LogPart) -> set[UUID]:
    return {UUID(subject) for subject in {event.subject for event in part.events}}


def _types(badge: rules.Badge) -> list[str]:
    return sorted({leaf.node.event for leaf in badge.leaves.values() if leaf.node.event is not None})
