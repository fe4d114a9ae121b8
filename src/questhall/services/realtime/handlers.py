"""What realtime hears: everything that a player sees move."""

from __future__ import annotations

from typing import Any

from questhall.contracts.achievements import AchievementPublished, BadgeEarned, BadgeProgressed, BadgeRevoked
from questhall.contracts.currency import CurrencyCredited, CurrencyDebited, LevelLost, LevelReached
from questhall.contracts.identity import SessionRevoked, UserRoleChanged, UserSuspended, UserUpdated
from questhall.contracts.integrations import ActivityRecorded
from questhall.contracts.quests import (
    QuestAbandoned,
    QuestAccepted,
    QuestArchived,
    QuestCompleted,
    QuestExpired,
    QuestProgressed,
    QuestPublished,
    StreakBroken,
    StreakExtended,
    StreakFrozen,
)
from questhall.kernel.contract import Envelope
from questhall.kernel.database import Tx
from questhall.kernel.service import on
from questhall.services.realtime.actions import RealtimeActions


@on(
    ActivityRecorded,
    QuestAccepted,
    QuestProgressed,
    QuestCompleted,
    QuestExpired,
    QuestAbandoned,
    StreakExtended,
    StreakFrozen,
    StreakBroken,
    CurrencyCredited,
    CurrencyDebited,
    LevelReached,
    LevelLost,
    BadgeEarned,
    BadgeProgressed,
    BadgeRevoked,
    UserUpdated,
    UserRoleChanged,
    batch=True,
    policy="pass",
)
async def push_to_players(actions: RealtimeActions, _tx: Tx, events: list[Envelope[Any]]) -> None:
    """Tells players what happened to them."""
    actions.push(events)


@on(QuestPublished, QuestArchived, AchievementPublished, batch=True, policy="pass")
async def push_to_lobby(actions: RealtimeActions, _tx: Tx, events: list[Envelope[Any]]) -> None:
    """Tells everybody what is new."""
    actions.push(events, lobby=True)


@on(SessionRevoked, policy="pass")
async def end_sessions(actions: RealtimeActions, _tx: Tx, event: Envelope[SessionRevoked]) -> None:
    """Ends the connections of a session that ended."""
    actions.end(event.data.user_id, event.data.session_id)


@on(UserSuspended, policy="pass")
async def end_suspended(actions: RealtimeActions, _tx: Tx, event: Envelope[UserSuspended]) -> None:
    """Ends the connections of who may not act."""
    if event.data.suspended:
        actions.end(event.data.user_id, None)
