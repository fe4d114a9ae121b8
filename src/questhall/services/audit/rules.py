"""Pure decisions of audit: how long a type is kept, how an effect is named, when a chain is whole."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

PASSING = frozenset(
    {"quest.progressed", "badge.progressed", "session.started", "session.revoked", "reward.settled", "user.login"}
)
"""Types that are not kept for ever."""
CATCHES_UP_IN = timedelta(minutes=10)
"""A cause that is missing for longer than this will not come: its partition has left."""


def class_of(event_type: str) -> str:
    """Retention class: ``lasting`` (for ever) or ``passing``."""
    return "passing" if event_type in PASSING else "lasting"


def reference(kind: str, effect_id: str, asker: UUID, *, sees_all: bool) -> str | None:
    """How the owner of a kind of effect names it; None for what can't be an id.

    A level is the asker's own, unless ``<user>:<level>`` is asked for by somebody who sees all.
    """
    if kind != "level":
        return None if identifier(effect_id) is None else effect_id
    user, _, level = effect_id.rpartition(":")
    owner = identifier(user) if user else asker
    if (
        owner is None
        or (owner != asker and not sees_all)
        or not (level.isascii() and level.isdigit() and len(level) < 7)
    ):
        return None
    return f"{owner}:{int(level)}"


def identifier(text: str) -> UUID | None:
    """A UUID; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def is_act(causation_id: UUID | None, correlation_id: UUID | None) -> bool:
    """Whether a cause is the first act itself (a request, a delivery, the clock) and so no event of the log."""
    return causation_id is None or causation_id == correlation_id


def may_still_come(effect_at: datetime | None, now: datetime) -> bool:
    """Whether a cause that the log does not have is only late."""
    return effect_at is None or now - effect_at < CATCHES_UP_IN


def is_behind(seen: UUID, now: datetime) -> bool:
    """Whether an event that somebody has heard of, and the log does not have, is only late. A made-up one is not."""
    made_ms = seen.int >> 80
    return seen.version == 7 and abs(now.timestamp() * 1000 - made_ms) < CATCHES_UP_IN.total_seconds() * 1000
