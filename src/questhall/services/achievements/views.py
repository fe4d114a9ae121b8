"""Badges as players see them: with their own standing, and secrets veiled."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, cast
from uuid import UUID

import msgspec

from questhall.kernel.calendar import local_day, zone_at
from questhall.kernel.database import Record, Tx
from questhall.services.achievements import repository, rules
from questhall.services.achievements.actions import AchievementsActions
from questhall.services.achievements.catalogue import Head, Shown

Status = Literal["draft", "published", "archived"]
VEIL = rules.Definition(
    slug="secret",
    name=rules.SECRET_NAME,
    description="A secret badge. Keep going.",
    icon="locked",
    requirements=rules.Requirement(manual=True),
    secret=True,
)
"""What is shown of a secret badge."""


class AwardView(msgspec.Struct, frozen=True, kw_only=True):
    """One award: a badge, or a tier of it."""

    award_id: UUID
    tier: str | None
    awarded_at: datetime
    rule_version: int
    revoked_at: datetime | None
    by_hand: bool
    """Given by a person, rather than by the rule."""
    reason: str | None
    """What that person wrote; told to its holder alone."""


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """A player's own standing, as of now: ``have`` of the ``need`` of the next tier, or of the conditions."""

    have: int
    need: int
    fraction: float
    tier: str | None
    earned_date: datetime | None
    revealed_at: datetime | None
    showcased: int | None
    """Its place among the badges that the profile shows first, from 1."""
    awards: list[AwardView]


class AchievementView(msgspec.Struct, frozen=True, kw_only=True):
    """A badge, with a player's own standing. A secret one that was not earned is veiled."""

    id: UUID
    slug: str
    name: str
    description: str
    icon: str
    icon_url: str
    category: rules.Category
    rarity: rules.Rarity
    secret: bool
    series: str | None
    tiers: list[rules.Tier]
    requirements: rules.Requirement | None
    xp_reward: int
    prerequisites: list[str]
    status: Status
    version: int
    edit: int
    """What ``If-Match`` takes."""
    holders: int
    holders_percent: float
    mine: Mine | None


class DraftView(msgspec.Struct, frozen=True, kw_only=True):
    """A badge that was just authored: the head, without anybody's standing."""

    id: UUID
    slug: str
    status: Status
    version: int
    edit: int
    """What ``If-Match`` takes."""


class _Player(msgspec.Struct, kw_only=True):
    """What views need of one player."""

    rows: dict[UUID, Record]
    awards: dict[UUID, list[Record]]
    state: rules.State
    now: tuple[datetime, date]

    def earned(self, badge_id: UUID) -> bool:
        row = self.rows.get(badge_id)
        return row is not None and row["earned_date"] is not None


class Wall:
    """Views of badges with the standing of one player, as another (or the same) may see them."""

    def __init__(self, actions: AchievementsActions, shown: Shown) -> None:
        self._actions = actions
        self._shown = shown
        self._own = False
        self._owner: _Player
        self._veiled: dict[str, UUID] = {}
        """Secret badges that whoever looks has not earned, by slug."""

    @classmethod
    async def of(cls, actions: AchievementsActions, owner: UUID, viewer: UUID) -> Wall:
        """The badges of ``owner`` for the eyes of ``viewer``."""
        wall = cls(actions, await actions.catalogue.read())
        wall._own = owner == viewer
        async with actions.at.db.read() as tx:
            wall._owner = await _player(tx, actions, owner)
            looking = wall._owner if owner == viewer else await _player(tx, actions, viewer)
        secrets = [head for head in wall._shown.heads if head.definition.secret]
        wall._veiled = {head.definition.slug: head.id for head in secrets if not looking.earned(head.id)}
        return wall

    @property
    def heads(self) -> list[Head]:
        """What was ever published, oldest first."""
        return self._shown.heads

    def head(self, achievement_id: UUID) -> Head | None:
        """One of them."""
        return next((head for head in self.heads if head.id == achievement_id), None)

    def earned(self) -> list[Head]:
        """What the owner has."""
        return [head for head in self.heads if self._owner.earned(head.id)]

    def view(self, head: Head) -> AchievementView:
        """A badge for whoever looks."""
        badge = self._actions.book.badges.get(head.id)
        if badge is None or badge.version != head.version:
            badge = rules.compiled(head.id, head.version, head.definition)
        d, slug, mine = head.definition, head.definition.slug, self._mine(badge)
        if slug in self._veiled:
            d = msgspec.structs.replace(VEIL, category=d.category, rarity=d.rarity)
            slug = rules.secret_slug(head.id)
            mine = Mine(
                have=0, need=1, fraction=0.0, tier=None, earned_date=None, revealed_at=None, showcased=None, awards=[]
            )
        elif self._veiled.keys() & rules.named(d).keys():
            d = rules.veiled(d, lambda name: rules.secret_slug(self._veiled[name]) if name in self._veiled else name)
        hidden = d is not head.definition and slug != head.definition.slug
        return AchievementView(
            slug=slug,
            icon_url="/badges/secret.svg" if hidden else rules.icon_url(d),
            requirements=None if hidden else d.requirements,
            status=cast("Status", head.status),
            holders_percent=self._shown.percent(head.holders),
            mine=mine,
            **{name: getattr(head, name) for name in ("id", "version", "edit", "holders")},
            **{name: getattr(d, name) for name in _COPIED},
        )

    def _mine(self, badge: rules.Badge) -> Mine:
        row, awards = self._owner.rows.get(badge.id), self._owner.awards.get(badge.id, [])
        progress = msgspec.json.decode(row["progress"], type=rules.Progress) if row is not None else {}
        stands = rules.standing(badge, progress, self._owner.state, self._owner.now)
        order = [tier.name for tier in badge.definition.tiers]
        good = {award["tier"] for award in awards if award["revoked_at"] is None}
        tiers = [name for name in order if name in good]
        complete = bool(good) and len(tiers) == len(order)
        # What was earned stays earned, whatever a newer version asks for.
        have = stands.need if complete else stands.have
        return Mine(
            have=have,
            need=stands.need,
            fraction=round(have / stands.need, 4),
            tier=tiers[-1] if tiers else None,
            earned_date=row["earned_date"] if row is not None else None,
            revealed_at=row["revealed_at"] if row is not None else None,
            showcased=row["showcased"] if row is not None else None,
            awards=[
                AwardView(
                    award_id=award["award_id"],
                    tier=award["tier"] or None,
                    awarded_at=award["awarded_at"],
                    rule_version=award["rule_version"],
                    revoked_at=award["revoked_at"],
                    by_hand=award["reason"] is not None,
                    reason=award["reason"] if self._own else None,
                )
                for award in awards
            ],
        )


_COPIED = (
    "name",
    "description",
    "icon",
    "category",
    "rarity",
    "secret",
    "series",
    "tiers",
    "xp_reward",
    "prerequisites",
)


def drafted(row: Record) -> AchievementView:
    """A head as its author last saved it, without anybody's standing."""
    d: Any = msgspec.json.decode(row["definition"], type=rules.Definition)
    return AchievementView(
        slug=d.slug,
        icon_url=rules.icon_url(d),
        requirements=d.requirements,
        holders=0,
        holders_percent=0.0,
        mine=None,
        **{name: row[name] for name in ("id", "status", "version", "edit")},
        **{name: getattr(d, name) for name in _COPIED},
    )


async def _player(tx: Tx, actions: AchievementsActions, user_id: UUID) -> _Player:
    rows = await repository.mine(tx, user_id)
    awards: dict[UUID, list[Record]] = {}
    for award in await repository.awards_of(tx, user_id):
        awards.setdefault(award["achievement_id"], []).append(award)
    player = (await repository.players(tx, [user_id])).get(user_id)
    state, now, zone = rules.State(), actions.at.clock.now(), "UTC"
    if player is not None:
        state = rules.State(level=player["level"], skipped=player["skipped"])
        zone = zone_at(player["timezone"], player["zone_before"], player["zone_from"], now)
    slugs = actions.book.slugs
    held = [badge_id for badge_id, given in awards.items() if any(award["revoked_at"] is None for award in given)]
    state.held = {slugs[badge_id] for badge_id in held if badge_id in slugs}
    return _Player(rows=rows, awards=awards, state=state, now=(now, local_day(zone, now)))
