"""HTTP of achievements."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from questhall.contracts.achievements import AchievementNotFound
from questhall.contracts.identity import UserNotFound
from questhall.kernel.access import Caller
from questhall.kernel.http import (
    SIGNED_IN,
    After,
    Idempotent,
    Limit,
    Page,
    Request,
    Response,
    cursor_of,
    get,
    if_match,
    patch,
    post,
    read_cursor,
)
from questhall.services.achievements import repository, rules
from questhall.services.achievements.actions import AchievementsActions

Status = Literal["draft", "published", "archived"]
CLOSEST = 6


class AwardView(msgspec.Struct, frozen=True, kw_only=True):
    """One award: a badge, or a tier of it."""

    award_id: UUID
    tier: str | None
    awarded_at: datetime
    rule_version: int
    revoked_at: datetime | None


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """A player's own standing."""

    have: int
    need: int
    fraction: float
    tier: str | None
    earned_date: datetime | None
    revealed_at: datetime | None
    awards: list[AwardView]


class AchievementView(msgspec.Struct, frozen=True, kw_only=True):
    """A badge, with the caller's own standing. A secret one that was not earned is veiled."""

    id: UUID
    slug: str
    name: str
    description: str
    icon: str
    icon_url: str
    category: str
    rarity: str
    secret: bool
    series: str | None
    tiers: list[rules.Tier]
    requirements: rules.Requirement | None
    xp_reward: int
    prerequisites: list[str]
    status: str
    version: int
    edit: int
    """What ``If-Match`` takes."""
    holders: int
    holders_percent: float
    mine: Mine | None


def _mine(badge: rules.Badge | None, d: rules.Definition, row: Any, awards: list[Any]) -> Mine:
    have = row["have"] if row is not None else 0
    if badge is not None:
        need = rules.next_need(badge, have) if d.tiers else rules.standing(badge, {})[1]
    else:
        need = row["need"] if row is not None else 1
    good = [award for award in awards if award["revoked_at"] is None]
    order = [tier.name for tier in d.tiers]
    tiers = sorted(
        (award["tier"] for award in good if award["tier"]), key=lambda t: order.index(t) if t in order else -1
    )
    earned = row["earned_date"] if row is not None else None
    complete = bool(good) and not (d.tiers and len(tiers) < len(d.tiers))
    return Mine(
        have=need if complete else min(have, need),
        need=need,
        fraction=1.0 if complete else round(min(1.0, have / need), 4),
        tier=tiers[-1] if tiers else None,
        earned_date=earned,
        revealed_at=row["revealed_at"] if row is not None else None,
        awards=[
            AwardView(
                award_id=a["award_id"],
                tier=a["tier"] or None,
                awarded_at=a["awarded_at"],
                rule_version=a["rule_version"],
                revoked_at=a["revoked_at"],
            )
            for a in awards
        ],
    )


class _Wall:
    """Everything that views of badges need of one player."""

    def __init__(self, actions: AchievementsActions) -> None:
        self._actions = actions
        self.rows: list[Any] = []
        self._mine: dict[UUID, Any] = {}
        self._awards: dict[UUID, list[Any]] = {}
        self._players = 1

    async def load(self, user_id: UUID) -> _Wall:
        async with self._actions.at.db.read() as tx:
            self.rows = await repository.achievements(tx)
            self._mine = await repository.mine(tx, user_id)
            for award in await repository.awards_of(tx, user_id):
                self._awards.setdefault(award["achievement_id"], []).append(award)
            self._players = max(1, await repository.players(tx))
        return self

    def view(self, row: Any, *, author: bool = False) -> AchievementView:
        badge = self._actions.badge(row["id"])
        d = (
            badge.definition
            if badge is not None and not author
            else msgspec.json.decode(row["definition"], type=rules.Definition)
        )
        mine = _mine(badge, d, self._mine.get(row["id"]), self._awards.get(row["id"], []))
        veiled = d.secret and mine.earned_date is None and not author
        return AchievementView(
            id=row["id"],
            slug=f"secret-{row['id'].hex[-6:]}" if veiled else d.slug,
            name="???" if veiled else d.name,
            description="A secret badge. Keep going." if veiled else d.description,
            icon="locked" if veiled else d.icon,
            icon_url="/badges/secret.svg" if veiled else row["icon_url"],
            category=d.category,
            rarity=d.rarity,
            secret=d.secret,
            series=d.series,
            tiers=[] if veiled else d.tiers,
            requirements=None if veiled else d.requirements,
            xp_reward=0 if veiled else d.xp_reward,
            prerequisites=[] if veiled else d.prerequisites,
            status=row["status"],
            version=row["version"],
            edit=row["edit"],
            holders=row["holders"],
            holders_percent=round(100 * row["holders"] / self._players, 1),
            mine=msgspec.structs.replace(mine, have=0, fraction=0.0) if veiled else mine,
        )


@get("/achievements", permission=SIGNED_IN)
async def list_achievements(
    actions: AchievementsActions,
    caller: Caller,
    limit: Limit = 25,
    after: After = None,
    category: str | None = None,
    earned: bool | None = None,
    q: str = "",
    status: Status = "published",
) -> Page[AchievementView]:
    """All badges with my own progress. Drafts and archived ones are for authors."""
    author = status != "published"
    if author:
        caller.require("achievements:write")
    start = read_cursor(after, int)
    wall = await _Wall(actions).load(caller.user)
    views = [wall.view(row, author=author) for row in wall.rows if row["status"] == status]
    views = [
        view
        for view in views
        if (category is None or view.category == category)
        and (earned is None or earned == (view.mine is not None and view.mine.earned_date is not None))
        and (not q or q.lower() in f"{view.name} {view.description}".lower())
    ]
    first = start[0] if start else 0
    more = cursor_of(first + limit) if len(views) > first + limit else None
    return Page(items=views[first : first + limit], next=more)


@get("/achievements/{achievement_id:uuid}", permission=SIGNED_IN)
async def read_achievement(
    actions: AchievementsActions, caller: Caller, achievement_id: UUID
) -> Response[AchievementView]:
    """A badge and how to earn it."""
    wall = await _Wall(actions).load(caller.user)
    row = next((row for row in wall.rows if row["id"] == achievement_id), None)
    author = caller.may("achievements:write")
    if row is None or (row["status"] == "draft" and not author):
        raise AchievementNotFound
    view = wall.view(row)
    return Response(view, headers={"etag": f'"{view.edit}"'})


@get("/achievements/{achievement_id:uuid}/draft", permission="achievements:write")
async def read_draft(actions: AchievementsActions, achievement_id: UUID) -> Response[rules.Definition]:
    """The head as its author last saved it."""
    async with actions.at.db.read() as tx:
        row = await repository.achievement(tx, achievement_id)
    if row is None:
        raise AchievementNotFound
    d = msgspec.json.decode(row["definition"], type=rules.Definition)
    return Response(d, headers={"etag": f'"{row["edit"]}"'})


async def _authored(actions: AchievementsActions, caller: Caller, achievement_id: UUID) -> Response[AchievementView]:
    wall = await _Wall(actions).load(caller.user)
    row = next(row for row in wall.rows if row["id"] == achievement_id)
    view = wall.view(row, author=True)
    return Response(view, headers={"etag": f'"{view.edit}"'})


@post("/achievements", permission="achievements:write", status=201, idempotency="optional")
async def create_achievement(
    actions: AchievementsActions, data: rules.Definition, idempotent: Idempotent
) -> Response[dict[str, Any]]:
    """Author a badge; it is a draft until it is published."""

    async def effect(tx: Any) -> dict[str, Any]:
        row = await actions.create(tx, data)
        return {
            "id": row["id"],
            "slug": row["slug"],
            "status": row["status"],
            "version": row["version"],
            "edit": row["edit"],
        }

    return await idempotent.run(effect)


@patch("/achievements/{achievement_id:uuid}", permission="achievements:write")
async def change_achievement(
    actions: AchievementsActions,
    caller: Caller,
    achievement_id: UUID,
    data: rules.Definition,
    request: Request[Any, Any, Any],
) -> Response[AchievementView]:
    """Change a badge; what is earned changes when it is published again."""
    await actions.change(achievement_id, if_match(request), data)
    return await _authored(actions, caller, achievement_id)


@post("/achievements/{achievement_id:uuid}/publish", permission="achievements:write")
async def publish_achievement(
    actions: AchievementsActions, caller: Caller, achievement_id: UUID
) -> Response[AchievementView]:
    """Publish the next version; it counts from now on."""
    await actions.publish(achievement_id)
    return await _authored(actions, caller, achievement_id)


@post("/achievements/{achievement_id:uuid}/archive", permission="achievements:write")
async def archive_achievement(
    actions: AchievementsActions, caller: Caller, achievement_id: UUID
) -> Response[AchievementView]:
    """It can be earned no longer."""
    await actions.archive(achievement_id)
    return await _authored(actions, caller, achievement_id)


@post("/me/achievements/{achievement_id:uuid}/reveal", permission=SIGNED_IN)
async def reveal_achievement(
    actions: AchievementsActions, caller: Caller, achievement_id: UUID
) -> Response[AchievementView]:
    """Open a badge that arrived wrapped."""
    await actions.reveal(caller.user, achievement_id)
    return await read_achievement.fn(actions, caller, achievement_id)


@get("/me/achievements/closest", permission=SIGNED_IN)
async def list_closest(actions: AchievementsActions, caller: Caller) -> Page[AchievementView]:
    """Badges that are closest to me."""
    wall = await _Wall(actions).load(caller.user)
    views = [wall.view(row) for row in wall.rows if row["status"] == "published"]
    open_ = [view for view in views if view.mine is not None and view.mine.fraction < 1 and not view.secret]
    open_.sort(key=lambda view: -(view.mine.fraction if view.mine else 0))
    return Page(items=open_[:CLOSEST])


@get("/users/{username:str}/achievements", permission=SIGNED_IN)
async def list_badges_of(actions: AchievementsActions, username: str) -> Page[AchievementView]:
    """A player's badge case."""
    user = await actions.identity.user_by_username(username)
    if user is None:
        raise UserNotFound
    wall = await _Wall(actions).load(user.user_id)
    views = [wall.view(row) for row in wall.rows]
    return Page(items=[view for view in views if view.mine is not None and view.mine.earned_date is not None][:100])
