"""What quests can do: one class, a part of it a file."""

from __future__ import annotations

from questhall.contracts.quests import Quests
from questhall.services.quests.actions.content import Content, templates
from questhall.services.quests.actions.hearing import Hearing
from questhall.services.quests.actions.person import Person
from questhall.services.quests.actions.playing import Board, Playing
from questhall.services.quests.actions.streaks import Streaks

__all__ = ["Board", "QuestsActions", "templates"]


class QuestsActions(Hearing, Content, Playing, Streaks, Person, Quests):
    """Implements the contract."""
