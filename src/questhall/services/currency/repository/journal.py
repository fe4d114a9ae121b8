"""The journal: a batch is loaded, walked and written under one lock."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from questhall.contracts.currency import Outcome
from questhall.kernel.contract import Cause
from questhall.kernel.database import Record, Tx, json_text
from questhall.services.currency.rules import Account, Accounts, Done, Entry, Known


async def lock_journal(tx: Tx) -> int:
    """Takes the journal; answers the version of the currencies' rules."""
    version: int = await tx.fetchval("SELECT currencies FROM journal_head WHERE id = 1 FOR UPDATE")
    return version


_OPEN_SQL = "SELECT * FROM open_journal($1, $2, $3, $4)"


class Loaded(msgspec.Struct, frozen=True):
    """What a batch is walked on."""

    last: int
    """The journal's last ``seq``."""
    currencies: int
    """Version of the currencies' rules."""
    accounts: Accounts
    known: dict[tuple[str, str], Known]


async def load(tx: Tx, places: set[tuple[str, str]], keys: set[tuple[str, str]]) -> Loaded:
    """Takes the journal; its head, the accounts that a batch may touch, and the answers that were given before."""
    head, *rows = await tx.fetch(
        _OPEN_SQL,
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
new_accounts AS (
    INSERT INTO accounts SELECT * FROM unnest($4::accounts[])
    ON CONFLICT (owner, currency) DO UPDATE
    SET balance = EXCLUDED.balance, held = EXCLUDED.held, paid = EXCLUDED.paid, number = EXCLUDED.number
), new_transfers AS (
    INSERT INTO transfers SELECT * FROM unnest($5::transfers[])
), new_transactions AS (
    INSERT INTO transactions SELECT * FROM unnest($6::transactions[])
), new_keys AS (
    INSERT INTO keys SELECT * FROM unnest($7::keys[])
), new_head AS (
    UPDATE journal_head SET last = $8 WHERE id = 1
)
"""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """A walked posting with what is kept beside it."""

    done: Done
    cause: Cause
    reverses: UUID | None = None
    transfer_ids: list[UUID]


async def store(tx: Tx, accounts: Accounts, writes: list[Write], last: int) -> None:
    """Writes a batch, and with it what is said of it, as one statement."""
    transfers: list[tuple[object, ...]] = []
    transactions: list[tuple[object, ...]] = []
    for write in writes:
        outcome = write.done.outcome
        for transfer_id, entry in zip(write.transfer_ids, write.done.entries, strict=True):
            transfers.append(_transfer_row(transfer_id, last + len(transfers) + 1, outcome.transaction_id, entry))
        if outcome.accepted:
            transactions.append(_transaction_row(write, tx.now))
    await tx.write_with_events(
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
        None if posting.rule is None else json_text(posting.rule),
        write.reverses,
        cause.causation_id,
        cause.correlation_id,
        cause.actor,
        cause.depth,
        now,
    )


def _key_row(write: Write) -> tuple[object, ...]:
    work, outcome = write.done.work, write.done.outcome
    balances = json_text(outcome.balances)
    return (
        work.owner,
        work.posting.key,
        write.done.fingerprint,
        outcome.transaction_id,
        outcome.refusal,
        outcome.detail,
        balances,
    )
