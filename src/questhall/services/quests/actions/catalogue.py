"""What can be played: the newest versions, and those with runs under way."""

from __future__ import annotations

from uuid import UUID

import msgspec

from questhall.contracts.currency import Currency
from questhall.contracts.quests import QuestNotFound
from questhall.kernel.database import Record, Tx
from questhall.kernel.service import Site
from questhall.services.quests import repository, rules


class Catalogue:
    """The versions that are played, in memory."""

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
            quest = quest_of(row)
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
            self._older[place] = quest_of((await repository.versions(tx, [place]))[0])
        return self._older[place]

    def playable(self, quest_id: UUID) -> rules.Quest:
        """The newest version. Refuses ``quest_not_found``."""
        quest = self._playable.get(quest_id)
        if quest is None:
            raise QuestNotFound
        return quest


def quest_of(row: Record) -> rules.Quest:
    """A version as it can be played."""
    return rules.Quest(id=row["quest_id"], version=row["version"], definition=definition_of(row))


def definition_of(row: Record) -> rules.Definition:
    """What an author wrote, of a head or of a version."""
    return msgspec.json.decode(row["definition"], type=rules.Definition)
