"""Changes of tables while everything runs, such as a new partition."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from questhall.kernel.database import Database, Tx

__all__ = ["Locked", "changing_tables"]

WAIT_MS = 500


class Locked(Exception):
    """Somebody reads the table for longer, a backup say; it is tried again at the next time."""


@asynccontextmanager
async def changing_tables(database: Database) -> AsyncIterator[Tx]:
    """A transaction that gives up, without an effect, after a short wait for a table: everybody who came to that table
    meanwhile, to write a row only, queues behind whoever waits to change it. Raises Locked.
    """
    try:
        async with database.tx() as tx:
            await tx.execute(f"SET LOCAL lock_timeout = {WAIT_MS}")
            yield tx
    except asyncpg.LockNotAvailableError:
        raise Locked from None
