"""What realtime hears: everything that a player sees move."""

from __future__ import annotations

from typing import Any

from questhall.contracts.identity import SessionRevoked, UserSuspended
from questhall.contracts.realtime import TOLD_TO_ALL, TOLD_TO_PLAYERS
from questhall.kernel.contract import Envelope
from questhall.kernel.database import Tx
from questhall.kernel.service import on
from questhall.services.realtime.actions import RealtimeActions


@on(*TOLD_TO_PLAYERS, batch=True, policy="pass")
async def push_to_players(actions: RealtimeActions, _tx: Tx, events: list[Envelope[Any]]) -> None:
    """Tells players what happened to them."""
    await actions.push(events)


@on(*TOLD_TO_ALL, batch=True, policy="pass")
async def push_to_lobby(actions: RealtimeActions, _tx: Tx, events: list[Envelope[Any]]) -> None:
    """Tells everybody what is new."""
    await actions.push(events, lobby=True)


@on(SessionRevoked, policy="pass")
async def end_sessions(actions: RealtimeActions, _tx: Tx, event: Envelope[SessionRevoked]) -> None:
    """Ends the connections of a session that ended."""
    actions.end(event.data.user_id, event.data.session_id)


@on(UserSuspended, policy="pass")
async def end_suspended(actions: RealtimeActions, _tx: Tx, event: Envelope[UserSuspended]) -> None:
    """Ends the connections of who may not act."""
    if event.data.suspended:
        actions.end(event.data.user_id, None)
