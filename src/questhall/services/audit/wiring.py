"""audit's table of contents."""

from __future__ import annotations

from questhall.contracts.audit import Audit
from questhall.kernel.access import Permission
from questhall.kernel.service import Service
from questhall.services.audit import api, handlers, jobs
from questhall.services.audit.actions import AuditActions

SERVICE = Service(
    name="audit",
    contract=Audit,
    actions=AuditActions,
    api=api,
    handlers=handlers,
    jobs=jobs,
    permissions=(
        Permission("audit:read", role="manager", text="search the event log"),
        Permission("jobs:read", role="admin", text="look at everybody's background jobs"),
    ),
    inbox=False,
)
