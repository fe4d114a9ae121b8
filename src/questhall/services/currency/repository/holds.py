"""Money set aside."""

from __future__ import annotations

from uuid import UUID

from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id


async def add_hold(tx: Tx, owner: str, key: str, currency: str, amount: int, seconds: int) -> Record:
    """An open hold, its end by the database's clock."""
    row = await tx.fetchrow(
        "INSERT INTO holds (owner, id, key, currency, amount, state, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, 'open', clock_timestamp() + make_interval(secs => $6)) RETURNING *",
        owner,
        new_id(),
        key,
        currency,
        amount,
        seconds,
    )
    assert row is not None
    return row


async def hold_by_key(tx: Tx, owner: str, key: str) -> Record | None:
    """An earlier answer."""
    return await tx.fetchrow("SELECT * FROM holds WHERE owner = $1 AND key = $2", owner, key)


async def refused_hold(tx: Tx, owner: str, key: str) -> Record | None:
    """An earlier refusal."""
    return await tx.fetchrow("SELECT * FROM refused_holds WHERE owner = $1 AND key = $2", owner, key)


async def refuse_hold(tx: Tx, owner: str, key: str, currency: str, amount: int, refusal: str, detail: str) -> None:
    """Keeps a refusal for ever."""
    await tx.execute(
        "INSERT INTO refused_holds (owner, key, currency, amount, refusal, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        owner,
        key,
        currency,
        amount,
        refusal,
        detail,
    )


async def hold(tx: Tx, hold_id: UUID) -> Record | None:
    """A hold, locked, with whether its time is over by the database's clock."""
    return await tx.fetchrow(
        "SELECT *, expires_at <= clock_timestamp() AS over FROM holds WHERE id = $1 FOR UPDATE", hold_id
    )


async def change_held(tx: Tx, owner: str, currency: str, by: int) -> None:
    """Sets money aside (or frees it)."""
    await tx.execute("UPDATE accounts SET held = held + $3 WHERE owner = $1 AND currency = $2", owner, currency, by)


async def end_hold(tx: Tx, hold_id: UUID, state: str) -> Record:
    """Ends an open hold."""
    row = await tx.fetchrow("UPDATE holds SET state = $2 WHERE id = $1 RETURNING *", hold_id, state)
    assert row is not None
    return row


async def expire_holds(tx: Tx) -> list[Record]:
    """Ends open holds whose time is over by the database's clock, and frees what they set aside; answers them."""
    return await tx.fetch(
        "WITH due AS (SELECT owner, id FROM holds WHERE state = 'open' AND expires_at <= clock_timestamp() "
        "             ORDER BY owner, id LIMIT 500 FOR UPDATE), "
        "ended AS (UPDATE holds h SET state = 'expired' FROM due WHERE h.owner = due.owner AND h.id = due.id "
        "          RETURNING h.*), "
        "freed AS (SELECT owner, currency, sum(amount)::bigint AS amount FROM ended GROUP BY owner, currency), "
        "kept AS (UPDATE accounts a SET held = a.held - freed.amount FROM freed "
        "         WHERE a.owner = freed.owner AND a.currency = freed.currency) "
        "SELECT * FROM ended ORDER BY owner, key"
    )
