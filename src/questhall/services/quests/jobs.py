"""What quests does by the clock."""

from __future__ import annotations

from questhall.kernel.service import every
from questhall.services.quests.actions import QuestsActions


@every(10, name="sweep_runs")
async def sweep_runs(actions: QuestsActions) -> None:
    """Ends runs whose time is over."""
    while await actions.sweep_runs():
        pass


@every(30, name="sweep_streaks")
async def sweep_streaks(actions: QuestsActions) -> None:
    """Freezes or ends streaks whose day went by."""
    while await actions.sweep_streaks():
        pass


@every(60, name="refresh_catalogue")
async def refresh_catalogue(actions: QuestsActions) -> None:
    """What another replica published is played here too."""
    await actions.refresh()
