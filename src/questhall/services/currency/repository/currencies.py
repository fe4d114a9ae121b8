"""Kinds of currency, and their rules."""

from __future__ import annotations

from typing import Any

from questhall.kernel.database import Record, Tx
from questhall.kernel.versions import change_row
from questhall.services.currency.rules import Kind


async def kinds(tx: Tx) -> dict[str, Kind]:
    """Rules of every currency."""
    rows = await tx.fetch("SELECT code, transferable, spendable, active FROM currencies")
    return {row[0]: Kind(row[1], row[2], row[3]) for row in rows}


async def currencies(tx: Tx) -> list[Record]:
    """Every currency, in the order in which it is shown."""
    return await tx.fetch("SELECT * FROM currencies ORDER BY place, code")


async def renew_currencies(tx: Tx) -> None:
    """Rules of currencies change with this transaction: whoever posts after it sees them."""
    await tx.execute("UPDATE journal_head SET currencies = currencies + 1 WHERE id = 1")


async def add_currency(tx: Tx, values: dict[str, Any]) -> Record | None:
    """A new currency; None if the code is taken."""
    return await tx.fetchrow(
        "INSERT INTO currencies (code, name, icon, transferable, spendable, give_day_max, take_day_max, give_new_max, place) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, (SELECT max(place) + 1 FROM currencies)) ON CONFLICT DO NOTHING RETURNING *",
        values["code"],
        values["name"],
        values["icon"],
        values["transferable"],
        values["spendable"],
        values["give_day_max"],
        values["take_day_max"],
        values["give_new_max"],
    )


async def change_currency(tx: Tx, code: str, version: int, changes: dict[str, Any]) -> Record:
    """Changes columns of a currency. Refuses ``stale``."""
    return await change_row(tx, "currencies", ("code", code), version, changes)
