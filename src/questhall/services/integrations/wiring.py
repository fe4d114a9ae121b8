"""integrations' table of contents."""

from __future__ import annotations

from questhall.contracts.integrations import Integrations
from questhall.kernel.access import Permission
from questhall.kernel.service import Service
from questhall.services.integrations import api, handlers, jobs
from questhall.services.integrations.actions import IntegrationsActions

SERVICE = Service(
    name="integrations",
    contract=Integrations,
    actions=IntegrationsActions,
    api=api,
    handlers=handlers,
    jobs=jobs,
    permissions=(
        Permission("sources:read", role="manager", text="see sources and deliveries"),
        Permission("sources:write", role="manager", text="make sources, link accounts, redeliver"),
        Permission(
            "sources:history", role="admin", text="make sources that bring a history of more than 30 days along"
        ),
        Permission("ingest", role="manager", text="send CloudEvents"),
    ),
)
