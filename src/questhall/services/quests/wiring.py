"""quests' table of contents."""

from __future__ import annotations

from questhall.contracts.quests import Quests
from questhall.kernel.access import Permission
from questhall.kernel.service import Service
from questhall.services.quests import api, handlers, jobs
from questhall.services.quests.actions import QuestsActions

SERVICE = Service(
    name="quests",
    contract=Quests,
    actions=QuestsActions,
    api=api,
    handlers=handlers,
    jobs=jobs,
    permissions=(Permission("quests:write", role="manager", text="author quests"),),
)
