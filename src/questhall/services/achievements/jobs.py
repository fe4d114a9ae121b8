"""What achievements does by the clock."""

from __future__ import annotations

from questhall.kernel.service import every
from questhall.services.achievements.actions import AchievementsActions


@every(60, name="count_holders")
async def count_holders(actions: AchievementsActions) -> None:
    """Tells anew how many hold each badge."""
    await actions.count_holders()


@every(60, name="refresh_catalogue")
async def refresh_catalogue(actions: AchievementsActions) -> None:
    """What another replica published can be earned here too."""
    await actions.refresh()
