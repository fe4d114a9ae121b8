"""HTTP of audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.audit import JobNotFound, NotFound
from questhall.kernel.access import Caller
from questhall.kernel.contract import JobState
from questhall.kernel.http import SIGNED_IN, After, Limit, Page, Response, Time, cursor_of, get, read_cursor, read_time
from questhall.kernel.openapi import answers
from questhall.services.audit import repository
from questhall.services.audit.actions import AuditActions, HistoryLine
from questhall.services.audit.chains import CatchingUp, Chain

CATCHING_UP = answers(202, CatchingUp, "The log catches up: ask again")


class LoggedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the log has it."""

    position: int
    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int
    correlation_id: UUID
    causation_id: UUID
    actor: str
    data: dict[str, Any]


@get("/audit/events", permission="audit:read")
async def list_events(
    actions: AuditActions,
    *,
    limit: Limit = 25,
    after: After = None,
    subject: str | None = None,
    type: str | None = None,
    actor: str | None = None,
    correlation: UUID | None = None,
    since: Time = None,
    until: Time = None,
) -> Page[LoggedEvent]:
    """Search the event log, newest first."""
    start = read_cursor(after, int)
    wanted = repository.Search(
        subject=subject,
        type=type,
        actor=actor,
        correlation=correlation,
        since=read_time("since", since),
        until=read_time("until", until),
    )
    async with actions.at.db.read() as tx:
        rows = await actions.opened(tx, await repository.search(tx, wanted, start[0] if start else None, limit + 1))
    items = [
        LoggedEvent(
            data=msgspec.json.decode(row["data"]),
            **{name: row[name] for name in LoggedEvent.__struct_fields__ if name != "data"},
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=cursor_of(rows[limit - 1]["position"]) if len(rows) > limit else None)


@get("/me/history", permission=SIGNED_IN, responses=CATCHING_UP)
async def read_history(
    actions: AuditActions, caller: Caller, limit: Limit = 25, after: After = None, seen: UUID | None = None
) -> Response[Page[HistoryLine]]:
    """What happened to me, in plain words, newest first; 202 while the log has yet to reach the event ``seen``."""
    behind: Any = None if seen is None else await actions.behind(seen)
    if behind is not None:
        return Response(behind, status_code=202, headers={"retry-after": "1"})
    start = read_cursor(after, int)
    lines = await actions.history(caller.user, start[0] if start else None, limit + 1)
    more = cursor_of(lines[limit - 1][0]) if len(lines) > limit else None
    return Response(Page(items=[line for _, line in lines[:limit]], next=more))


@get("/jobs/{job_id:uuid}", permission=SIGNED_IN, refuses=(JobNotFound,))
async def read_job(actions: AuditActions, caller: Caller, job_id: UUID) -> JobState:
    """How far something is that takes long, and what came of it; for whoever asked for it, until a week after its end."""
    return await actions.background_job(job_id, caller)


@get("/why/{kind:str}/{effect_id:str}", permission=SIGNED_IN, responses=CATCHING_UP, refuses=(NotFound,))
async def explain_effect(actions: AuditActions, caller: Caller, kind: str, effect_id: str) -> Response[Chain]:
    """Why do I have this? The chain of causes down to the act; 202 while the log catches up."""
    found: Any = await actions.why(kind, effect_id, caller.user, sees_all=caller.may("audit:read"))
    if isinstance(found, Chain):
        return Response(found)
    return Response(found, status_code=202, headers={"retry-after": "1"})
