"""What realtime can do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.realtime import Realtime
from questhall.kernel.contract import Envelope, Forgotten
from questhall.kernel.forgetting import forget_traces
from questhall.kernel.service import Site
from questhall.kernel.telemetry import Measured
from questhall.services.realtime.channels import Channels, Member, members_only
from questhall.services.realtime.connection import CLOSE_AGAIN, CLOSE_ENDED, Connection
from questhall.services.realtime.history import History, Saying

LATEST_ONLY = frozenset({"quest.progressed", "badge.progressed"})
"""Types of which only the newest of a batch is told: they say where something stands."""
CONNECTIONS_MAX = 24
"""Of one player at once: one a tab."""


class RealtimeActions(Realtime):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self.channels = Channels(History(at.cache))
        self.kinds: dict[str, Member] = {"me": members_only, "lobby": members_only}
        """Who may listen to a kind of channel; a service that brings a kind adds its check here."""
        self._connections: dict[UUID, set[Connection]] = {}

    @property
    def count(self) -> int:
        """Open connections."""
        return sum(len(mine) for mine in self._connections.values())

    async def measure(self) -> list[Measured]:
        """For `/metrics`."""
        return [Measured(name="websocket_connections", meaning="Open WebSocket connections.", value=self.count)]

    def connected(self, connection: Connection) -> bool:
        """A connection is open; False when its player has too many."""
        mine = self._connections.setdefault(connection.user_id, set())
        if len(mine) >= CONNECTIONS_MAX:
            return False
        mine.add(connection)
        return True

    def disconnected(self, connection: Connection) -> None:
        """A connection is gone."""
        mine = self._connections.get(connection.user_id, set())
        mine.discard(connection)
        if not mine:
            self._connections.pop(connection.user_id, None)

    async def push(self, events: list[Envelope[Any]], *, lobby: bool = False) -> None:
        """Tells players what happened to them, in order, each event once."""
        newest: dict[tuple[str, str, str], UUID] = {}
        for event in events:
            if event.type in LATEST_ONLY:
                newest[_about(event)] = event.id
        told = [e for e in events if e.type not in LATEST_ONLY or newest[_about(e)] == e.id]
        name = "lobby" if lobby else "me"
        await self.channels.say(
            [Saying(key="lobby" if lobby else f"user:{e.subject}", event_id=e.id, text=_text(name, e)) for e in told]
        )

    def end(self, user_id: UUID, session_id: UUID | None) -> None:
        """A session or token ended (None: all of a user's): its connections end too."""
        for connection in list(self._connections.get(user_id, ())):
            held = (connection.caller.session_id, connection.caller.token_id)
            if session_id is None or session_id in held:
                connection.close(CLOSE_ENDED, "signed out")

    async def forget(self, user_id: UUID, names: list[str], after: str | None) -> Forgotten:
        """See the contract: what their channel said lately."""
        self.end(user_id, None)
        await self.channels.forget(f"user:{user_id}")
        async with self.at.db.tx() as tx:
            return Forgotten(pending=await forget_traces(tx, user_id, names))

    async def stop(self) -> None:
        """Tells everybody to come back later."""
        for mine in list(self._connections.values()):
            for connection in list(mine):
                connection.close(CLOSE_AGAIN, "restarting")


def _about(event: Envelope[Any]) -> tuple[str, str, str]:
    data = event.data
    return event.type, event.subject, str(getattr(data, "completion_id", getattr(data, "achievement_id", "")))


def _text(name: str, event: Envelope[Any]) -> str:
    """A message of the contract without its cursor, which it gets with its number."""
    return msgspec.json.encode(
        {
            "type": "message",
            "channel": name,
            "id": event.id,
            "event": event.type,
            "time": event.time,
            "data": msgspec.Raw(event.raw),
        }
    ).decode()
