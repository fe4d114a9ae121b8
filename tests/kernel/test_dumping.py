"""Dumps: one snapshot out of a database and into another, whatever stands in its rows."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from questhall.kernel import dumping
from questhall.kernel.dumping import FOREIGN, DumpProblem
from questhall.kernel.testing import Servers, fresh_database

MADE = """
CREATE SCHEMA hall;
CREATE TABLE hall.notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL);
CREATE TABLE hall.days (day date) PARTITION BY RANGE (day);
CREATE TABLE hall.days_1 PARTITION OF hall.days DEFAULT;
CREATE FUNCTION hall.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append-only'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON hall.notes FOR EACH ROW EXECUTE FUNCTION hall.refuse();
INSERT INTO hall.days VALUES ('2026-03-02');
CREATE SCHEMA other;
CREATE TABLE other.left_out ();
"""
# Such as a dump leaves out of what it says of tables, and as any player may write.
NOTES = ["SET transaction_timeout = 0;", "ALTER TABLE ONLY a.b ALTER COLUMN c SET (pg_attver=1);", "Ä\t\\.\n\\."]


def taken(url: str) -> tuple[bytes, int]:
    chunks: list[bytes] = []
    tables = 0

    def count() -> None:
        nonlocal tables
        tables += 1

    dumping.dump(url, ["hall"], chunks.append, count)
    return b"".join(chunks), tables


async def test_a_dump_is_read_into_another_database(servers: Servers) -> None:
    async with fresh_database(servers.database) as first, fresh_database(servers.database) as second:
        source, target = await asyncpg.connect(first), await asyncpg.connect(second)
        try:
            await source.execute(MADE)
            await source.executemany("INSERT INTO hall.notes (text) VALUES ($1)", [(note,) for note in NOTES])
            version, tables, there = await dumping.look(first, ["hall", "nobody"])
            assert (tables, there) == (2, ["hall"])
            assert version
            content, counted = await asyncio.to_thread(taken, first)
            assert counted == tables
            await source.execute("INSERT INTO hall.notes (text) VALUES ('later')")
            await asyncio.to_thread(dumping.restore, second, lambda: [content[:1000], content[1000:]])
            assert [row["text"] for row in await target.fetch("SELECT text FROM hall.notes ORDER BY id")] == NOTES
            assert await target.fetchval("SELECT count(*) FROM hall.days") == 1
            assert await target.fetchval("INSERT INTO hall.notes (text) VALUES ('next') RETURNING id") == len(NOTES) + 1
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await target.execute("DELETE FROM hall.notes")
            assert (await dumping.look(second, ["other"]))[2] == []
            # What is there is not written over.
            with pytest.raises(DumpProblem, match="already exists"):
                await asyncio.to_thread(dumping.restore, second, lambda: [content])
        finally:
            await source.close()
            await target.close()


async def test_what_is_no_dump_is_said(servers: Servers) -> None:
    async with fresh_database(servers.database) as url:
        with pytest.raises(DumpProblem, match="could not be restored"):
            await asyncio.to_thread(dumping.restore, url, lambda: [b"PGDMP and nothing of it"])
        with pytest.raises(DumpProblem, match="no matching schemas"):
            await asyncio.to_thread(dumping.dump, url, ["nobody"], lambda chunk: None, lambda: None)


@pytest.mark.parametrize(
    ("line", "left_out"),
    [
        (b"SET transaction_timeout = 0;\n", True),
        (b"ALTER TABLE ONLY audit.event_log ALTER COLUMN id SET (pg_attver=31208152);\n", True),
        (b"ALTER TABLE ONLY audit.event_log ALTER COLUMN id SET (n_distinct=5);\n", False),
        (b"SET statement_timeout = 0;\n", False),
        (b"    SET transaction_timeout = 0;\n", False),
    ],
)
def test_what_another_server_may_not_know_is_left_out_and_nothing_else(line: bytes, left_out: bool) -> None:
    assert bool(FOREIGN.match(line)) == left_out
