"""The journal's chain: one row edited by a superuser is found and named, whatever column; so is a folder sealed long ago."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from questhall.contracts.currency import Currency, Posting, Transfer
from questhall.kernel.ids import new_id
from questhall.kernel.sealing import GENESIS, block_hash
from questhall.kernel.testing import Hall
from questhall.services.currency import repository
from questhall.services.currency.actions import proving
from questhall.services.currency.verification import FORMATS

pytestmark = pytest.mark.tampers

TRANSFERS = {
    "owner": "owner || 'x'",
    "id": "gen_random_uuid()",
    "seq": "99",
    "transaction_id": "gen_random_uuid()",
    "debit": "'mint:other'",
    "credit": "'user:00000000-0000-0000-0000-000000000009'",
    "currency": "'gems'",
    "amount": "amount + 1",
    "paid": "1",
    "debit_balance": "0",
    "credit_balance": "credit_balance + 1",
    "debit_number": "1",
    "credit_number": "credit_number + 1",
}
TRANSACTIONS = {
    "owner": "owner || 'x'",
    "id": "gen_random_uuid()",
    "key": "key || 'x'",
    "transaction_type": "'other'",
    "reason": "'another'",
    "rule": """'{"version": 2}'""",
    "reverses": "gen_random_uuid()",
    "causation_id": "gen_random_uuid()",
    "correlation_id": "gen_random_uuid()",
    "actor": "'admin:other'",
    "depth": "depth + 1",
    "created_at": "created_at + interval '1 microsecond'",
}
TABLES = ("transfers", "transactions", "keys", "seals", "accounts")
SEALS = {
    "first": "first + 1",
    "last": "last - 1",
    "count": "count + 1",
    "previous": "sha256('x')",
    "hash": "sha256('x')",
    "format": "2",
    "digests": "sha256('x') || digests",
}


@pytest.fixture
async def admin(hall: Hall) -> AsyncIterator[Any]:
    """A superuser whose statements no trigger stops, and six sealed transfers, three a block."""
    account = f"user:{new_id()}"
    for block in range(2):
        for n in range(3):
            move = Transfer(debit="mint:t", credit=account, currency="coins", amount=5)
            posting = Posting(
                key=f"{block}{n}", transfers=[move], transaction_type="test", reason="r", rule={"version": 1}
            )
            assert (await hall.actions(Currency).post([posting]))[0].accepted
        await hall.run_job(Currency, "seal_journal")
    assert await problems(hall) == []
    connection = await asyncpg.connect(hall.admin_url, server_settings={"search_path": "currency"})
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()


async def after(hall: Hall, admin: Any, damage: str) -> list[str]:
    """What is found after a damage; then all is put back."""
    await admin.execute("".join(f"CREATE TEMP TABLE saved_{name} AS TABLE {name};" for name in TABLES))
    await admin.execute(damage)
    found = await problems(hall)
    for name in TABLES:
        await admin.execute(f"TRUNCATE {name}; INSERT INTO {name} TABLE saved_{name}; DROP TABLE saved_{name}")
    await admin.execute("CREATE UNIQUE INDEX IF NOT EXISTS transfers_seq ON transfers (seq)")
    assert await problems(hall) == []
    return found


async def problems(hall: Hall) -> list[str]:
    found: list[str] = (await hall.actions(Currency).verify()).problems
    return found


async def test_every_column_of_what_is_sealed_is_tried(admin: Any) -> None:
    for table, tried in (("transfers", TRANSFERS), ("transactions", TRANSACTIONS), ("seals", SEALS)):
        columns = await admin.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'currency' AND table_name = $1",
            table,
        )
        assert {row[0] for row in columns} == tried.keys()


async def test_an_edited_transfer_is_found_with_its_place(hall: Hall, admin: Any) -> None:
    for column, value in TRANSFERS.items():
        found = await after(hall, admin, f"UPDATE transfers SET {column} = {value} WHERE seq = 2")
        assert any(problem.startswith("transfer 2: the row ") for problem in found), (column, found)


async def test_an_edited_transaction_is_found_with_its_place(hall: Hall, admin: Any) -> None:
    for column, value in TRANSACTIONS.items():
        damage = f"UPDATE transactions SET {column} = {value} WHERE id = (SELECT transaction_id FROM transfers WHERE seq = 5)"
        found = await after(hall, admin, damage)
        assert any(problem.startswith("transfer 5: the row was changed") for problem in found), (column, found)


async def test_an_edited_seal_is_found(hall: Hall, admin: Any) -> None:
    for column, value in SEALS.items():
        assert await after(hall, admin, f"UPDATE seals SET {column} = {value} WHERE last = 3") != [], column


DAMAGE = [
    ("DELETE FROM transfers WHERE seq = 2", "transfer 2: the row is gone"),
    ("DELETE FROM transfers WHERE seq = 6", "transfer 6: the row is gone"),
    ("DELETE FROM transfers WHERE seq > 3", "transfers 4 to 6 were sealed and are not there"),
    (
        "DELETE FROM transactions WHERE id = (SELECT transaction_id FROM transfers WHERE seq = 4)",
        "transfer 4: the row was changed",
    ),
    ("DELETE FROM keys WHERE key = '01'", "has no accepted key"),
    ("DELETE FROM seals WHERE last = 3", "the seal of transfers 4 to 6 does not begin at 1"),
    ("DELETE FROM seals WHERE last = 6", "2 blocks were sealed up to transfer 6, 1 up to 3 are there"),
    ("DELETE FROM seals", "2 blocks were sealed up to transfer 6, 0 up to 0 are there"),
    (
        "INSERT INTO transfers SELECT owner, gen_random_uuid(), 7, transaction_id, debit, credit, currency, amount, paid, "
        "debit_balance, credit_balance + 5, debit_number, credit_number + 1 FROM transfers WHERE seq = 6",
        "the journal goes up to transfer 6, its last row is 7",
    ),
    (
        "INSERT INTO transactions SELECT owner || 'x', id, key, transaction_type, reason, rule, reverses, causation_id, "
        "correlation_id, actor, depth, created_at FROM transactions "
        "WHERE id = (SELECT transaction_id FROM transfers WHERE seq = 2)",
        "transfer 2 stands there more than once",
    ),
    (
        "DROP INDEX transfers_seq; UPDATE transfers SET seq = CASE seq WHEN 2 THEN 3 ELSE 2 END WHERE seq IN (2, 3)",
        "transfer 2: the row was changed",
    ),
    ("UPDATE accounts SET balance = balance + 1, paid = 1", "its postings give 30"),
]


async def test_what_is_gone_slipped_in_or_swapped_is_found(hall: Hall, admin: Any) -> None:
    for damage, says in DAMAGE:
        found = await after(hall, admin, damage)
        assert any(says in problem for problem in found), (damage, found)


@pytest.mark.parametrize("format", [1, 2])
async def test_a_folder_sealed_before_formats_were_written_down_verifies_and_goes_on(
    hall: Hall, admin: Any, format: int
) -> None:
    await _seal_as_of_old(hall, admin, format)
    assert await problems(hall) == []
    move = Transfer(debit="mint:t", credit="sink:t", currency="coins", amount=5)
    await hall.actions(Currency).post([Posting(key="new", transfers=[move], transaction_type="test")])
    await hall.run_job(Currency, "seal_journal")
    assert await admin.fetchval("SELECT count(*) FROM seals WHERE format IS NOT NULL") == 1
    assert await problems(hall) == []
    await admin.execute("UPDATE transfers SET debit = 'mint:other' WHERE seq = 2")
    assert "the chain is broken in transfers 1 to 3" in await problems(hall)


async def _seal_as_of_old(hall: Hall, admin: Any, format: int) -> None:
    """Seals as they stood after the migration that added formats: hashed over fewer columns, nothing said of it."""
    previous = GENESIS
    for last in (3, 6):
        async with hall.database(Currency).tx() as tx:
            rows = [tuple(row)[: FORMATS[format]] for row in await repository.block(tx, last - 3, 3)]
        hashed = block_hash(previous, rows)
        await admin.execute(
            "UPDATE seals SET previous = $1, hash = $2, format = NULL, digests = NULL WHERE last = $3",
            previous,
            hashed,
            last,
        )
        previous = hashed


async def test_sealing_at_once_makes_one_chain(hall: Hall, admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "BLOCK_MAX", 2)
    move = Transfer(debit="mint:t", credit="sink:t", currency="coins", amount=5)
    postings = [Posting(key=f"s{n}", transfers=[move], transaction_type="test") for n in range(9)]
    await hall.actions(Currency).post(postings)
    await asyncio.gather(*(hall.actions(Currency).seal() for _ in range(3)))
    assert [tuple(r) for r in await admin.fetch("SELECT first, last FROM seals ORDER BY last OFFSET 2")] == [
        (7, 8),
        (9, 10),
        (11, 12),
        (13, 14),
        (15, 15),
    ]
    assert await problems(hall) == []
