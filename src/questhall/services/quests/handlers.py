"""What quests hears."""

from __future__ import annotations

from typing import Any

from questhall.contracts.achievements import BadgeEarned
from questhall.contracts.currency import LevelLost, LevelReached
from questhall.contracts.identity import UserLogin, UserRegistered, UserUpdated
from questhall.contracts.integrations import ActivityRecorded
from questhall.contracts.quests import QuestCompleted, StreakExtended
from questhall.kernel.contract import Envelope
from questhall.kernel.database import Tx
from questhall.kernel.service import on
from questhall.services.quests import repository
from questhall.services.quests.actions import QuestsActions


@on(ActivityRecorded, BadgeEarned, LevelReached, UserLogin, StreakExtended, QuestCompleted, batch=True)
async def count_events(actions: QuestsActions, tx: Tx, events: list[Envelope[Any]]) -> None:
    """Moves quests by what players did."""
    await actions.count_events(tx, events)


@on(UserRegistered)
async def learn_player(actions: QuestsActions, tx: Tx, event: Envelope[UserRegistered]) -> None:
    """Notes a new player's zone."""
    await actions.set_zone(tx, event.data.user_id, event.data.timezone, None)


@on(UserUpdated)
async def learn_zone(actions: QuestsActions, tx: Tx, event: Envelope[UserUpdated]) -> None:
    """Notes a change of zone, and the local days that it jumps over."""
    if event.data.zone_from is not None:
        await actions.set_zone(tx, event.data.user_id, event.data.timezone, event.data.zone_from)


@on(LevelReached, LevelLost)
async def learn_level(_actions: QuestsActions, tx: Tx, event: Envelope[Any]) -> None:
    """Notes a player's level, for what it opens."""
    lost = event.type == LevelLost.type
    await repository.set_level(tx, event.data.user_id, event.data.level - 1 if lost else event.data.level)
