"""The published curve of levels."""

from __future__ import annotations

import math

LEVEL_STEP_XP = 50
LEVEL_MAX = 1000
"""The curve ends here (49,950,000 XP): else one large credit would reach millions of levels at once."""


def level_of(xp: int) -> int:
    """The level of a total: level n begins at 50·n·(n-1) XP; the highest is LEVEL_MAX."""
    return min(LEVEL_MAX, max(1, (1 + math.isqrt(1 + 4 * xp // LEVEL_STEP_XP)) // 2))


def floor_of(level: int) -> int:
    """Total XP at which a level begins."""
    return LEVEL_STEP_XP * level * (level - 1)
