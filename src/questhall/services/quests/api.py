"""HTTP of quests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, cast
from uuid import UUID

import msgspec

from questhall.contracts.quests import QuestNotFound
from questhall.contracts.rewards import Reward
from questhall.kernel.access import Caller
from questhall.kernel.database import Tx
from questhall.kernel.expressions import Facts, InvalidExpression, check_expression
from questhall.kernel.http import (
    SIGNED_IN,
    After,
    Idempotent,
    Limit,
    Page,
    Parameter,
    Request,
    Response,
    cursor_of,
    get,
    if_match,
    patch,
    post,
    read_cursor,
)
from questhall.services.quests import repository, rules, streaks
from questhall.services.quests.actions import Board, QuestsActions
from questhall.services.quests.engine import DAILY

Status = Literal["draft", "published", "archived"]
State = Literal["locked", "available", "accepted", "in_progress", "completed", "cooling_down", "expired", "abandoned"]
"""A player's own state with a quest."""
DayState = Literal["kept", "frozen", "excused", "missed", "today", "future", "before"]
"""What a day was to a streak; ``before``: it lies before the first day that counted."""


class ObjectiveProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an objective is."""

    id: str
    have: int
    need: int
    done: bool


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """A player's own state with a quest."""

    state: State
    completion_id: UUID | None
    objectives: list[ObjectiveProgress]
    accepted_at: datetime | None
    completed_at: datetime | None
    expires_at: datetime | None
    available_at: datetime | None
    times_completed: int
    allowed: list[rules.Move]
    why: str


class QuestView(msgspec.Struct, frozen=True, kw_only=True):
    """A quest, with the caller's own state."""

    id: UUID
    slug: str
    title: str
    description: str
    icon: str
    category: str
    difficulty: rules.Difficulty
    kind: rules.Kind
    objectives: list[rules.Objective]
    combine: rules.Combine
    rewards: Reward
    prerequisites: rules.Prerequisites
    available_from: datetime | None
    available_until: datetime | None
    cooldown_s: int
    daily_cap: int | None
    expires_after_s: int | None
    diminishing: float
    auto_accept: bool
    status: Status
    version: int
    edit: int
    """What ``If-Match`` takes."""
    mine: Mine | None


class Tick(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which manual objective is done; left out: the next."""

    objective: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    yesterday: bool = False
    """It was done yesterday (local time): for daily quests, within the next day."""


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition to be tried on a sample."""

    where: Annotated[str, msgspec.Meta(max_length=2000)]
    sample: dict[str, Any] | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a condition gives."""

    ok: bool
    problem: str | None = None
    result: Any = None


class Leave(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last day of a planned leave."""

    until: date


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the last week."""

    day: date
    state: DayState


class StreakView(msgspec.Struct, frozen=True, kw_only=True):
    """A streak and its last seven days."""

    kind: str
    length: int
    best: int
    freezes: int
    last_day: date | None
    paused_until: date | None
    today_done: bool
    week: list[Day]


def _mine(d: rules.Definition, board: Board, quest_id: UUID, status: str) -> Mine:
    run, past = board.runs.get(quest_id), board.pasts.get(quest_id, rules.Past())
    day = streaks.local_day(board.zone, board.now)
    now = rules.Moment(occurred_at=board.now, recorded_at=board.now, day=day, recorded_day=day)
    available = rules.availability(d, past, now, level=board.level, done=board.done)
    if status != "published":
        available = rules.Availability("locked", None, "it is no longer offered")
    playing = run is not None and quest_id in board.playing
    shown = run if playing or available.state == "completed" else None
    state = run.state if playing and run is not None else available.state
    return Mine(
        state=cast("State", state),
        completion_id=None if shown is None else shown.completion_id,
        objectives=[_progress(o, shown) for o in d.objectives],
        accepted_at=None if shown is None else shown.accepted_at,
        completed_at=None if shown is None else shown.completed_at,
        expires_at=_ends_at(shown, board.zone),
        available_at=available.from_,
        times_completed=past.completions,
        allowed=rules.moves(d, state, shown.progress if playing and shown is not None else None),
        why=available.why,
    )


def _ends_at(run: rules.Run | None, zone: str) -> datetime | None:
    """When a run is over for who plays it; one of a day or week is kept longer, for what arrives late."""
    after = None if run is None else rules.ends(run.period)
    times = [] if after is None else [streaks.start_of(zone, after)]
    if run is not None and run.expires_at is not None:
        times.append(run.expires_at)
    return min(times, default=None)


def _progress(objective: rules.Objective, run: rules.Run | None) -> ObjectiveProgress:
    have = 0 if run is None or objective.id not in run.progress else run.progress[objective.id].have
    return ObjectiveProgress(id=objective.id, have=have, need=objective.count, done=have >= objective.count)


def _view(row: Any, d: rules.Definition, board: Board | None) -> QuestView:
    """A quest as it is offered; to who is on their way, as they play it."""
    played = None if board is None else board.playing.get(row["id"])
    if played is not None:
        d = played.definition
    names = [n for n in rules.Definition.__struct_fields__ if n in QuestView.__struct_fields__]
    has_state = board is not None and (row["status"] == "published" or played is not None)
    return QuestView(
        id=row["id"],
        status=row["status"],
        version=row["version"] if played is None else played.version,
        edit=row["edit"],
        mine=_mine(d, board, row["id"], row["status"]) if has_state and board is not None else None,
        **{name: getattr(d, name) for name in names},
    )


def _head(row: Any) -> rules.Definition:
    return msgspec.json.decode(row["definition"], type=rules.Definition)


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

    views = [view for view in await _views(actions, caller) if wanted(view)]
    start = read_cursor(after, UUID)
    if start:
        views = [view for view in views if view.id > start[0]]
    return Page(items=views[:limit], next=cursor_of(views[limit - 1].id) if len(views) > limit else None)


async def _views(actions: QuestsActions, caller: Caller) -> list[QuestView]:
    """All quests in order of their ids."""
    async with actions.at.db.read() as tx:
        rows = await repository.quests(tx)
        board = await actions.board(tx, caller.user)
    return [_view(row, _played(actions, row), board) for row in rows]


def _played(actions: QuestsActions, row: Any) -> rules.Definition:
    """What is played of a quest; of one that is not, its head."""
    return actions.playable(row["id"]).definition if _known(actions, row) else _head(row)


def _known(actions: QuestsActions, row: Any) -> bool:
    try:
        return actions.playable(row["id"]).version == row["version"]
    except QuestNotFound:
        return False


async def _one(actions: QuestsActions, tx: Tx, caller: Caller, quest_id: UUID) -> QuestView:
    row = await repository.quest(tx, quest_id)
    if row is None or (row["status"] == "draft" and not caller.may("quests:write")):
        raise QuestNotFound
    return _view(row, _played(actions, row), await actions.board(tx, caller.user))


def _tag(view: QuestView) -> dict[str, str]:
    return {"etag": f'"{view.edit}"'}


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
        return await _one(actions, tx, caller, quest_id)

    return await idempotent.run(effect, status=200, headers=_tag)


@get("/quests/{quest_id:uuid}", permission=SIGNED_IN)
async def read_quest(actions: QuestsActions, caller: Caller, quest_id: UUID) -> Response[QuestView]:
    """A quest with my own progress."""
    async with actions.at.db.read() as tx:
        view = await _one(actions, tx, caller, quest_id)
    return Response(view, headers=_tag(view))


@get("/quests/{quest_id:uuid}/draft", permission="quests:write")
async def read_draft(actions: QuestsActions, quest_id: UUID) -> Response[rules.Definition]:
    """The head as its author last saved it."""
    async with actions.at.db.read() as tx:
        row = await repository.quest(tx, quest_id)
    if row is None:
        raise QuestNotFound
    return Response(_head(row), headers={"etag": f'"{row["edit"]}"'})


@post("/quests", permission="quests:write", status=201, idempotency="optional")
async def create_quest(actions: QuestsActions, data: rules.Definition, idempotent: Idempotent) -> Response[QuestView]:
    """Author a quest; it is a draft until it is published."""
    await actions.check(data)

    async def effect(tx: Tx) -> QuestView:
        return _view(await actions.create(tx, data), data, None)

    return await idempotent.run(effect)


@patch("/quests/{quest_id:uuid}", permission="quests:write")
async def change_quest(
    actions: QuestsActions, quest_id: UUID, data: rules.Definition, request: Request[Any, Any, Any]
) -> Response[QuestView]:
    """Change a quest; what is played changes when it is published again."""
    view = _view(await actions.change(quest_id, if_match(request), data), data, None)
    return Response(view, headers={"etag": f'"{view.edit}"'})


@post("/quests/{quest_id:uuid}/publish", permission="quests:write", idempotency="optional")
async def publish_quest(
    actions: QuestsActions, caller: Caller, quest_id: UUID, idempotent: Idempotent
) -> Response[QuestView]:
    """Publish the next version."""
    async with actions.at.db.read() as tx:
        row = await repository.quest(tx, quest_id)
    if row is None:
        raise QuestNotFound
    await actions.check(_head(row))

    async def effect(tx: Tx) -> QuestView:
        await actions.publish(tx, quest_id)
        return await _one(actions, tx, caller, quest_id)

    answer = await idempotent.run(effect, status=200, headers=_tag)
    await actions.refresh()
    return answer


@post("/quests/{quest_id:uuid}/archive", permission="quests:write")
async def archive_quest(actions: QuestsActions, caller: Caller, quest_id: UUID) -> Response[QuestView]:
    """Offer it no longer."""
    await actions.archive(quest_id)
    async with actions.at.db.read() as tx:
        view = await _one(actions, tx, caller, quest_id)
    return Response(view, headers=_tag(view))


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


@get("/me/quests", permission=SIGNED_IN)
async def list_my_quests(
    actions: QuestsActions, caller: Caller, limit: Limit = 25, after: After = None
) -> Page[QuestView]:
    """My quests: those under way first, then what was done or may begin."""
    order = {"in_progress": 0, "accepted": 1, "available": 2, "completed": 3, "cooling_down": 4, "locked": 5}
    mine = [(order.get(view.mine.state, 9), view.id, view) for view in await _views(actions, caller) if view.mine]
    start = read_cursor(after, int, UUID)
    rest = sorted(mine, key=lambda one: one[:2])
    if start:
        rest = [one for one in rest if one[:2] > (start[0], start[1])]
    page = rest[:limit]
    return Page(items=[view for _, _, view in page], next=cursor_of(*page[-1][:2]) if len(rest) > limit else None)


@get("/me/streaks", permission=SIGNED_IN)
async def list_streaks(actions: QuestsActions, caller: Caller) -> Page[StreakView]:
    """My streaks."""
    async with actions.at.db.read() as tx:
        board = await actions.board(tx, caller.user)
        today = streaks.local_day(board.zone, board.now)
        monday = today - timedelta(days=today.weekday())
        row = await repository.streak_row(tx, caller.user, DAILY)
        days = {r["day"]: r["how"] for r in await repository.days(tx, caller.user, DAILY, monday)}
        began = await repository.first_day(tx, caller.user, DAILY)
    week = [_day(monday + timedelta(days=n), today, began or today, days) for n in range(7)]
    view = StreakView(
        kind=DAILY,
        length=0 if row is None else row["length"],
        best=0 if row is None else row["best"],
        freezes=0 if row is None else row["freezes"],
        last_day=None if row is None else row["last_day"],
        paused_until=None if row is None or (row["paused_until"] or date.min) < today else row["paused_until"],
        today_done=days.get(today) == "kept",
        week=week,
    )
    return Page(items=[view])


def _day(day: date, today: date, began: date, days: dict[date, str]) -> Day:
    if day in days:
        return Day(day=day, state=cast("DayState", days[day]))
    if day >= today:
        return Day(day=day, state="today" if day == today else "future")
    return Day(day=day, state="before" if day < began else "missed")


@post("/me/streaks/leave", permission=SIGNED_IN, status=204)
async def plan_leave(actions: QuestsActions, caller: Caller, data: Leave) -> None:
    """Plan a leave: its days neither keep nor break a streak."""
    await actions.leave(caller.user, data.until)
