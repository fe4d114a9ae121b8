"""Content: badges as files, what applying them would change, and the starter pack."""

from __future__ import annotations

from uuid import UUID

from questhall import starter
from questhall.contracts.achievements import (
    AchievementPublished,
    Achievements,
    AchievementSlugTaken,
    BadAchievement,
    RuleCycle,
)
from questhall.kernel.applying import Check, ContentCalls, Contents, Outcome
from questhall.kernel.content import Entry, Fault, entries_of, faults_of
from questhall.services.achievements import repository, rules


def published(achievement_id: UUID, d: rules.Definition, version: int) -> AchievementPublished:
    """What is said of a new version. Everybody is told, so a secret one is veiled here too."""
    slug, name = (rules.secret_slug(achievement_id), rules.SECRET_NAME) if d.secret else (d.slug, d.name)
    return AchievementPublished(achievement_id=achievement_id, slug=slug, name=name, version=version)


CONTENTS = Contents(
    heads=repository.HEADS,
    kind=rules.Definition,
    columns=repository.columns,
    waits_for=rules.named,
    published=published,
    taken=AchievementSlugTaken,
    lock=repository.lock_publishing,
)


class Content(ContentCalls, Achievements):
    """The content calls of the contract."""

    contents = CONTENTS

    async def _check(self) -> Check[rules.Definition]:
        return faults_in


def faults_in(outcome: Outcome[rules.Definition]) -> list[Fault]:
    """What of changed badges can't be saved or published beside all others."""
    faults = [fault for entry in outcome.changed for fault in _unearnable(entry)]
    if faults:
        return faults
    cycle: list[str] = []
    changed = {entry.slug: entry.definition for entry in outcome.changed if entry.status == "published"}
    for slug, d in changed.items():
        try:
            rules.check_waiting(d, [o for other, (_, o) in outcome.published.items() if other != slug], outcome.known)
        except BadAchievement as refusal:
            faults += faults_of(slug, refusal.errors)
        except RuleCycle as refusal:  # of all that is published: each one that is asked about tells the same
            cycle = refusal.extra["cycle"]
    if cycle:
        slug = next((one for one in cycle if one in changed), cycle[0])
        faults.append(Fault(slug=slug, pointer="#", detail=f"these wait for each other: {' needs '.join(cycle)}"))
    return faults


def _unearnable(entry: Entry[rules.Definition]) -> list[Fault]:
    faults: list[Fault] = []
    for under, d in (("", entry.definition), ("/draft", entry.draft)):
        if d is not None:
            try:
                rules.check(d)
            except BadAchievement as refusal:
                faults += faults_of(entry.slug, refusal.errors, under=under)
    return faults


def templates() -> list[rules.Definition]:
    """The badges of the starter pack."""
    entries, _ = entries_of(starter.pack("achievements"), rules.Definition)
    return [entry.definition for entry in entries]
