"""HTTP of achievements."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec

from questhall.contracts.achievements import (
    AchievementNotFound,
    AchievementSlugTaken,
    AlreadyEarned,
    BadAchievement,
    BadTier,
    NotEarned,
)
from questhall.contracts.identity import UserBrief, UserNotFound
from questhall.kernel.access import Caller
from questhall.kernel.contract import JobState
from questhall.kernel.database import Tx
from questhall.kernel.http import (
    API,
    SIGNED_IN,
    After,
    Idempotent,
    Limit,
    Page,
    Request,
    Response,
    cursor_of,
    etag,
    get,
    if_match,
    patch,
    post,
    put,
    read_cursor,
)
from questhall.services.achievements import repository, rules
from questhall.services.achievements.actions import AchievementsActions
from questhall.services.achievements.board import BoardLine
from questhall.services.achievements.content import templates
from questhall.services.achievements.views import AchievementView, DraftView, Status, Wall, drafted


def _page(views: list[AchievementView], limit: int, after: str | None) -> Page[AchievementView]:
    """The part of a list in the order of ids that follows a cursor."""
    start = read_cursor(after, UUID)
    rest = views if start is None else [view for view in views if view.id > start[0]]
    return Page(items=rest[:limit], next=cursor_of(rest[limit - 1].id) if len(rest) > limit else None)


@get("/achievements", permission=SIGNED_IN)
async def list_achievements(
    actions: AchievementsActions,
    caller: Caller,
    limit: Limit = 25,
    after: After = None,
    category: rules.Category | None = None,
    earned: bool | None = None,
    q: str = "",
    status: Status = "published",
) -> Page[AchievementView]:
    """All badges with my own progress. Drafts and archived ones are for authors."""
    if status == "published":
        wall = await Wall.of(actions, caller.user, caller.user)
        views = [wall.view(head) for head in wall.heads if head.status == status]
    else:
        caller.require("achievements:write")
        async with actions.at.db.read() as tx:
            views = [drafted(row) for row in await repository.HEADS.every(tx) if row["status"] == status]
    views = [
        view
        for view in views
        if (category is None or view.category == category)
        and (earned is None or earned == (view.mine is not None and view.mine.earned_date is not None))
        and (not q or q.lower() in f"{view.name} {view.description}".lower())
    ]
    return _page(views, limit, after)


class RareBoard(msgspec.Struct, frozen=True, kw_only=True):
    """The board's top, and my own place wherever it is."""

    items: list[BoardLine]
    mine: BoardLine | None


@get("/achievements/rare-board", permission=SIGNED_IN)
async def read_rare_board(actions: AchievementsActions, caller: Caller, limit: Limit = 25) -> RareBoard:
    """Players by what their badges weigh: 1, 5, 25 and 125 by rarity; of equal ones who was there first. As of a minute ago."""
    board = await actions.board.read()
    return RareBoard(items=board[:limit], mine=await actions.board.place_of(caller.user, board))


@get("/achievements/{achievement_id:uuid}", permission=SIGNED_IN)
async def read_achievement(
    actions: AchievementsActions, caller: Caller, achievement_id: UUID
) -> Response[AchievementView]:
    """A badge and how to earn it. A draft is for authors."""
    return await _shown(actions, caller, achievement_id)


async def _shown(actions: AchievementsActions, caller: Caller, achievement_id: UUID) -> Response[AchievementView]:
    wall = await Wall.of(actions, caller.user, caller.user)
    head = wall.head(achievement_id)
    if head is not None:
        view = wall.view(head)
    elif caller.may("achievements:write"):
        view = drafted(await _head(actions, achievement_id))
    else:
        raise AchievementNotFound
    return Response(view, headers=etag(view.edit))


@get("/achievements/templates", permission="achievements:write")
async def list_templates() -> Page[rules.Definition]:
    """Badges to start from: those of the starter pack."""
    return Page(items=templates(), next=None)


@get("/achievements/{achievement_id:uuid}/draft", permission="achievements:write")
async def read_draft(actions: AchievementsActions, achievement_id: UUID) -> Response[rules.Definition]:
    """The head as its author last saved it."""
    row = await _head(actions, achievement_id)
    d = msgspec.json.decode(row["definition"], type=rules.Definition)
    return Response(d, headers=etag(row["edit"]))


async def _head(actions: AchievementsActions, achievement_id: UUID) -> Any:
    async with actions.at.db.read() as tx:
        row = await repository.HEADS.head(tx, achievement_id)
    if row is None:
        raise AchievementNotFound
    return row


def _authored(row: Any) -> Response[AchievementView]:
    return Response(drafted(row), headers=etag(row["edit"]))


@post("/achievements", permission="achievements:write", status=201, idempotency="optional")
async def create_achievement(
    actions: AchievementsActions, data: rules.Definition, idempotent: Idempotent
) -> Response[DraftView]:
    """Author a badge; it is a draft until it is published."""

    async def effect(tx: Any) -> DraftView:
        row = await actions.create(tx, data)
        return DraftView(**{name: row[name] for name in DraftView.__struct_fields__})

    return await idempotent.run(effect)


@patch("/achievements/{achievement_id:uuid}", permission="achievements:write", refuses=(AchievementSlugTaken,))
async def change_achievement(
    actions: AchievementsActions, achievement_id: UUID, data: rules.Definition, request: Request[Any, Any, Any]
) -> Response[AchievementView]:
    """Change a badge; what is earned changes when it is published again."""
    return _authored(await actions.change(achievement_id, if_match(request), data))


@post("/achievements/{achievement_id:uuid}/publish", permission="achievements:write", refuses=(BadAchievement,))
async def publish_achievement(actions: AchievementsActions, achievement_id: UUID) -> Response[AchievementView]:
    """Publish the next version; it counts from now on. What counts the same as before goes on, what was earned stays."""
    return _authored(await actions.publish(achievement_id))


@post("/achievements/{achievement_id:uuid}/archive", permission="achievements:write")
async def archive_achievement(actions: AchievementsActions, achievement_id: UUID) -> Response[AchievementView]:
    """It can be earned no longer; who has it keeps it."""
    return _authored(await actions.archive(achievement_id))


@post("/achievements/{achievement_id:uuid}/backfill", permission="achievements:write", status=202)
async def backfill_achievement(
    actions: AchievementsActions, caller: Caller, achievement_id: UUID
) -> Response[JobState]:
    """Count what happened before the badge was published, too; how far that is, ``GET /jobs/{id}`` says.

    While one of the same badge is under way, that is answered. What was counted already is counted once.
    """
    job = await actions.ask_for_backfill(achievement_id, caller.user)
    return Response(job, status_code=202, headers={"location": f"{API}/jobs/{job.id}"})


Note = Annotated[str, msgspec.Meta(min_length=3, max_length=200, pattern=r"\S")]


class ByHand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a badge, or a tier of it, is given to or taken from, and why."""

    username: str
    reason: Note
    tier: str | None = None


class HandedOut(msgspec.Struct, frozen=True, kw_only=True):
    """Awards that were made, or taken back."""

    award_ids: list[UUID]


@post(
    "/achievements/{achievement_id:uuid}/award",
    permission="achievements:award",
    status=201,
    idempotency="optional",
    refuses=(UserNotFound, AlreadyEarned, BadTier),
)
async def award_achievement(
    actions: AchievementsActions, achievement_id: UUID, data: ByHand, idempotent: Idempotent
) -> Response[HandedOut]:
    """Give a badge by hand; it pays what it would, and no rule takes it back."""
    user = await _user(actions, data.username)

    async def effect(tx: Tx) -> HandedOut:
        award = await actions.give(tx, achievement_id, user, tier=data.tier, reason=data.reason)
        return HandedOut(award_ids=[award.award_id])

    return await idempotent.run(effect)


@post(
    "/achievements/{achievement_id:uuid}/revoke",
    permission="achievements:award",
    idempotency="optional",
    refuses=(UserNotFound, NotEarned),
)
async def revoke_achievement(
    actions: AchievementsActions, achievement_id: UUID, data: ByHand, idempotent: Idempotent
) -> Response[HandedOut]:
    """Take a badge back by hand, all its tiers or one, with what it paid; no rule gives it again, a hand may."""
    user = await _user(actions, data.username)

    async def effect(tx: Tx) -> HandedOut:
        return HandedOut(award_ids=await actions.take(tx, achievement_id, user, tier=data.tier, reason=data.reason))

    return await idempotent.run(effect, status=200)


async def _user(actions: AchievementsActions, username: str) -> UserBrief:
    user = await actions.identity.user_by_username(username)
    if user is None:
        raise UserNotFound
    return user


class Showcase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Badges that a profile shows first, in order."""

    achievement_ids: Annotated[list[UUID], msgspec.Meta(max_length=rules.SHOWCASE_MAX)]

    def __post_init__(self) -> None:
        if len(set(self.achievement_ids)) < len(self.achievement_ids):
            raise ValueError("each badge is shown once")


@put("/me/showcase", permission=SIGNED_IN, refuses=(NotEarned,))
async def choose_showcase(actions: AchievementsActions, caller: Caller, data: Showcase) -> Showcase:
    """Which of my badges my profile shows first, in this order; the list takes the place of the one before."""
    await actions.show_first(caller.user, data.achievement_ids)
    return data


@post("/me/achievements/{achievement_id:uuid}/reveal", permission=SIGNED_IN, refuses=(NotEarned,))
async def reveal_achievement(
    actions: AchievementsActions, caller: Caller, achievement_id: UUID
) -> Response[AchievementView]:
    """Open a badge that arrived wrapped.

    404 ``achievement_not_found`` if there is no such badge, 409 ``not_earned`` if it was not earned yet.
    """
    await actions.reveal(caller.user, achievement_id)
    return await _shown(actions, caller, achievement_id)


@get("/me/achievements/closest", permission=SIGNED_IN)
async def list_closest(actions: AchievementsActions, caller: Caller, limit: Limit = 6) -> Page[AchievementView]:
    """Badges that are closest to me, the closest first; secret ones are not told."""
    wall = await Wall.of(actions, caller.user, caller.user)
    views = [wall.view(head) for head in wall.heads if head.status == "published" and not head.definition.secret]
    near = [(view.mine.fraction, view) for view in views if view.mine is not None and view.mine.fraction < 1]
    near.sort(key=lambda one: -one[0])
    return Page(items=[view for _, view in near[:limit]])


@get("/users/{username:str}/achievements", permission=SIGNED_IN, refuses=(UserNotFound,))
async def list_badges_of(
    actions: AchievementsActions, caller: Caller, username: str, limit: Limit = 25, after: After = None
) -> Page[AchievementView]:
    """A player's badge case. A secret badge in it is veiled for whoever has not earned it too."""
    user = await actions.identity.user_by_username(username)
    if user is None or (user.private and caller.user_id != user.user_id and not caller.may("users:read")):
        raise UserNotFound
    wall = await Wall.of(actions, user.user_id, caller.user)
    return _page([wall.view(head) for head in wall.earned()], limit, after)
