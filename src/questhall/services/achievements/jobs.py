"""What achievements does by the clock."""

from __future__ import annotations

from questhall.kernel.background import BackgroundJob
from questhall.kernel.service import background, every
from questhall.services.achievements.actions import AchievementsActions
from questhall.services.achievements.backfill import KIND


@every(60, name="count_holders")
async def count_holders(actions: AchievementsActions) -> None:
    """Tells anew how many hold each badge."""
    await actions.count_holders()


@every(60, name="refresh_catalogue")
async def refresh_catalogue(actions: AchievementsActions) -> None:
    """What another replica published can be earned here too."""
    await actions.refresh()


@background(KIND)
async def backfill(actions: AchievementsActions, job: BackgroundJob) -> None:
    """Counts for a badge what happened before it was published."""
    await actions.backfill(job)
