"""Tables are changed while everything runs, and hold nobody up."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg

from questhall.contracts.audit import Audit
from questhall.kernel.database import Database
from questhall.kernel.process import INBOX_DAYS_AHEAD
from questhall.kernel.testing import Hall


async def there(admin: asyncpg.Connection, table: str) -> bool:
    return bool(await admin.fetchval("SELECT to_regclass($1) IS NOT NULL", table))


async def test_a_new_partition_waits_for_a_backup_and_no_row_for_it(hall: Hall) -> None:
    one = hall.installation.process.running["audit"]
    database: Database = one.site.db
    today = database.real_now().date()
    inbox = f"audit.inbox_{today + timedelta(days=INBOX_DAYS_AHEAD):%Y%m%d}"
    month = f"audit.event_log_lasting_{(today.replace(day=1) + timedelta(days=32)):%Y%m}"
    admin, reader = [await asyncpg.connect(hall.admin_url) for _ in range(2)]
    try:
        await admin.execute(f"DROP TABLE {inbox}; DROP TABLE {month}")
        # What pg_dump holds until it is done.
        await reader.execute("BEGIN; LOCK TABLE audit.inbox, audit.event_log_lasting IN ACCESS SHARE MODE")
        async with asyncio.timeout(60):
            await hall.installation.process._roll_inbox(one)
            await hall.actions(Audit).roll()
        assert not await there(admin, inbox)
        assert not await there(admin, month)
        await hall.user("wren")  # heard, and so written into both
        await reader.execute("COMMIT")
        await hall.installation.process._roll_inbox(one)
        await hall.actions(Audit).roll()
        assert await there(admin, inbox)
        assert await there(admin, month)
    finally:
        await admin.close()
        await reader.close()
