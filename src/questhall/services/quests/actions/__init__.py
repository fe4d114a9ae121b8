"""What quests can do: one class, a part of it a file."""

from __future__ import annotations

from questhall.contracts.quests import Quests
from questhall.services.quests.actions.authoring import Authoring
from questhall.services.quests.actions.hearing import Hearing
from questhall.services.quests.actions.playing import Board, Playing
from questhall.services.quests.actions.streaks import Streaks

__all__ = ["Board", "QuestsActions"]


class QuestsActions(Hearing, Authoring, Playing, Streaks, Quests):
    """Implements the contract."""
