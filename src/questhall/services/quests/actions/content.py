"""Content: quests as files, what applying them would change, and the starter pack."""

from __future__ import annotations

from questhall import starter
from questhall.contracts.quests import BadQuest, QuestArchived, QuestPublished, QuestSlugTaken
from questhall.kernel.applying import Check, ContentCalls, Contents, Outcome
from questhall.kernel.content import Entry, Fault, entries_of, faults_of
from questhall.services.quests import loops, repository, rules
from questhall.services.quests.actions.authoring import TAKERS, Authoring

CONTENTS = Contents(
    heads=repository.HEADS,
    kind=rules.Definition,
    columns=repository.columns,
    waits_for=lambda d: d.prerequisites.quests,
    published=lambda quest_id, d, version: QuestPublished(
        quest_id=quest_id, slug=d.slug, title=d.title, version=version
    ),
    archived=lambda quest_id, d: QuestArchived(quest_id=quest_id, slug=d.slug, title=d.title),
    taken=QuestSlugTaken,
    lock=repository.lock_authoring,
)


class Content(ContentCalls, Authoring):
    """The content calls of the contract."""

    contents = CONTENTS

    async def _authored(self) -> None:
        await self.refresh()

    async def _check(self) -> Check[rules.Definition]:
        currencies = await self._currencies()
        return lambda outcome: faults_in(outcome, currencies)


def faults_in(outcome: Outcome[rules.Definition], currencies: frozenset[str]) -> list[Fault]:
    """What of changed quests can't be saved or published beside all others."""
    faults = [fault for entry in outcome.changed for fault in _unplayable(entry, currencies)]
    for entry in outcome.changed:
        if entry.status == "published":
            faults += [
                Fault(
                    slug=entry.slug, pointer=f"#/prerequisites/quests/{n}", detail=f"there is no published quest {slug}"
                )
                for n, slug in enumerate(entry.definition.prerequisites.quests)
                if slug not in outcome.published
            ]
    cycle = None if faults or not outcome.changed else loops.cycle_of(outcome.published.values())
    if cycle is not None:
        changed = {entry.slug for entry in outcome.changed}
        slug = next((slug for slug in cycle if slug in changed), cycle[0])
        detail = f"these set each other off, or wait for each other: {' -> '.join(cycle)}"
        faults.append(Fault(slug=slug, pointer="#", detail=detail))
    return faults


def _unplayable(entry: Entry[rules.Definition], currencies: frozenset[str]) -> list[Fault]:
    faults: list[Fault] = []
    for under, d in (("", entry.definition), ("/draft", entry.draft)):
        if d is not None:
            try:
                rules.check(d, currencies=currencies, takers=TAKERS)
            except BadQuest as refusal:
                faults += faults_of(entry.slug, refusal.errors, under=under)
    return faults


def templates() -> list[rules.Definition]:
    """The quests of the starter pack."""
    entries, _ = entries_of(starter.pack("quests"), rules.Definition)
    return [entry.definition for entry in entries]
