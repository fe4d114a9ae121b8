"""identity's table of contents."""

from __future__ import annotations

from questhall.contracts.identity import Identity
from questhall.kernel.access import Permission
from questhall.kernel.service import Service
from questhall.services.identity import api, jobs
from questhall.services.identity.actions import IdentityActions

SERVICE = Service(
    name="identity",
    contract=Identity,
    actions=IdentityActions,
    api=api,
    jobs=jobs,
    permissions=(
        Permission("users:read", role="moderator", text="find players"),
        Permission("users:erase", role="admin", text="erase players for good"),
        Permission("users:write", role="admin", text="change roles, suspend, invite"),
    ),
)
