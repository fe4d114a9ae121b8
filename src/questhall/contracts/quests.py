"""quests: what there is to do."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from questhall.contracts.rewards import RewardGranted
from questhall.kernel.content import ContentContract
from questhall.kernel.contract import Event, Refusal


class QuestPublished(Event, frozen=True, kw_only=True):
    """A quest, or a new version of it, can be played."""

    type: ClassVar[str] = "quest.published"
    subject_field: ClassVar[str] = "quest_id"
    personal: ClassVar[bool] = False
    quest_id: UUID
    slug: str
    title: str
    version: int


class QuestArchived(Event, frozen=True, kw_only=True):
    """A quest is no longer offered."""

    type: ClassVar[str] = "quest.archived"
    subject_field: ClassVar[str] = "quest_id"
    personal: ClassVar[bool] = False
    quest_id: UUID
    slug: str
    title: str


class QuestAccepted(Event, frozen=True, kw_only=True):
    """A player (or the quest itself, when it accepts automatically) began a run."""

    type: ClassVar[str] = "quest.accepted"
    user_id: UUID
    quest_id: UUID
    title: str
    category: str
    difficulty: str
    completion_id: UUID
    version: int


class QuestProgressed(Event, frozen=True, kw_only=True):
    """An objective of a running quest moved; ``have`` of ``need``."""

    type: ClassVar[str] = "quest.progressed"
    user_id: UUID
    quest_id: UUID
    title: str
    category: str
    difficulty: str
    completion_id: UUID
    objective: str
    have: int
    need: int


class QuestCompleted(Event, frozen=True, kw_only=True):
    """A run is complete; its reward follows in the same transaction."""

    type: ClassVar[str] = "quest.completed"
    user_id: UUID
    quest_id: UUID
    slug: str
    title: str
    icon: str
    category: str
    difficulty: str
    kind: str
    completion_id: UUID
    version: int
    completed_at: datetime
    """The instant of the act that completed it (``occurred_at``)."""
    local_day: date


class QuestExpired(Event, frozen=True, kw_only=True):
    """A run ran out of time."""

    type: ClassVar[str] = "quest.expired"
    user_id: UUID
    quest_id: UUID
    title: str
    category: str
    difficulty: str
    completion_id: UUID


class QuestAbandoned(Event, frozen=True, kw_only=True):
    """A player gave a run up."""

    type: ClassVar[str] = "quest.abandoned"
    user_id: UUID
    quest_id: UUID
    title: str
    category: str
    difficulty: str
    completion_id: UUID


class StreakExtended(Event, frozen=True, kw_only=True):
    """One more local day in a row; ``length`` days now."""

    type: ClassVar[str] = "streak.extended"
    user_id: UUID
    kind: str
    length: int
    best: int
    local_day: date


class StreakFrozen(Event, frozen=True, kw_only=True):
    """A freeze covered a missed day."""

    type: ClassVar[str] = "streak.frozen"
    user_id: UUID
    kind: str
    length: int
    local_day: date
    freezes_left: int


class StreakBroken(Event, frozen=True, kw_only=True):
    """A streak of ``length`` days ended."""

    type: ClassVar[str] = "streak.broken"
    user_id: UUID
    kind: str
    length: int
    local_day: date


class QuestNotFound(Refusal):
    """No such quest, or it is not published."""

    code: ClassVar[str] = "quest_not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such quest"


class BadQuest(Refusal):
    """What was authored can't be played; ``errors`` says where."""

    code: ClassVar[str] = "bad_quest"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This quest can't be saved"


class IllegalMove(Refusal):
    """The state machine does not allow it; ``allowed`` says what it does."""

    code: ClassVar[str] = "illegal_move"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This can't be done now"


class QuestSlugTaken(Refusal):
    """Slugs are unique."""

    code: ClassVar[str] = "slug_taken"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Another quest has this name"


class RuleCycle(Refusal):
    """Publishing would close a cycle of quests that set each other off; ``cycle`` shows it."""

    code: ClassVar[str] = "rule_cycle"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "These quests set each other off"


class Quests(ContentContract):
    """quests says; it answers calls about its content, and revert."""

    name: ClassVar[str] = "quests"
    events: ClassVar[tuple[type[Event], ...]] = (
        QuestPublished,
        QuestArchived,
        QuestAccepted,
        QuestProgressed,
        QuestCompleted,
        QuestExpired,
        QuestAbandoned,
        StreakExtended,
        StreakFrozen,
        StreakBroken,
        RewardGranted,
    )
    refusals: ClassVar[tuple[type[Refusal], ...]] = (QuestNotFound, BadQuest, IllegalMove, QuestSlugTaken, RuleCycle)
