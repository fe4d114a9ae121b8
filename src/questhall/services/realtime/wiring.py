"""realtime's table of contents."""

from __future__ import annotations

from questhall.contracts.realtime import Realtime
from questhall.kernel.service import Service
from questhall.services.realtime import api, handlers
from questhall.services.realtime.actions import RealtimeActions

SERVICE = Service(
    name="realtime",
    contract=Realtime,
    actions=RealtimeActions,
    api=api,
    handlers=handlers,
    inbox=False,
)
