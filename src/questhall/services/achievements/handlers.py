"""What achievements hears."""

from __future__ import annotations

from typing import Any

from questhall.contracts.achievements import BadgeEarned, BadgeRevoked
from questhall.contracts.currency import CurrencyCredited, LevelLost, LevelReached
from questhall.contracts.identity import UserLogin, UserRegistered, UserUpdated
from questhall.contracts.integrations import ActivityRecorded
from questhall.contracts.quests import QuestAccepted, QuestCompleted, StreakExtended
from questhall.kernel.contract import Envelope
from questhall.kernel.database import Tx
from questhall.kernel.service import on
from questhall.services.achievements.actions import AchievementsActions


@on(
    ActivityRecorded,
    QuestCompleted,
    QuestAccepted,
    UserLogin,
    StreakExtended,
    LevelReached,
    LevelLost,
    BadgeEarned,
    BadgeRevoked,
    CurrencyCredited,
    batch=True,
)
async def count_events(actions: AchievementsActions, tx: Tx, events: list[Envelope[Any]]) -> None:
    """Moves counters, awards badges, and takes back what was lost."""
    await actions.count_events(tx, events)


@on(UserRegistered)
async def learn_player(actions: AchievementsActions, tx: Tx, event: Envelope[UserRegistered]) -> None:
    """Notes a new player's zone."""
    await actions.set_zone(tx, event.data.user_id, event.data.timezone, None)


@on(UserUpdated)
async def learn_zone(actions: AchievementsActions, tx: Tx, event: Envelope[UserUpdated]) -> None:
    """Notes a change of zone."""
    if event.data.zone_from is not None:
        await actions.set_zone(tx, event.data.user_id, event.data.timezone, event.data.zone_from)
