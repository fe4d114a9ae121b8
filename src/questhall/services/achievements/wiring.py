"""achievements' table of contents."""

from __future__ import annotations

from questhall.contracts.achievements import Achievements
from questhall.kernel.access import Permission
from questhall.kernel.service import Service
from questhall.services.achievements import api, handlers, jobs
from questhall.services.achievements.actions import AchievementsActions

SERVICE = Service(
    name="achievements",
    contract=Achievements,
    actions=AchievementsActions,
    api=api,
    handlers=handlers,
    jobs=jobs,
    permissions=(
        Permission("achievements:write", role="manager", text="author badges"),
        Permission("achievements:award", role="manager", text="give and take back badges by hand"),
    ),
)
