"""Transactions that are cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from tests.kernel.toys import House, build_house

SLOW_COMMIT = """
CREATE FUNCTION porter.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON porter.heard DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.n = 1) EXECUTE FUNCTION porter.slow();
"""


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield await build_house(stack, database_url, tmp_path)


@pytest.mark.parametrize("pipelined", [False, True])
async def test_who_is_cancelled_while_committing_is_cancelled(
    house: House, database_url: str, *, pipelined: bool
) -> None:
    """A job that took another error for its cancellation would go on, and nothing could end."""
    admin = await asyncpg.connect(database_url)
    try:
        await admin.execute(SLOW_COMMIT)

        async def write(n: int) -> None:
            async with house.porter.tx(pipelined=pipelined) as tx:
                await tx.execute("INSERT INTO heard (who, n) VALUES ('ann', $1)", n)

        cut_off = asyncio.create_task(write(1))
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        async with asyncio.timeout(10):
            while not await admin.fetchval(asleep):
                await asyncio.sleep(0.01)
        cut_off.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(asyncio.CancelledError):
                await cut_off
            await write(2)
            while await admin.fetchval(asleep):
                await asyncio.sleep(0.01)
        assert await house.heard() == [("ann", 2)]
    finally:
        await admin.close()
