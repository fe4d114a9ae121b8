"""Streaks: leaves that are planned, and days that went by."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from questhall.contracts.quests import IllegalMove
from questhall.kernel.calendar import local_day
from questhall.services.quests import repository
from questhall.services.quests.actions.catalogue import Catalogue
from questhall.services.quests.engine import DAILY, Engine, zone_of

LEAVE_MAX = timedelta(days=60)


class Streaks(Catalogue):
    """What becomes of streaks without an act."""

    async def leave(self, user_id: UUID, until: date) -> None:
        """A planned leave from today until a day, both included. Refuses ``illegal_move``."""
        async with self.at.db.tx() as tx:
            player = (await repository.lock_players(tx, [user_id]))[user_id]
            zone = zone_of(player, tx.now)
            today = local_day(zone, tx.now)
            if not today <= until <= today + LEAVE_MAX:
                raise IllegalMove(f"a leave ends within {LEAVE_MAX.days} days from today", allowed=[])
            days: list[tuple[UUID, date, str, str]] = []
            for number in range((until - today).days + 1):
                day = today + timedelta(days=number)
                days.append((user_id, day, "excused", zone))
            await repository.end_leave(tx, user_id, DAILY, until)
            await repository.mark_days(tx, DAILY, days)
            await repository.pause(tx, user_id, DAILY, until)

    async def sweep_streaks(self) -> int:
        """Freezes or ends streaks whose day went by; answers how many."""
        async with self.at.db.tx() as tx:
            users = await repository.due_streaks(tx, tx.now)
            if users:
                engine = Engine(tx)
                await engine.load({(user_id, user_id) for user_id in users}, gated=False)
                for user_id in users:
                    await engine.sweep_streak(user_id)
                await engine.save()
        return len(users)
