"""Checkpoints, seals, and what the proof of the ledger reads."""

from __future__ import annotations

from questhall.kernel.database import Record, Tx
from questhall.kernel.sealing import Seal

# Everything that says what happened is sealed: the transfer, and its transaction with cause, actor and reason. Columns
# are only ever added at the end: older blocks were hashed over the first of them (``verification.FORMATS``).
_SEALED = (
    "t.seq, t.id, t.owner, t.transaction_id, t.debit, t.credit, t.currency, t.amount, t.paid, t.debit_balance, "
    "t.credit_balance, t.debit_number, t.credit_number, x.owner AS transaction_owner, x.key, x.transaction_type, "
    "x.reason, x.rule, x.reverses, x.causation_id, x.correlation_id, x.actor, x.created_at, "
    "x.depth"
)


async def checkpoint(tx: Tx) -> None:
    """Folds what is new into the system accounts' balances."""
    await tx.execute(
        "WITH head AS (SELECT seq FROM checkpoint_head WHERE id = 1 FOR UPDATE), "
        "new AS (SELECT t.* FROM transfers t, head WHERE t.seq > head.seq), "
        "folded AS (SELECT account, currency, sum(amount) AS amount FROM ("
        " SELECT credit AS account, currency, amount FROM new WHERE credit_balance IS NULL UNION ALL "
        " SELECT debit, currency, -amount FROM new WHERE debit_balance IS NULL) AS legs GROUP BY account, currency), "
        "kept AS (INSERT INTO checkpoints AS c (account, currency, balance) SELECT account, currency, amount FROM folded "
        " ON CONFLICT (account, currency) DO UPDATE SET balance = c.balance + EXCLUDED.balance) "
        "UPDATE checkpoint_head SET seq = greatest(seq, (SELECT max(seq) FROM new)) WHERE id = 1"
    )


async def last_seal(tx: Tx) -> Record | None:
    """The newest block."""
    return await tx.fetchrow("SELECT * FROM seals ORDER BY last DESC LIMIT 1")


async def seals(tx: Tx) -> list[Record]:
    """All blocks, oldest first."""
    return await tx.fetch("SELECT * FROM seals ORDER BY last")


async def block(tx: Tx, after: int, limit: int) -> list[Record]:
    """Rows of the journal after a place, also those whose transaction is gone."""
    return await tx.fetch(
        f"SELECT {_SEALED} FROM (SELECT * FROM transfers WHERE seq > $1 ORDER BY seq LIMIT $2) AS t "
        "LEFT JOIN transactions x ON x.id = t.transaction_id ORDER BY t.seq",
        after,
        limit,
    )


async def lock_seals(tx: Tx) -> None:
    """One seals at a time."""
    await tx.execute("SELECT FROM seal_head WHERE id = 1 FOR UPDATE")


async def heads(tx: Tx) -> Record:
    """How far the journal goes, how far sealing went, and in how many blocks."""
    row = await tx.fetchrow(
        "SELECT j.last AS journal, s.last AS sealed, s.blocks FROM journal_head j, seal_head s WHERE j.id = 1 AND s.id = 1"
    )
    assert row is not None
    return row


async def add_seal(tx: Tx, seal: Seal, format: int, digests: bytes) -> None:
    """A new block, over the columns of a format, with each row's own digest."""
    await tx.execute(
        "WITH head AS (UPDATE seal_head SET last = $2, blocks = blocks + 1 WHERE id = 1) "
        "INSERT INTO seals (first, last, count, previous, hash, format, digests) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        seal.first,
        seal.last,
        seal.count,
        seal.previous,
        seal.hash,
        format,
        digests,
    )


async def all_accounts(tx: Tx) -> list[Record]:
    """Every stored balance."""
    return await tx.fetch("SELECT owner, currency, balance, held, paid, number FROM accounts")


async def held_sums(tx: Tx) -> dict[tuple[str, str], int]:
    """What open holds add up to."""
    rows = await tx.fetch("SELECT owner, currency, sum(amount)::bigint FROM holds WHERE state = 'open' GROUP BY 1, 2")
    return {(row[0], row[1]): row[2] for row in rows}


async def folded(tx: Tx) -> tuple[int, dict[tuple[str, str], int]]:
    """Balances of system accounts as the checkpoint says, and up to which ``seq``."""
    seq = await tx.fetchval("SELECT seq FROM checkpoint_head WHERE id = 1")
    rows = await tx.fetch("SELECT account, currency, balance FROM checkpoints")
    return seq, {(row[0], row[1]): int(row[2]) for row in rows}


async def loose_ends(tx: Tx) -> list[str]:
    """Transactions without a key or transfers, and accepted keys without a transaction."""
    rows = await tx.fetch(
        "SELECT 'transaction ' || x.id || ' has no accepted key' FROM transactions x WHERE NOT EXISTS "
        "(SELECT FROM keys k WHERE k.owner = x.owner AND k.key = x.key AND k.transaction_id = x.id AND k.refusal IS NULL) "
        "UNION ALL SELECT 'transaction ' || x.id || ' has no transfers' FROM transactions x WHERE NOT EXISTS "
        "(SELECT FROM transfers t WHERE t.transaction_id = x.id) "
        "UNION ALL SELECT 'key ' || k.key || ' was accepted and has no transaction' FROM keys k "
        "WHERE k.refusal IS NULL AND NOT EXISTS (SELECT FROM transactions x WHERE x.id = k.transaction_id) LIMIT 20"
    )
    return [row[0] for row in rows]
