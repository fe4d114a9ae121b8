"""The language of requirements: what a badge asks for, as data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Literal
from uuid import UUID

import msgspec

EVENTS = (
    "activity.recorded",
    "quest.completed",
    "quest.accepted",
    "user.login",
    "streak.extended",
    "level.reached",
    "badge.earned",
    "currency.credited",
)
"""Types that a requirement may count: what services of today say about a player. Others are refused when they are saved,
since a rule that waits for what nobody says can't be earned; a service that says more adds its types here."""
LEAVES_MAX = 20
COUNT_MAX = 1_000_000
TIERS_MAX = 20
STREAK_MAX = 3650
"""Days."""
XP_MAX = 100_000

SECRET_NAME = "???"

WEIGHTS = {"common": 1, "rare": 5, "epic": 25, "legendary": 125}
"""What a badge of each rarity weighs on the rare board."""
SHOWCASE_MAX = 6

Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$(?!\n)")]
Category = Literal["milestone", "streak", "mastery", "social", "special"]
Rarity = Literal["common", "rare", "epic", "legendary"]


class Requirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One node of a rule: exactly one of counting an event, a streak of days, a level, a badge, by hand, or a combination."""

    event: str | None = None
    where: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    """CEL over ``data`` and ``event``; what it does not hold for is not counted."""
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)] | None = None
    """How many (1 if left out); of a badge with tiers, their counts hold instead."""
    distinct: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """CEL whose different values are counted; an event without one is not counted."""
    sum: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """CEL whose numbers are added up to ``count``: the whole part of each, and only those of 1 and more."""
    window: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    """ISO 8601 duration in days and hours, such as P7D: so many within any stretch of that length, by when they occurred."""
    streak: Annotated[int, msgspec.Meta(ge=2, le=STREAK_MAX)] | None = None
    """So many of the player's local days in a row, each with a matching event."""
    level: Annotated[int, msgspec.Meta(ge=2, le=1000)] | None = None
    badge: Slug | None = None
    """Slug of another badge: any tier of it."""
    manual: Literal[True] | None = None
    all: list[Requirement] | None = None
    any: list[Requirement] | None = None
    n_of: Annotated[int, msgspec.Meta(ge=1, le=LEAVES_MAX)] | None = None
    of: list[Requirement] | None = None


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of a badge; all share one counter."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,19}$(?!\n)")]
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]
    xp_reward: Annotated[int, msgspec.Meta(ge=0, le=XP_MAX)] = 0


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A badge as authored."""

    slug: Slug
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    description: Annotated[str, msgspec.Meta(max_length=500)] = ""
    icon: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$(?!\n)")] = "star"
    category: Category = "milestone"
    requirements: Requirement
    xp_reward: Annotated[int, msgspec.Meta(ge=0, le=XP_MAX)] = 0
    """What the badge pays; each tier pays its own instead."""
    rarity: Rarity = "common"
    secret: bool = False
    tiers: Annotated[list[Tier], msgspec.Meta(max_length=TIERS_MAX)] = []
    series: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    prerequisites: Annotated[list[Slug], msgspec.Meta(max_length=LEAVES_MAX)] = []
    """Slugs of badges without which this one is not awarded; its counter moves meanwhile."""


def icon_url(d: Definition) -> str:
    """Where the page has a badge's picture: by what is drawn, so that an author's badge has one too."""
    return f"/badges/{d.rarity}/{d.icon}.svg"


def secret_slug(achievement_id: UUID) -> str:
    """What stands for the slug of a secret badge until it is earned."""
    return f"secret-{achievement_id.hex[-6:]}"


def kind_of(node: Requirement) -> str | None:
    """Which of the kinds a node is; None if it is none, or several."""
    kinds = [name for name in ("level", "badge", "manual", "all", "any") if getattr(node, name) is not None]
    if node.n_of is not None or node.of is not None:
        kinds.append("n_of")
    if node.event is not None:
        kinds.append("streak" if node.streak is not None else "count")
    return kinds[0] if len(kinds) == 1 else None


def children(node: Requirement) -> list[Requirement]:
    """What a combination combines."""
    return node.all or node.any or node.of or []


def nodes(node: Requirement, pointer: str = "#/requirements", depth: int = 0) -> Iterator[tuple[str, Requirement, int]]:
    """Every node with its JSON pointer and how deep it lies."""
    yield pointer, node, depth
    group = next((name for name in ("all", "any", "of") if getattr(node, name)), "")
    for number, child in enumerate(children(node)):
        yield from nodes(child, f"{pointer}/{group}/{number}", depth + 1)


def key_of(node: Requirement) -> str:
    """What names a counter: that which is counted, and not where in a rule it stands or how many are asked for.

    So a counter goes on under a new version that counts the same, and begins anew under one that counts something else.
    """
    streak = "days" if node.streak is not None else None
    parts = (node.event, node.where, node.distinct, node.sum, node.window, streak)
    return hashlib.sha256("\x1f".join(part or "" for part in parts).encode()).hexdigest()[:16]


def named(d: Definition) -> dict[str, str]:
    """Slugs of the badges that a badge waits for, with the JSON pointer of the first mention."""
    found = {slug: f"#/prerequisites/{n}" for n, slug in reversed(list(enumerate(d.prerequisites)))}
    for pointer, node, _ in nodes(d.requirements):
        if node.badge is not None:
            found.setdefault(node.badge, f"{pointer}/badge")
    return found


def veiled(d: Definition, veil: Callable[[str], str]) -> Definition:
    """The same with other names for the badges that it waits for."""

    def under(node: Requirement) -> Requirement:
        changes: dict[str, object] = {} if node.badge is None else {"badge": veil(node.badge)}
        for group in ("all", "any", "of"):
            inner: Iterable[Requirement] | None = getattr(node, group)
            if inner is not None:
                changes[group] = [under(child) for child in inner]
        return msgspec.structs.replace(node, **changes)

    prerequisites = [veil(slug) for slug in d.prerequisites]
    return msgspec.structs.replace(d, requirements=under(d.requirements), prerequisites=prerequisites)
