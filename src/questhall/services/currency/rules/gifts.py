"""What players may give each other in a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

NEW_FOR = timedelta(days=7)
"""How long an account counts as new."""


class GiftLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Of a currency, in its smallest unit, for a day (UTC)."""

    give_day_max: int
    take_day_max: int
    give_new_max: int
    """What an account may give while it is new."""


def give_max(limits: GiftLimits, registered_at: datetime, now: datetime) -> int:
    """What a player may give today."""
    return min(limits.give_new_max, limits.give_day_max) if now - registered_at < NEW_FOR else limits.give_day_max
