"""Authoring: drafts, versions, what is offered no longer."""

from __future__ import annotations

from uuid import UUID

from questhall.contracts.quests import (
    BadQuest,
    IllegalMove,
    QuestArchived,
    QuestNotFound,
    QuestPublished,
    QuestSlugTaken,
    RuleCycle,
)
from questhall.kernel.database import Record, Tx
from questhall.kernel.rpc import ServiceAbsent
from questhall.services.quests import loops, repository, rules
from questhall.services.quests.actions.catalogue import Catalogue, definition_of

TAKERS: frozenset[str] = frozenset()
"""Kinds of reward parts, beside currencies, that are taken by services of today."""


class Authoring(Catalogue):
    """What authors do."""

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
        row = await repository.HEADS.add(tx, repository.columns(definition))
        if row is None:
            raise QuestSlugTaken
        return row

    async def change(self, quest_id: UUID, edit: int, definition: rules.Definition) -> Record:
        """Changes the head; what is played changes when it is published. Refuses ``stale``, ``bad_quest``."""
        await self.check(definition)
        async with self.at.db.tx() as tx:
            row = await repository.HEADS.head(tx, quest_id)
            if row is None:
                raise QuestNotFound
            if row["slug"] != definition.slug:
                raise QuestSlugTaken("the slug stays as it is")
            return await repository.HEADS.change(tx, quest_id, edit, repository.columns(definition))

    async def publish(self, tx: Tx, quest_id: UUID) -> None:
        """The head becomes the next version; runs under way finish under theirs. ``refresh`` after the commit.

        Refuses ``quest_not_found``, ``bad_quest`` (it needs a quest that nobody can play), ``rule_cycle``.
        """
        row = await repository.HEADS.head(tx, quest_id, lock=True)
        if row is None:
            raise QuestNotFound
        definition = definition_of(row)
        others = [(o["quest_id"], definition_of(o)) for o in await repository.newest(tx) if o["quest_id"] != quest_id]
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
        changed = await repository.HEADS.publish(tx, row)
        tx.emit(QuestPublished(quest_id=quest_id, slug=row["slug"], title=definition.title, version=changed["version"]))

    async def archive(self, quest_id: UUID) -> None:
        """No new runs; those under way may be finished. Refuses ``quest_not_found``, ``illegal_move``."""
        async with self.at.db.tx() as tx:
            row = await repository.HEADS.head(tx, quest_id, lock=True)
            if row is None:
                raise QuestNotFound
            if row["status"] != "published":
                raise IllegalMove("only what is published can be archived", allowed=["publish"])
            await repository.HEADS.archive(tx, row)
            tx.emit(QuestArchived(quest_id=quest_id, slug=row["slug"], title=row["title"]))
        await self.refresh()
