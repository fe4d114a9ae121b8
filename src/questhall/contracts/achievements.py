"""achievements: badges."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from questhall.contracts.rewards import RewardGranted, RewardRevoked
from questhall.kernel.content import ContentContract
from questhall.kernel.contract import Event, PersonalText, Refusal


class AchievementPublished(Event, frozen=True, kw_only=True):
    """A badge, or a new version of its rule, can be earned."""

    type: ClassVar[str] = "achievement.published"
    subject_field: ClassVar[str] = "achievement_id"
    personal: ClassVar[bool] = False
    achievement_id: UUID
    slug: str
    name: str
    version: int


class BadgeEarned(Event, frozen=True, kw_only=True):
    """A player earned a badge, or a tier of it."""

    type: ClassVar[str] = "badge.earned"
    user_id: UUID
    achievement_id: UUID
    award_id: UUID
    slug: str
    name: str
    icon: str
    category: str
    rarity: str
    tier: str | None
    version: int
    xp_reward: int
    reason: PersonalText = ""
    """Why a person gave it; empty where its rule did."""


class BadgeProgressed(Event, frozen=True, kw_only=True):
    """A player came closer to a badge; ``have`` of ``need`` of its next tier."""

    type: ClassVar[str] = "badge.progressed"
    user_id: UUID
    achievement_id: UUID
    slug: str
    name: str
    icon: str
    rarity: str
    have: int
    need: int


class BadgeRevoked(Event, frozen=True, kw_only=True):
    """A badge was taken back, with what it paid."""

    type: ClassVar[str] = "badge.revoked"
    user_id: UUID
    achievement_id: UUID
    award_id: UUID
    slug: str = ""
    name: str
    rarity: str
    tier: str | None
    reason: PersonalText = ""


class AchievementNotFound(Refusal):
    """No such badge, or it is not published."""

    code: ClassVar[str] = "achievement_not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such badge"


class BadAchievement(Refusal):
    """What was authored can't be earned; ``errors`` says where."""

    code: ClassVar[str] = "bad_achievement"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This badge can't be saved"


class RuleCycle(Refusal):
    """Publishing would close a cycle of badges; ``cycle`` shows it."""

    code: ClassVar[str] = "rule_cycle"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "These badges wait for each other"


class AchievementSlugTaken(Refusal):
    """Slugs are unique."""

    code: ClassVar[str] = "slug_taken"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Another badge has this name"


class AlreadyEarned(Refusal):
    """A badge, or a tier of it, is earned once."""

    code: ClassVar[str] = "already_earned"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This player has it already"


class BadTier(Refusal):
    """The badge has no such tier."""

    code: ClassVar[str] = "bad_tier"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "There is no such tier"


class NotEarned(Refusal):
    """Only what was earned can be opened, shown first or taken back."""

    code: ClassVar[str] = "not_earned"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This badge was not earned yet"


class Achievements(ContentContract):
    """Explains ``badge``."""

    name: ClassVar[str] = "achievements"
    events: ClassVar[tuple[type[Event], ...]] = (
        AchievementPublished,
        BadgeEarned,
        BadgeProgressed,
        BadgeRevoked,
        RewardGranted,
        RewardRevoked,
    )
    explains: ClassVar[tuple[str, ...]] = ("badge",)
    refusals: ClassVar[tuple[type[Refusal], ...]] = (
        AchievementNotFound,
        BadAchievement,
        RuleCycle,
        AchievementSlugTaken,
        NotEarned,
        AlreadyEarned,
        BadTier,
    )
