"""What achievements can do."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.achievements import (
    AchievementNotFound,
    AchievementSlugTaken,
    NotEarned,
)
from questhall.contracts.identity import Identity, UserBrief
from questhall.kernel.background import BackgroundJob, enqueue, job_state, wait_for_step
from questhall.kernel.calendar import skipped_days, zone_at
from questhall.kernel.contract import ArchivePart, Envelope, Forgotten, JobState, Origin, Reverted, Step
from questhall.kernel.database import Record, Tx
from questhall.kernel.forgetting import forget_traces
from questhall.kernel.forgoing import forgo
from questhall.kernel.sections import archive_part
from questhall.kernel.service import Site
from questhall.services.achievements import giving, repository, rules
from questhall.services.achievements.backfill import KIND, Asked, Backfill
from questhall.services.achievements.board import Board
from questhall.services.achievements.catalogue import Catalogue
from questhall.services.achievements.content import Content, published
from questhall.services.achievements.engine import Engine
from questhall.services.achievements.rulebook import Rulebook


class AchievementsActions(Content):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self.identity = at.stub(Identity)
        self.book = Rulebook((), {})
        self.catalogue = Catalogue(at)
        self.board = Board(at)

    async def start(self) -> None:
        """Learns what can be earned."""
        await self.refresh()

    async def refresh(self) -> None:
        """Reads the newest versions again."""
        async with self.at.db.read() as tx:
            self.book = Rulebook(await repository.HEADS.newest(tx), await repository.slugs(tx))

    async def _authored(self) -> None:
        """What was published or archived holds, and is shown, from now on."""
        await self.refresh()
        await self.catalogue.renew()

    # What is heard

    async def count_events(self, tx: Tx, events: list[Envelope[Any]]) -> None:
        """Moves counters by a batch of events, awards what is reached and takes back what was lost, set-based."""
        await Engine(tx, self.book).count(events)

    @staticmethod
    async def set_zone(tx: Tx, user_id: UUID, zone: str, since: datetime | None) -> None:
        """A player's zone, from a moment on; local days that it jumps over end no streak."""
        skipped = []
        player = (await repository.players(tx, [user_id])).get(user_id)
        if since is not None and player is not None:
            before = zone_at(player["timezone"], player["zone_before"], player["zone_from"], since)
            skipped = skipped_days(before, zone, since)
        await repository.set_zone(tx, user_id, zone, since, skipped)

    # Authoring

    async def create(self, tx: Tx, definition: rules.Definition) -> Record:
        """A draft. Refuses ``bad_achievement``, ``slug_taken``."""
        rules.check(definition)
        row = await repository.HEADS.add(tx, repository.columns(definition))
        if row is None:
            raise AchievementSlugTaken
        return row

    async def change(self, achievement_id: UUID, edit: int, definition: rules.Definition) -> Record:
        """Changes the head; what is earned changes when it is published. Refuses ``stale``, ``bad_achievement``."""
        rules.check(definition)
        async with self.at.db.tx() as tx:
            row = await repository.HEADS.head(tx, achievement_id)
            if row is None:
                raise AchievementNotFound
            if row["slug"] != definition.slug:
                raise AchievementSlugTaken("the slug stays as it is")
            return await repository.HEADS.change(tx, achievement_id, edit, repository.columns(definition))

    async def publish(self, achievement_id: UUID) -> Record:
        """The head becomes the next version, if it is not the newest already.

        Refuses ``rule_cycle`` with the cycle, ``bad_achievement`` for a badge that waits for one that there is not.
        """
        async with self.at.db.tx() as tx:
            row = await self._publish(tx, achievement_id)
        await self._authored()
        return row

    async def _publish(self, tx: Tx, achievement_id: UUID) -> Record:
        # One at a time: two halves of a cycle could not see each other.
        await repository.lock_publishing(tx)
        row = await repository.HEADS.head(tx, achievement_id, lock=True)
        if row is None:
            raise AchievementNotFound
        definition = _definition(row["definition"])
        newest = await repository.HEADS.newest(tx)
        if any(r["achievement_id"] == achievement_id and _definition(r["definition"]) == definition for r in newest):
            return row
        others = [_definition(r["definition"]) for r in newest if r["achievement_id"] != achievement_id]
        rules.check(definition)
        rules.check_waiting(definition, others, (await repository.slugs(tx)).values())
        changed = await repository.HEADS.publish(tx, row)
        tx.emit(published(achievement_id, definition, changed["version"]))
        return changed

    async def archive(self, achievement_id: UUID) -> Record:
        """It can be earned no longer; who has it keeps it. Refuses ``achievement_not_found``, also for a draft."""
        async with self.at.db.tx() as tx:
            row = await repository.HEADS.head(tx, achievement_id, lock=True)
            if row is None or row["status"] == "draft":
                raise AchievementNotFound
            changed = await repository.HEADS.archive(tx, row)
        await self._authored()
        return changed

    async def reveal(self, user_id: UUID, achievement_id: UUID) -> None:
        """The player opens a badge. Refuses ``achievement_not_found``, also for a draft, and ``not_earned``."""
        async with self.at.db.tx() as tx:
            if not await repository.reveal(tx, user_id, achievement_id):
                row = await repository.HEADS.head(tx, achievement_id)
                raise AchievementNotFound if row is None or row["status"] == "draft" else NotEarned

    async def show_first(self, user_id: UUID, achievement_ids: list[UUID]) -> None:
        """Which badges a player's profile shows first, in this order. Refuses ``not_earned``."""
        async with self.at.db.tx() as tx:
            if not await repository.showcase(tx, user_id, achievement_ids):
                raise NotEarned("only badges that you have can be shown")

    # By hand

    async def give(
        self, tx: Tx, achievement_id: UUID, user: UserBrief, *, tier: str | None, reason: str
    ) -> repository.NewAward:
        """See ``giving.give``."""
        return await giving.give(tx, self.book, achievement_id, user.user_id, tier=tier, reason=reason)

    async def take(self, tx: Tx, achievement_id: UUID, user: UserBrief, *, tier: str | None, reason: str) -> list[UUID]:
        """See ``giving.take``."""
        return await giving.take(tx, self.book, achievement_id, user.user_id, tier=tier, reason=reason)

    # In the background

    async def ask_for_backfill(self, achievement_id: UUID, asker: UUID) -> JobState:
        """Counts what happened before the badge was published, too. Refuses ``achievement_not_found``."""
        if achievement_id not in self.book.badges:
            raise AchievementNotFound
        async with self.at.db.tx() as tx:
            return await enqueue(
                tx,
                KIND,
                Asked(achievement_id=achievement_id),
                owner=asker,
                permission="achievements:write",
                about=str(achievement_id),
            )

    async def backfill(self, job: BackgroundJob) -> None:
        """Does a backfill, step by step, by the rules as they are at each."""
        work = Backfill(self.at, job)
        try:
            while not await work.step(self.book):
                pass
        finally:
            await work.close()

    async def job(self, job_id: UUID) -> JobState | None:
        """See the contract."""
        return await job_state(self.at.db, job_id)

    async def count_holders(self) -> None:
        """Tells anew how many hold each badge, what is shown, and who is on the board."""
        async with self.at.db.tx() as tx:
            await repository.count_holders(tx)
            await repository.renew_board(tx, rules.WEIGHTS)
        await self.catalogue.renew()
        await self.board.renew()

    # One person

    async def archive_of(self, user_id: UUID, after: str | None) -> ArchivePart:
        """See the contract: ``badges``, ``progress``."""
        return await archive_part(self.at.db, repository.SECTIONS, user_id, after)

    async def forget(self, user_id: UUID, names: list[str], after: str | None) -> Forgotten:
        """See the contract: their zone, what was told apart in their acts, and reasons that somebody wrote."""
        async with self.at.db.tx() as tx:
            # Either a backfill's step has counted their acts, and those are there to be forgotten; or the next leaves them out.
            await wait_for_step(tx, KIND)
            await repository.forget(tx, user_id)
            pending = await forget_traces(tx, user_id, names)
        await self.board.renew()
        return Forgotten(pending=pending)

    # Undoing and why

    async def revert(self, event_ids: list[UUID]) -> Reverted:
        """See the contract: these events count no more; awards that their own rule would not give now are taken back."""
        async with self.at.db.tx() as tx:
            # Either a backfill's step has counted them, and they are there to be taken back; or the next finds them undone.
            await wait_for_step(tx, KIND)
            await repository.mark_undone(tx, event_ids)
            await forgo(tx, event_ids)
            engine = Engine(tx, self.book)
            places = set(await engine.uncount(event_ids))
            users = {user_id for user_id, _ in places} | set(await repository.caused_by(tx, event_ids))
            awards = [
                award
                for award in await repository.awards_standing(tx, sorted(users))
                if (award["user_id"], award["achievement_id"]) in places or award["causation_id"] in event_ids
            ]
            gone = await engine.judge(awards, undone=event_ids)
        return Reverted(undone=gone)

    async def explain(self, kind: str, effect_id: str) -> Origin | None:
        """See the contract: a ``badge`` by the id of its award."""
        try:
            identifier = UUID(effect_id)
        except ValueError:
            return None
        async with self.at.db.read() as tx:
            row = await repository.award_by_id(tx, identifier)
        if row is None:
            return None
        step = Step(
            kind="badge",
            title=f"{row['name']} ({row['tier']})" if row["tier"] else row["name"],
            detail=_by_hand(row["reason"]) if row["reason"] is not None else f"{row['rarity']} badge",
            time=row["awarded_at"],
            actor=row["actor"],
            rule={
                "kind": "achievement",
                "id": str(row["achievement_id"]),
                "title": row["name"],
                "version": row["rule_version"],
            },
            facts={"award_id": str(row["award_id"]), "requested": False},
        )
        return Origin(
            owner=row["user_id"], step=step, causation_id=row["causation_id"], correlation_id=row["correlation_id"]
        )


def _by_hand(reason: str) -> str:
    return f"by hand: {reason}" if reason else "by hand"


def _definition(text: str) -> rules.Definition:
    return msgspec.json.decode(text, type=rules.Definition)
