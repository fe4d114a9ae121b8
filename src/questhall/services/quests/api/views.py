"""What quests look like over HTTP, and how they are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

import msgspec

from questhall.contracts.quests import QuestNotFound
from questhall.contracts.rewards import Reward
from questhall.kernel.access import Caller
from questhall.kernel.calendar import local_day, start_of
from questhall.kernel.database import Tx
from questhall.kernel.http import etag
from questhall.services.quests import repository, rules
from questhall.services.quests.actions import Board, QuestsActions

Status = Literal["draft", "published", "archived"]
State = Literal["locked", "available", "accepted", "in_progress", "completed", "cooling_down", "expired", "abandoned"]
"""A player's own state with a quest."""


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


def _mine(d: rules.Definition, board: Board, quest_id: UUID, status: str) -> Mine:
    run, past = board.runs.get(quest_id), board.pasts.get(quest_id, rules.Past())
    day = local_day(board.zone, board.now)
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
    times = [] if after is None else [start_of(zone, after)]
    if run is not None and run.expires_at is not None:
        times.append(run.expires_at)
    return min(times, default=None)


def _progress(objective: rules.Objective, run: rules.Run | None) -> ObjectiveProgress:
    have = 0 if run is None or objective.id not in run.progress else run.progress[objective.id].have
    return ObjectiveProgress(id=objective.id, have=have, need=objective.count, done=have >= objective.count)


def view_of(row: Any, d: rules.Definition, board: Board | None) -> QuestView:
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


def head_of(row: Any) -> rules.Definition:
    """The head as its author last saved it."""
    return msgspec.json.decode(row["definition"], type=rules.Definition)


async def views_of(actions: QuestsActions, caller: Caller) -> list[QuestView]:
    """All quests in order of their ids."""
    async with actions.at.db.read() as tx:
        rows = await repository.HEADS.every(tx)
        board = await actions.board(tx, caller.user)
    return [view_of(row, _played(actions, row), board) for row in rows]


def _played(actions: QuestsActions, row: Any) -> rules.Definition:
    """What is played of a quest; of one that is not, its head."""
    return actions.playable(row["id"]).definition if _known(actions, row) else head_of(row)


def _known(actions: QuestsActions, row: Any) -> bool:
    try:
        return actions.playable(row["id"]).version == row["version"]
    except QuestNotFound:
        return False


async def view_one(actions: QuestsActions, tx: Tx, caller: Caller, quest_id: UUID) -> QuestView:
    """A quest as the caller sees it. Refuses ``quest_not_found``, a draft to who does not author."""
    row = await repository.HEADS.head(tx, quest_id)
    if row is None or (row["status"] == "draft" and not caller.may("quests:write")):
        raise QuestNotFound
    return view_of(row, _played(actions, row), await actions.board(tx, caller.user))


def tag_of(view: QuestView) -> dict[str, str]:
    """The header that ``If-Match`` takes."""
    return etag(view.edit)
