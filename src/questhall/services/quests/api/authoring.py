"""HTTP of authors."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec

from questhall.contracts.quests import IllegalMove, QuestNotFound, QuestSlugTaken
from questhall.kernel.access import Caller
from questhall.kernel.database import Tx
from questhall.kernel.expressions import Facts, InvalidExpression, check_expression
from questhall.kernel.http import Idempotent, Page, Request, Response, etag, get, if_match, patch, post
from questhall.services.quests import repository, rules
from questhall.services.quests.actions import QuestsActions, templates
from questhall.services.quests.api.views import QuestView, head_of, tag_of, view_of, view_one


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition to be tried on a sample."""

    where: Annotated[str, msgspec.Meta(max_length=2000)]
    sample: dict[str, Any] | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a condition gives."""

    ok: bool
    problem: str | None = None
    result: Any = None


@get("/quests/templates", permission="quests:write")
async def list_templates() -> Page[rules.Definition]:
    """Quests to start from: those of the starter pack."""
    return Page(items=templates(), next=None)


@get("/quests/{quest_id:uuid}/draft", permission="quests:write")
async def read_draft(actions: QuestsActions, quest_id: UUID) -> Response[rules.Definition]:
    """The head as its author last saved it."""
    async with actions.at.db.read() as tx:
        row = await repository.HEADS.head(tx, quest_id)
    if row is None:
        raise QuestNotFound
    return Response(head_of(row), headers=etag(row["edit"]))


@post("/quests", permission="quests:write", status=201, idempotency="optional")
async def create_quest(actions: QuestsActions, data: rules.Definition, idempotent: Idempotent) -> Response[QuestView]:
    """Author a quest; it is a draft until it is published."""
    await actions.check(data)

    async def effect(tx: Tx) -> QuestView:
        return view_of(await actions.create(tx, data), data, None)

    return await idempotent.run(effect)


@patch("/quests/{quest_id:uuid}", permission="quests:write", refuses=(QuestSlugTaken,))
async def change_quest(
    actions: QuestsActions, quest_id: UUID, data: rules.Definition, request: Request[Any, Any, Any]
) -> Response[QuestView]:
    """Change a quest; what is played changes when it is published again."""
    view = view_of(await actions.change(quest_id, if_match(request), data), data, None)
    return Response(view, headers=tag_of(view))


@post("/quests/{quest_id:uuid}/publish", permission="quests:write", idempotency="optional")
async def publish_quest(
    actions: QuestsActions, caller: Caller, quest_id: UUID, idempotent: Idempotent
) -> Response[QuestView]:
    """Publish the next version."""
    async with actions.at.db.read() as tx:
        row = await repository.HEADS.head(tx, quest_id)
    if row is None:
        raise QuestNotFound
    await actions.check(head_of(row))

    async def effect(tx: Tx) -> QuestView:
        await actions.publish(tx, quest_id)
        return await view_one(actions, tx, caller, quest_id)

    answer = await idempotent.run(effect, status=200, headers=tag_of)
    await actions.refresh()
    return answer


@post("/quests/{quest_id:uuid}/archive", permission="quests:write", refuses=(IllegalMove,))
async def archive_quest(actions: QuestsActions, caller: Caller, quest_id: UUID) -> Response[QuestView]:
    """Offer it no longer."""
    await actions.archive(quest_id)
    async with actions.at.db.read() as tx:
        view = await view_one(actions, tx, caller, quest_id)
    return Response(view, headers=tag_of(view))


@post("/quests/check", permission="quests:write")
async def check_condition(data: Check) -> Checked:
    """Try a condition on a sample."""
    given = data.sample or {}
    about, event = given.get("data", rules.SAMPLE.data), given.get("event", rules.SAMPLE.event)
    if not isinstance(about, dict) or not isinstance(event, dict):
        return Checked(ok=False, problem="the sample has data and event, each an object")
    facts = Facts(about, event)
    try:
        expression = check_expression(data.where, facts)
    except InvalidExpression as refusal:
        return Checked(ok=False, problem=refusal.detail)
    return Checked(ok=True, result=expression.holds(facts))
