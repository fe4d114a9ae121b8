"""The rules that hold, compiled: found by the event that can move them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from questhall.kernel.database import Record, Tx
from questhall.services.achievements import repository, rules


class Rulebook:
    """What could be earned at one moment; another takes its place when something is published.

    Older versions are read when they are asked for.
    """

    def __init__(self, rows: Iterable[Record], slugs: dict[UUID, str]) -> None:
        self.badges: dict[UUID, rules.Badge] = {}
        self.slugs = slugs
        """Of every badge that there is."""
        self.by_type: dict[str, list[tuple[rules.Badge, rules.Leaf]]] = {}
        self.by_level: list[rules.Badge] = []
        self.by_slug: dict[str, list[rules.Badge]] = {}
        """Badges that wait for another."""
        for badge in map(_compiled, rows):
            self._add(badge)
        self._ids = {slug: badge_id for badge_id, slug in slugs.items()}
        self._older: dict[UUID, dict[int, rules.Badge]] = {}

    def _add(self, badge: rules.Badge) -> None:
        self.badges[badge.id] = badge
        for leaf in badge.leaves.values():
            self.by_type.setdefault(leaf.node.event or "", []).append((badge, leaf))
        for slug in badge.waits_for:
            self.by_slug.setdefault(slug, []).append(badge)
        if badge.levels:
            self.by_level.append(badge)

    def ids(self, slugs: Iterable[str]) -> set[UUID]:
        """Ids of badges by slug; those that there are."""
        return {self._ids[slug] for slug in slugs if slug in self._ids}

    def only(self, badge_id: UUID) -> Rulebook:
        """The same with one badge alone, by which others are named as before."""
        book = Rulebook((), self.slugs)
        book._add(self.badges[badge_id])
        return book

    async def versions(self, tx: Tx, badge_ids: Iterable[UUID]) -> dict[UUID, dict[int, rules.Badge]]:
        """Every version of these badges, by number."""
        wanted = set(badge_ids)
        unread = sorted(wanted - self._older.keys())
        if unread:
            for badge_id in unread:
                self._older[badge_id] = {}
            for row in await repository.versions(tx, unread):
                self._older[row["achievement_id"]][row["version"]] = _compiled(row)
        return {badge_id: self._older[badge_id] for badge_id in wanted}


def _compiled(row: Record) -> rules.Badge:
    definition = msgspec.json.decode(row["definition"], type=rules.Definition)
    return rules.compiled(row["achievement_id"], row["version"], definition)
