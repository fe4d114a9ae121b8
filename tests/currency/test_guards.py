"""What guards the journal: rights, triggers, views by their names, and callers that hang up."""

from __future__ import annotations

import asyncio
import io

import asyncpg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from questhall import cli
from questhall.contracts.currency import Currency, InsufficientFunds, Verification
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall
from tests.currency.test_ledger import account, move, post, posting, whole

JOURNAL = ("transfers", "transactions", "keys", "seals", "refused_holds")


async def fill(hall: Hall) -> None:
    a = account()
    await post(hall, "1", move("mint:t", a, 5))
    with pytest.raises(InsufficientFunds):
        await hall.actions(Currency).hold("h", a, "coins", 6, 60)
    await hall.run_job(Currency, "seal_journal")


def tampering(table: str) -> list[str]:
    return [
        "UPDATE seals SET count = 1" if table == "seals" else f"UPDATE {table} SET owner = owner",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"DROP TABLE {table}",
        f"DROP TRIGGER append_only ON {table}",
        f"DROP TRIGGER append_only_truncate ON {table}",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} DISABLE TRIGGER append_only",
        f"ALTER TABLE {table} OWNER TO CURRENT_USER",
        "SET session_replication_role = replica",
    ]


async def test_the_service_changes_neither_the_journal_nor_what_guards_it(hall: Hall) -> None:
    await fill(hall)
    for table in JOURNAL:
        async with hall.database(Currency).read() as tx:
            before = await tx.fetch(f"SELECT * FROM {table}")
        assert before
        for sql in tampering(table):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with hall.database(Currency).tx() as tx:
                    await tx.execute(sql)
        async with hall.database(Currency).read() as tx:
            assert await tx.fetch(f"SELECT * FROM {table}") == before


async def test_not_even_the_owner_changes_the_journal_by_mistake(hall: Hall) -> None:
    await fill(hall)
    admin = await asyncpg.connect(hall.admin_url)
    try:
        for table in JOURNAL:
            column = "count" if table == "seals" else "owner"
            for sql in (
                f"UPDATE currency.{table} SET {column} = {column}",
                f"DELETE FROM currency.{table}",
                f"TRUNCATE currency.{table}",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                    await admin.execute(sql)
    finally:
        await admin.close()


async def test_the_founding_tables_are_read_by_their_names(hall: Hall) -> None:
    a = account()
    await post(hall, "1", move("mint:t", a, 9), kind="gift")
    await post(hall, "2", move(a, "sink:store", 4), kind="purchase")
    async with hall.database(Currency).read() as tx:
        purse = await tx.fetch("SELECT user_id, currency_type, amount FROM user_currencies")
        rows = await tx.fetch(
            "SELECT user_id, currency_type, amount, source, transaction_type FROM currency_transactions ORDER BY seq"
        )
    assert [(f"user:{p[0]}", *tuple(p)[1:]) for p in purse] == [(a, "coins", 5)]
    assert [(f"user:{r[0]}", *tuple(r)[1:]) for r in rows] == [
        (a, "coins", 9, "mint:t", "gift"),
        (a, "coins", -4, "sink:store", "purchase"),
    ]


async def test_each_act_of_an_admin_is_one_record_in_the_log(hall: Hall) -> None:
    ada = await hall.user("ada", role="admin")
    await hall.user("wren")

    async def said() -> list[tuple[str, str]]:
        await hall.drain()
        return [(e["type"], e["actor"]) for e in await hall.log() if e["source"] == "currency"]

    before = await said()
    body = {"username": "wren", "currency": "coins", "amount": 5, "reason": "a gift"}
    acts = [
        ("POST", "/admin/currencies", {"code": "stardust", "name": "Stardust"}, {}),
        ("PATCH", "/admin/currencies/stardust", {"name": "Dust"}, {"if-match": '"1"'}),
        ("POST", "/admin/transactions", body, {"idempotency-key": "a"}),
        ("POST", "/admin/transactions", {**body, "amount": -2}, {"idempotency-key": "b"}),
    ]
    for method, path, sent, headers in acts:
        answer = await ada.client.request(method, path, json=sent, headers=headers)
        assert answer.status_code in (200, 201), answer.text
    path = f"/admin/transactions/{answer.json()['transaction_id']}/reverse"
    for _ in range(2):
        again = await ada.client.post(path, json={"reason": "a slip"}, headers={"idempotency-key": "c"})
        assert again.status_code == 201
    new = (await said())[len(before) :]
    changed, credited, debited = "currency.changed", "currency.credited", "currency.debited"
    assert [kind for kind, _ in new] == [changed, changed, credited, debited, credited]
    assert len({actor for _, actor in new}) == 1
    assert str(ada.user_id) in new[0][1]


async def test_a_caller_that_hangs_up_neither_loses_nor_doubles_a_post(hall: Hall) -> None:
    ledger, a = hall.actions(Currency), account()
    for pause in (0, 0, 0.001, 0.002, 0.005):
        key = str(new_id())
        posted = asyncio.create_task(ledger.post([posting(key, move("mint:t", a, 1))]))
        await asyncio.sleep(pause)
        posted.cancel()
        await asyncio.gather(posted, return_exceptions=True)
        outcome = (await ledger.post([posting(key, move("mint:t", a, 1))]))[0]
        assert outcome.accepted
    async with hall.database(Currency).read() as tx:
        assert await tx.fetchval("SELECT balance FROM accounts WHERE owner = $1", a) == 5
    await whole(hall)


@pytest.mark.parametrize("terminal", [True, False])
def test_verify_shows_a_bar_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    seen = io.StringIO()
    monkeypatch.setattr(cli, "err", Console(file=seen, force_terminal=terminal))
    monkeypatch.setattr(cli, "call", lambda *_: Verification(transfers=3, accounts=1, blocks=1, problems=[]))
    done = CliRunner().invoke(cli.app, ["ledger", "verify"])
    assert done.exit_code == 0
    assert "The ledger is whole" in done.stdout
    assert ("Reading the journal" in seen.getvalue()) is terminal
    assert "Reading" not in done.stdout
