"""What players gave each other, by the day."""

from __future__ import annotations

from datetime import date

from questhall.kernel.database import Tx
from questhall.services.currency.rules import GiftLimits


async def gift_limits(tx: Tx, currency: str) -> GiftLimits | None:
    """What may be given of a currency; None if there is no such."""
    row = await tx.fetchrow("SELECT give_day_max, take_day_max, give_new_max FROM currencies WHERE code = $1", currency)
    return None if row is None else GiftLimits(**dict(row))


async def count_gift(tx: Tx, giver: str, taker: str, currency: str, day: date, amount: int) -> tuple[int, int]:
    """Adds a gift to the day of both; answers what one has given and the other taken by it. Asked behind the journal's lock."""
    rows = await tx.fetch(
        "INSERT INTO gift_days AS d (owner, currency, day, given, taken) "
        "VALUES ($1, $3, $4, $5, 0), ($2, $3, $4, 0, $5) "
        "ON CONFLICT (owner, currency, day) DO UPDATE SET given = d.given + EXCLUDED.given, taken = d.taken + EXCLUDED.taken "
        "RETURNING owner, given, taken",
        giver,
        taker,
        currency,
        day,
        amount,
    )
    counts = {row["owner"]: row for row in rows}
    return counts[giver]["given"], counts[taker]["taken"]


async def forget_gift_days(tx: Tx, before: date) -> None:
    """Ends what no limit looks at any more."""
    await tx.execute("DELETE FROM gift_days WHERE day < $1", before)
