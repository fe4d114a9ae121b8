"""The WebSocket of realtime."""

from __future__ import annotations

from typing import Any

from questhall.kernel.access import Caller
from questhall.kernel.http import SIGNED_IN, websocket_route
from questhall.services.realtime.actions import RealtimeActions
from questhall.services.realtime.connection import CLOSE_TOO_MANY, Connection


@websocket_route("/ws", permission=SIGNED_IN)
async def connect(actions: RealtimeActions, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Opens a connection."""
    caller: Caller = scope["caller"]
    await receive()  # websocket.connect
    offered = [name for name in scope.get("subprotocols", ()) if name.startswith("qh.bearer.")]
    connection = Connection(caller, actions.channels, actions.kinds, send)
    if not actions.connected(connection):
        connection.close(CLOSE_TOO_MANY, "too many connections")
    try:
        await connection.run(receive, offered[0] if offered else None)
    finally:
        actions.disconnected(connection)
