"""HTTP of quests."""

from __future__ import annotations

from questhall.services.quests.api.authoring import (
    archive_quest,
    change_quest,
    check_condition,
    create_quest,
    list_templates,
    publish_quest,
    read_draft,
)
from questhall.services.quests.api.playing import (
    abandon_quest,
    accept_quest,
    complete_quest,
    list_my_quests,
    list_quests,
    read_quest,
)
from questhall.services.quests.api.streaks import list_streaks, plan_leave

__all__ = [
    "abandon_quest",
    "accept_quest",
    "archive_quest",
    "change_quest",
    "check_condition",
    "complete_quest",
    "create_quest",
    "list_my_quests",
    "list_quests",
    "list_streaks",
    "list_templates",
    "plan_leave",
    "publish_quest",
    "read_draft",
    "read_quest",
]
