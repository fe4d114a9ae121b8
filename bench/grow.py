"""`python -m bench.grow`: an installation as it is after years: 100,000 players, 5 million transfers, 10 million events.

Rows are made by the server itself (`INSERT ... SELECT`): the same rows would take the client longer to write for `COPY` than the
server takes to make them. They are what the services would have written: balances are the fold of the journal, positions follow
the commits, everything is sealed by the services' own jobs, and `questhall ledger verify` passes.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import uvloop

from questhall.kernel.encryption import Sealer
from questhall.kernel.migrations import migrate
from questhall.kernel.postgres import EmbeddedPostgres
from questhall.kernel.process import Process
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings
from questhall.kernel.telemetry import configure_logs

FOLDER = Path(__file__).parent / "data" / "grown"
PLAYERS = 100_000
TRANSFERS = 5_000_000
DAYS = 90
AMOUNT = 5
"""Of every transfer: so a balance is known from its number."""
CHUNK = 250_000

# A moment of the last 90 days, growing with n of all; and a UUIDv7 made then, distinct by its number.
_FUNCTIONS = f"""
CREATE SCHEMA grown;
CREATE FUNCTION grown.at(n bigint, all_ bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT now() - interval '{DAYS} days' + interval '{DAYS} days' * (n::float8 / all_) $$;
CREATE FUNCTION grown.id(at timestamptz, kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8'
        || lpad(to_hex(n), 15, '0'))::uuid $$;
CREATE FUNCTION grown.player(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
"""
_PLAYERS = f"""
INSERT INTO identity.users (id, username, display_name, email, timezone, locale, created_at)
SELECT grown.player(n), 'g' || n, 'Player ' || n, 'g' || n || '@example.org', 'UTC', 'en', now() - interval '{DAYS} days'
FROM generate_series(0, {PLAYERS - 1}) AS n;
INSERT INTO quests.players (user_id) SELECT grown.player(n) FROM generate_series(0, {PLAYERS - 1}) AS n;
INSERT INTO achievements.players (user_id) SELECT grown.player(n) FROM generate_series(0, {PLAYERS - 1}) AS n;
"""
_JOURNAL = f"""
WITH n AS (
    SELECT n, grown.player(n % {PLAYERS}) AS player, grown.at(n, $3) AS at, n / {PLAYERS} + 1 AS number
    FROM generate_series($1::bigint, $2::bigint - 1) AS n
), transfers AS (
    INSERT INTO currency.transfers (owner, id, seq, transaction_id, debit, credit, currency, amount, credit_balance,
        credit_number)
    SELECT 'user:' || player, grown.id(at, 1, n), n + 1, grown.id(at, 2, n), 'mint:reward', 'user:' || player, 'coins', {AMOUNT},
        {AMOUNT} * number, number FROM n
), transactions AS (
    INSERT INTO currency.transactions (owner, id, key, transaction_type, reason, causation_id, correlation_id, actor,
        depth, created_at)
    SELECT 'user:' || player, grown.id(at, 2, n), 'grown:' || n, 'reward', '', grown.id(at, 4, n), grown.id(at, 3, n),
        'source:grown', 3, at FROM n
)
INSERT INTO currency.keys (owner, key, fingerprint, transaction_id, balances)
SELECT 'user:' || player, 'grown:' || n, '\\x00', grown.id(at, 2, n),
    jsonb_build_object('user:' || player || '|coins', {AMOUNT} * number)
FROM n
"""
# Two events a transfer: the act, and the credit that followed.
_LOG = f"""
INSERT INTO audit.event_log (class, id, position, type, source, subject, "time", sequence, correlation_id, causation_id,
    actor, depth, data)
SELECT 'lasting', e.id, e.position, e.type, e.source, player::text, at, n / {PLAYERS} + 1, grown.id(at, 3, n), e.cause,
    'source:grown', e.depth, e.data
FROM (SELECT n, grown.player(n % {PLAYERS}) AS player, grown.at(n, $3) AS at
    FROM generate_series($1::bigint, $2::bigint - 1) AS n) AS n
CROSS JOIN LATERAL (VALUES
    (grown.id(at, 4, n), 2 * n + 1, CASE WHEN n % 5 = 0 THEN 'activity.recorded' ELSE 'quest.completed' END,
     CASE WHEN n % 5 = 0 THEN 'integrations' ELSE 'quests' END, grown.id(at, 3, n), 1, jsonb_build_object('user_id', player,
        'quest_id', grown.id(now() - interval '{DAYS} days', 6, n % 50), 'slug', 'quest-' || n % 50, 'title', 'Quest ' || n % 50,
        'category', (ARRAY['python', 'reading', 'review', 'habit'])[n % 4 + 1], 'difficulty', 'easy', 'kind', 'repeatable',
        'completion_id', grown.id(at, 7, n),
        'completed_at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'local_day', (at AT TIME ZONE 'UTC')::date)),
    (grown.id(at, 5, n), 2 * n + 2, 'currency.credited', 'currency', grown.id(at, 4, n), 2,
     jsonb_build_object('user_id', player, 'currency', 'coins', 'amount', {AMOUNT},
        'balance', {AMOUNT} * (n / {PLAYERS} + 1), 'number', n / {PLAYERS} + 1, 'transaction_id', grown.id(at, 2, n),
        'transfer_id', grown.id(at, 1, n), 'source', 'mint:reward', 'transaction_type', 'reward'))
) AS e(id, position, type, source, cause, depth, data)
"""
_HEADS = f"""
INSERT INTO currency.accounts (owner, currency, balance, number)
SELECT 'user:' || grown.player(n), 'coins', {AMOUNT} * $1::bigint, $1 FROM generate_series(0, {PLAYERS - 1}) AS n;
"""


async def _load(dsn: str, transfers: int) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(_FUNCTIONS)
    await connection.execute(_PLAYERS)
    for first in range(0, transfers, CHUNK):
        last = min(first + CHUNK, transfers)
        await connection.execute(_JOURNAL, first, last, transfers)
        await connection.execute(_LOG, first, last, transfers)
    await connection.execute(_HEADS, transfers // PLAYERS)
    await connection.execute("UPDATE currency.journal_head SET last = $1", transfers)
    await connection.execute("UPDATE audit.positions SET last = $1", 2 * transfers)
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()


@asynccontextmanager
async def _process(settings: Settings, dsn: str) -> AsyncIterator[Process]:
    process = Process(
        settings, discover(["audit", "currency", "identity"]), database_url=dsn, redis_url="", run_jobs=False
    )
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


async def _make_partitions(settings: Settings, dsn: str) -> None:
    """By the service itself, which then may read them by their names."""
    async with _process(settings, dsn) as process, process.running["audit"].site.db.tx() as tx:
        for back in range(DAYS // 28 + 2):
            await tx.execute("SELECT roll_event_log((now() - make_interval(days => $1))::date)", 28 * back)


async def _seal(settings: Settings, dsn: str) -> None:
    """By the services' own jobs, so that the installation has nothing left to do when it starts."""
    async with _process(settings, dsn) as process:
        currency, audit = process.running["currency"].scheduler, process.running["audit"].scheduler
        await asyncio.gather(currency.run("seal_journal"), currency.run("checkpoint"), audit.run("seal_event_log"))


def grow(folder: Path, transfers: int = TRANSFERS) -> None:
    """Makes the installation in an empty folder; `transfers` a multiple of the players."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    settings = Settings(data=folder, log_level="warning")
    configure_logs(settings)
    postgres = EmbeddedPostgres(folder / "postgres")
    postgres.start()
    try:
        began = time.perf_counter()
        asyncio.run(migrate(discover(), settings, postgres.dsn))
        Sealer(settings.keys)
        asyncio.run(_make_partitions(settings, postgres.dsn))
        asyncio.run(_load(postgres.dsn, transfers))
        print(
            f"{PLAYERS:,} players, {transfers:,} transfers, {2 * transfers:,} events in {time.perf_counter() - began:.0f} s"
        )
        began = time.perf_counter()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_seal(settings, postgres.dsn))
        print(f"sealed in {time.perf_counter() - began:.0f} s")
    finally:
        postgres.stop()


def main() -> None:
    """Makes it, once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--transfers", type=int, default=TRANSFERS)
    asked = parser.parse_args()
    grow(asked.folder, asked.transfers)


if __name__ == "__main__":
    main()
