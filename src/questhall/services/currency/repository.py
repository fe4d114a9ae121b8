"""Every SQL statement of currency."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from questhall.contracts.currency import Outcome, Posting
from questhall.kernel.contract import Cause
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.kernel.sealing import Seal
from questhall.services.currency.rules import Account, Accounts, Done, Entry, Kind, Known

# Everything that says what happened is sealed: the transfer, and its transaction with cause, actor and reason. Columns
# are only ever added at the end: older blocks were hashed over the first of them (``verification.FORMATS``).
_SEALED = (
    "t.seq, t.id, t.owner, t.transaction_id, t.debit, t.credit, t.currency, t.amount, t.paid, t.debit_balance, "
    "t.credit_balance, t.debit_number, t.credit_number, x.owner AS transaction_owner, x.key, x.transaction_type, "
    "x.reason, x.rule, x.reverses, x.causation_id, x.correlation_id, x.actor, x.created_at, "
    "x.depth"
)


LOCK_SQL = "SELECT FROM journal_head WHERE id = 1 FOR UPDATE"
"""Takes the journal for a transaction, before anything else is read."""


async def lock_journal(tx: Tx) -> int:
    """Takes the journal; answers the version of the currencies' rules."""
    version: int = await tx.fetchval("SELECT currencies FROM journal_head WHERE id = 1 FOR UPDATE")
    return version


# One statement, since each round trip is paid under the journal's lock. LIMIT 1 keeps the planner from reading a whole
# table for a batch, whatever it last knew of the table's size.
_LOAD_SQL = """
SELECT '' AS owner, '' AS name, last AS balance, currencies AS held, 0::bigint AS paid, 0::bigint AS number,
       NULL::bytea AS fingerprint, NULL::uuid AS transaction_id, NULL::text AS refusal, '' AS detail, NULL::jsonb AS balances
FROM journal_head WHERE id = 1
UNION ALL
SELECT a.owner, a.currency, a.balance, a.held, a.paid, a.number, NULL, NULL, NULL, '', NULL
FROM unnest($1::text[], $2::text[]) AS w(owner, currency) CROSS JOIN LATERAL (
    SELECT * FROM accounts AS a WHERE a.owner = w.owner AND a.currency = w.currency LIMIT 1) AS a
UNION ALL
SELECT k.owner, k.key, 0, 0, 0, 0, k.fingerprint, k.transaction_id, k.refusal, k.detail, k.balances
FROM unnest($3::text[], $4::text[]) AS w(owner, key) CROSS JOIN LATERAL (
    SELECT * FROM keys AS k WHERE k.owner = w.owner AND k.key = w.key LIMIT 1) AS k
"""


class Loaded(msgspec.Struct, frozen=True):
    """What a batch is walked on."""

    last: int
    """The journal's last ``seq``."""
    currencies: int
    """Version of the currencies' rules."""
    accounts: Accounts
    known: dict[tuple[str, str], Known]


async def load(tx: Tx, places: set[tuple[str, str]], keys: set[tuple[str, str]]) -> Loaded:
    """The journal's head, the accounts that a batch may touch, and the answers that were given before."""
    head, *rows = await tx.fetch(
        _LOAD_SQL,
        [owner for owner, _ in places],
        [currency for _, currency in places],
        [owner for owner, _ in keys],
        [key for _, key in keys],
    )
    accounts: Accounts = {}
    known: dict[tuple[str, str], Known] = {}
    for row in rows:
        if row["fingerprint"] is None:
            accounts[(row["owner"], row["name"])] = Account(row["balance"], row["held"], row["paid"], row["number"])
        else:
            known[(row["owner"], row["name"])] = _known(row)
    return Loaded(head["balance"], head["held"], accounts, known)


def _known(row: Record) -> Known:
    outcome = Outcome(
        key=row["name"],
        transaction_id=row["transaction_id"],
        accepted=row["refusal"] is None,
        refusal=row["refusal"],
        detail=row["detail"],
        balances=msgspec.json.decode(row["balances"]),
    )
    return Known(row["fingerprint"], outcome)


# Rows travel as arrays of the tables' own row types: a tenth of a millisecond less a batch than an array a column.
_STORE_SQL = """
WITH new_accounts AS (
    INSERT INTO accounts SELECT * FROM unnest($1::accounts[])
    ON CONFLICT (owner, currency) DO UPDATE
    SET balance = EXCLUDED.balance, held = EXCLUDED.held, paid = EXCLUDED.paid, number = EXCLUDED.number
), new_transfers AS (
    INSERT INTO transfers SELECT * FROM unnest($2::transfers[])
), new_transactions AS (
    INSERT INTO transactions SELECT * FROM unnest($3::transactions[])
), new_keys AS (
    INSERT INTO keys SELECT * FROM unnest($4::keys[])
)
UPDATE journal_head SET last = $5 WHERE id = 1
"""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """A walked posting with what is kept beside it."""

    done: Done
    cause: Cause
    reverses: UUID | None = None
    transfer_ids: list[UUID]


async def store(tx: Tx, accounts: Accounts, writes: list[Write], last: int) -> None:
    """Writes a batch as one statement."""
    transfers: list[tuple[object, ...]] = []
    transactions: list[tuple[object, ...]] = []
    for write in writes:
        outcome = write.done.outcome
        for transfer_id, entry in zip(write.transfer_ids, write.done.entries, strict=True):
            transfers.append(_transfer_row(transfer_id, last + len(transfers) + 1, outcome.transaction_id, entry))
        if outcome.accepted:
            transactions.append(_transaction_row(write, tx.now))
    await tx.execute(
        _STORE_SQL,
        # In order of their places, so that two processes never wait for each other's.
        [
            (owner, currency, account.balance, account.held, account.paid, account.number)
            for (owner, currency), account in sorted(accounts.items())
            if account.touched
        ],
        transfers,
        transactions,
        [_key_row(write) for write in writes],
        last + len(transfers),
    )


def _transfer_row(transfer_id: UUID, seq: int, transaction_id: UUID, entry: Entry) -> tuple[object, ...]:
    transfer = entry.transfer
    return (
        transfer.debit if entry.credit_balance is None else transfer.credit,
        transfer_id,
        seq,
        transaction_id,
        transfer.debit,
        transfer.credit,
        transfer.currency,
        transfer.amount,
        entry.paid,
        entry.debit_balance,
        entry.credit_balance,
        entry.debit_number,
        entry.credit_number,
    )


def _transaction_row(write: Write, now: datetime) -> tuple[object, ...]:
    work, cause = write.done.work, write.cause
    posting = work.posting
    return (
        work.owner,
        write.done.outcome.transaction_id,
        posting.key,
        posting.transaction_type,
        posting.reason,
        None if posting.rule is None else _json(posting.rule),
        write.reverses,
        cause.causation_id,
        cause.correlation_id,
        cause.actor,
        cause.depth,
        now,
    )


def _key_row(write: Write) -> tuple[object, ...]:
    work, outcome = write.done.work, write.done.outcome
    balances = _json(outcome.balances)
    return (
        work.owner,
        work.posting.key,
        write.done.fingerprint,
        outcome.transaction_id,
        outcome.refusal,
        outcome.detail,
        balances,
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


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
        "INSERT INTO currencies (code, name, icon, transferable, spendable, place) "
        "VALUES ($1, $2, $3, $4, $5, (SELECT max(place) + 1 FROM currencies)) ON CONFLICT DO NOTHING RETURNING *",
        values["code"],
        values["name"],
        values["icon"],
        values["transferable"],
        values["spendable"],
    )


async def change_currency(tx: Tx, code: str, version: int, changes: dict[str, Any]) -> Record | None:
    """Changes columns (names are ours) if the version is still the one read."""
    sets = "".join(f"{name} = ${n + 3}, " for n, name in enumerate(changes))
    return await tx.fetchrow(
        f"UPDATE currencies SET {sets}version = version + 1 WHERE code = $1 AND version = $2 RETURNING *",
        code,
        version,
        *changes.values(),
    )


async def accounts_of(tx: Tx, owner: str) -> list[Record]:
    """An owner's accounts."""
    return await tx.fetch("SELECT * FROM accounts WHERE owner = $1", owner)


async def wallet(tx: Tx, user_id: UUID, currency: str | None, after: int | None, limit: int) -> list[Record]:
    """A player's transfers, newest first."""
    account = f"user:{user_id}"
    return await tx.fetch(
        "SELECT t.*, x.transaction_type, x.reason, x.created_at FROM ("
        "(SELECT seq, id, transaction_id, currency, amount, debit AS source, credit_balance AS balance FROM transfers "
        " WHERE credit = $1 AND credit_balance IS NOT NULL AND ($2::text IS NULL OR currency = $2) "
        " AND ($3::bigint IS NULL OR seq < $3) ORDER BY seq DESC LIMIT $4) UNION ALL "
        "(SELECT seq, id, transaction_id, currency, -amount, credit, debit_balance FROM transfers "
        " WHERE debit = $1 AND debit_balance IS NOT NULL AND ($2::text IS NULL OR currency = $2) "
        " AND ($3::bigint IS NULL OR seq < $3) ORDER BY seq DESC LIMIT $4)) AS t "
        "JOIN transactions x ON x.id = t.transaction_id ORDER BY t.seq DESC LIMIT $4",
        account,
        currency,
        after,
        limit,
    )


async def transaction(tx: Tx, transaction_id: UUID) -> tuple[Record, list[Record]] | None:
    """A transaction with its transfers, by its own id or that of one of them."""
    row = await tx.fetchrow(
        "SELECT * FROM transactions WHERE id = $1 OR id = (SELECT transaction_id FROM transfers WHERE id = $1 LIMIT 1)",
        transaction_id,
    )
    if row is None:
        return None
    return row, await tx.fetch("SELECT * FROM transfers WHERE transaction_id = $1 ORDER BY seq", row["id"])


async def reversed_by(tx: Tx, transaction_id: UUID) -> UUID | None:
    """The transaction that reversed this one, if any."""
    return await tx.fetchval("SELECT id FROM transactions WHERE reverses = $1", transaction_id)


async def caused_by(tx: Tx, event_ids: list[UUID]) -> list[UUID]:
    """Transactions that these events caused and nothing reversed yet."""
    rows = await tx.fetch(
        "SELECT id FROM transactions x WHERE causation_id = ANY($1::uuid[]) AND reverses IS NULL "
        "AND NOT EXISTS (SELECT FROM transactions r WHERE r.reverses = x.id) ORDER BY id DESC",
        event_ids,
    )
    return [row[0] for row in rows]


# Levels


class Mark(msgspec.Struct, frozen=True):
    """A level that a transaction brought a player to."""

    user_id: UUID
    level: int
    xp: int
    transaction_id: UUID
    cause: Cause


async def mark_levels(tx: Tx, marks: list[Mark]) -> set[tuple[UUID, int]]:
    """Notes levels; answers those that are reached for the first time."""
    rows = await tx.fetch(
        "INSERT INTO level_marks (user_id, level, xp, transaction_id, causation_id, reached_at) "
        "SELECT *, $6::timestamptz FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::uuid[], $5::uuid[]) "
        "ON CONFLICT DO NOTHING RETURNING user_id, level",
        [m.user_id for m in marks],
        [m.level for m in marks],
        [m.xp for m in marks],
        [m.transaction_id for m in marks],
        [m.cause.causation_id for m in marks],
        tx.now,
    )
    return {(row[0], row[1]) for row in rows}


async def fell(tx: Tx, user_id: UUID, levels: list[int], by: UUID) -> None:
    """An undo took a player below these levels."""
    await tx.execute(
        "UPDATE level_marks SET fell_by = $3 WHERE user_id = $1 AND level = ANY($2::int[]) AND fell_by IS NULL",
        user_id,
        levels,
        by,
    )


async def fallen(tx: Tx, levels: list[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Those of these levels that an undo has taken away."""
    rows = await tx.fetch(
        "SELECT user_id, level FROM level_marks JOIN unnest($1::uuid[], $2::int[]) AS w(user_id, level) "
        "USING (user_id, level) WHERE fell_by IS NOT NULL",
        [user_id for user_id, _ in levels],
        [level for _, level in levels],
    )
    return {(row[0], row[1]) for row in rows}


async def paid_under(tx: Tx, owner: str, keys: list[str]) -> list[UUID]:
    """Transactions accepted under these keys that nothing reversed yet."""
    rows = await tx.fetch(
        "SELECT k.transaction_id FROM keys k WHERE k.owner = $1 AND k.refusal IS NULL "
        "AND (k.key = ANY($2::text[]) OR k.key LIKE ANY(SELECT unnest($2::text[]) || ':%')) "
        "AND NOT EXISTS (SELECT FROM transactions r WHERE r.reverses = k.transaction_id) ORDER BY k.transaction_id DESC",
        owner,
        keys,
    )
    return [row[0] for row in rows]


async def level_mark(tx: Tx, user_id: UUID, level: int) -> Record | None:
    """When and why a player reached a level."""
    return await tx.fetchrow("SELECT * FROM level_marks WHERE user_id = $1 AND level = $2", user_id, level)


async def level_rewards(tx: Tx) -> dict[int, str]:
    """What each level pays, as JSON."""
    return {row[0]: row[1] for row in await tx.fetch("SELECT level, reward FROM level_rewards")}


# Holds


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


async def expire_holds(tx: Tx) -> int:
    """Ends open holds whose time is over by the database's clock, and frees what they set aside; answers how many."""
    return await tx.fetchval(
        "WITH due AS (SELECT owner, id FROM holds WHERE state = 'open' AND expires_at <= clock_timestamp() "
        "             ORDER BY owner, id LIMIT 500 FOR UPDATE), "
        "ended AS (UPDATE holds h SET state = 'expired' FROM due WHERE h.owner = due.owner AND h.id = due.id "
        "          RETURNING h.owner, h.currency, h.amount), "
        "freed AS (SELECT owner, currency, sum(amount)::bigint AS amount FROM ended GROUP BY owner, currency), "
        "kept AS (UPDATE accounts a SET held = a.held - freed.amount FROM freed "
        "         WHERE a.owner = freed.owner AND a.currency = freed.currency) "
        "SELECT count(*) FROM ended"
    )


# Parts that wait


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a reward that could not be credited."""

    user_id: UUID
    part_id: str
    grant_id: UUID
    posting: Posting
    refusal: str
    cause: Cause


async def wait(tx: Tx, parts: list[Waiting]) -> None:
    """Keeps parts until they can be credited."""
    await tx.execute(
        "INSERT INTO unsettled_parts (user_id, part_id, grant_id, currency, posting, refusal, causation_id, "
        "correlation_id, actor, depth, since) "
        "SELECT *, $11::timestamptz FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::jsonb[], $6::text[], "
        "$7::uuid[], $8::uuid[], $9::text[], $10::int[]) ON CONFLICT DO NOTHING",
        [p.user_id for p in parts],
        [p.part_id for p in parts],
        [p.grant_id for p in parts],
        [p.posting.transfers[0].currency for p in parts],
        [_json(p.posting) for p in parts],
        [p.refusal for p in parts],
        [p.cause.causation_id for p in parts],
        [p.cause.correlation_id for p in parts],
        [p.cause.actor for p in parts],
        [p.cause.depth for p in parts],
        tx.now,
    )


async def waiting(tx: Tx, limit: int) -> list[Waiting]:
    """Parts whose currency there is by now."""
    rows = await tx.fetch(
        "SELECT p.* FROM unsettled_parts p JOIN currencies c ON c.code = p.currency AND c.active "
        "WHERE p.refusal = 'unknown_currency' ORDER BY p.since, p.user_id, p.part_id LIMIT $1",
        limit,
    )
    return [
        Waiting(
            user_id=row["user_id"],
            part_id=row["part_id"],
            grant_id=row["grant_id"],
            posting=msgspec.json.decode(row["posting"], type=Posting),
            refusal=row["refusal"],
            cause=Cause(
                correlation_id=row["correlation_id"],
                causation_id=row["causation_id"],
                actor=row["actor"],
                depth=row["depth"],
            ),
        )
        for row in rows
    ]


async def forgo(tx: Tx, event_ids: list[UUID]) -> None:
    """Parts that these events caused and that still wait are never credited: they were undone."""
    await tx.execute(
        "UPDATE unsettled_parts SET refusal = 'undone' WHERE causation_id = ANY($1::uuid[]) AND refusal = 'unknown_currency'",
        event_ids,
    )


async def waited(tx: Tx, part: Waiting, refusal: str | None) -> None:
    """A part was credited, or refused for another reason, which is final."""
    if refusal is None:
        await tx.execute("DELETE FROM unsettled_parts WHERE user_id = $1 AND part_id = $2", part.user_id, part.part_id)
    else:
        await tx.execute(
            "UPDATE unsettled_parts SET refusal = $3 WHERE user_id = $1 AND part_id = $2",
            part.user_id,
            part.part_id,
            refusal,
        )


async def forget_waiting(tx: Tx, user_id: UUID, grant_id: UUID) -> int:
    """Parts of a grant that still wait are not to be credited any more; answers how many."""
    done = await tx.execute("DELETE FROM unsettled_parts WHERE user_id = $1 AND grant_id = $2", user_id, grant_id)
    return int(done.split()[-1])


# Upkeep and proof


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
