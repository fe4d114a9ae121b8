"""HTTP of players: the catalogue, and their moves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import msgspec

from questhall.kernel.access import Caller
from questhall.kernel.database import Tx
from questhall.kernel.http import (
    SIGNED_IN,
    After,
    Idempotent,
    Limit,
    Page,
    Parameter,
    Response,
    cursor_of,
    get,
    post,
    read_cursor,
)
from questhall.services.quests import rules
from questhall.services.quests.actions import QuestsActions
from questhall.services.quests.api.views import QuestView, State, Status, tag_of, view_one, views_of


class Tick(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which manual objective is done; left out: the next."""

    objective: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    yesterday: bool = False
    """It was done yesterday (local time): for daily quests, within the next day."""


@get("/quests", permission=SIGNED_IN)
async def list_quests(
    actions: QuestsActions,
    caller: Caller,
    limit: Limit = 25,
    after: After = None,
    kind: rules.Kind | None = None,
    category: Annotated[str | None, Parameter(max_length=40)] = None,
    own_state: Annotated[State | None, Parameter(query="state")] = None,
    q: Annotated[str, Parameter(max_length=100)] = "",
    status: Status = "published",
) -> Page[QuestView]:
    """What there is to do, with my own state. Drafts and archived ones are for authors."""
    if status != "published":
        caller.require("quests:write")
    words = q.lower()

    def wanted(view: QuestView) -> bool:
        return (
            view.status == status
            and (kind is None or view.kind == kind)
            and (category is None or view.category == category)
            and (not words or words in f"{view.title} {view.description}".lower())
            and (own_state is None or (view.mine is not None and view.mine.state == own_state))
        )

    views = [view for view in await views_of(actions, caller) if wanted(view)]
    start = read_cursor(after, UUID)
    if start:
        views = [view for view in views if view.id > start[0]]
    return Page(items=views[:limit], next=cursor_of(views[limit - 1].id) if len(views) > limit else None)


async def _moved(
    actions: QuestsActions,
    caller: Caller,
    quest_id: UUID,
    idempotent: Idempotent,
    move: Callable[[Tx], Awaitable[None]],
) -> Response[QuestView]:
    """A move and its answer, once a key."""

    async def effect(tx: Tx) -> QuestView:
        await move(tx)
        return await view_one(actions, tx, caller, quest_id)

    return await idempotent.run(effect, status=200, headers=tag_of)


@get("/quests/{quest_id:uuid}", permission=SIGNED_IN)
async def read_quest(actions: QuestsActions, caller: Caller, quest_id: UUID) -> Response[QuestView]:
    """A quest with my own progress."""
    async with actions.at.db.read() as tx:
        view = await view_one(actions, tx, caller, quest_id)
    return Response(view, headers=tag_of(view))


@post("/quests/{quest_id:uuid}/accept", permission=SIGNED_IN, idempotency="optional")
async def accept_quest(
    actions: QuestsActions, caller: Caller, quest_id: UUID, idempotent: Idempotent
) -> Response[QuestView]:
    """Set out on a quest."""
    return await _moved(actions, caller, quest_id, idempotent, lambda tx: actions.accept(tx, caller.user, quest_id))


@post("/quests/{quest_id:uuid}/abandon", permission=SIGNED_IN, idempotency="optional")
async def abandon_quest(
    actions: QuestsActions, caller: Caller, quest_id: UUID, idempotent: Idempotent
) -> Response[QuestView]:
    """Leave a quest for another day."""
    return await _moved(actions, caller, quest_id, idempotent, lambda tx: actions.abandon(tx, caller.user, quest_id))


@post("/quests/{quest_id:uuid}/complete", permission=SIGNED_IN, idempotency="optional")
async def complete_quest(
    actions: QuestsActions, caller: Caller, quest_id: UUID, data: Tick, idempotent: Idempotent
) -> Response[QuestView]:
    """Tick a manual objective."""

    async def move(tx: Tx) -> None:
        await actions.tick(tx, caller.user, quest_id, data.objective, yesterday=data.yesterday)

    return await _moved(actions, caller, quest_id, idempotent, move)


@get("/me/quests", permission=SIGNED_IN)
async def list_my_quests(
    actions: QuestsActions, caller: Caller, limit: Limit = 25, after: After = None
) -> Page[QuestView]:
    """My quests: those under way first, then what was done or may begin."""
    order = {"in_progress": 0, "accepted": 1, "available": 2, "completed": 3, "cooling_down": 4, "locked": 5}
    mine = [(order.get(view.mine.state, 9), view.id, view) for view in await views_of(actions, caller) if view.mine]
    start = read_cursor(after, int, UUID)
    rest = sorted(mine, key=lambda one: one[:2])
    if start:
        rest = [one for one in rest if one[:2] > (start[0], start[1])]
    page = rest[:limit]
    return Page(items=[view for _, _, view in page], next=cursor_of(*page[-1][:2]) if len(rest) > limit else None)
