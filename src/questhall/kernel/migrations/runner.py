"""Makes a service's roles and schema and applies its files, under one lock row."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import msgspec
import structlog

from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Unavailable
from questhall.kernel.encryption import write_secret
from questhall.kernel.service import Service
from questhall.kernel.settings import Settings

__all__ = [
    "Behind",
    "MigrationProblem",
    "applied",
    "database_secret",
    "known",
    "make_roles",
    "migrate",
    "missing",
    "service_dsn",
]

ROLES_MADE = declare("migrations.after_roles_before_files")
BEFORE_FILE_COMMIT = declare("migrations.before_file_commit")
AFTER_FILE = declare("migrations.after_file_before_next")

LOCK_TIMEOUT_S = 5
LOCK_TRIES = 12
NON_TRANSACTIONAL = "-- questhall: non-transactional"
_APPEND_ONLY = re.compile(r"^-- questhall: append-only (\w+)\s*$", re.MULTILINE)

log = structlog.get_logger(__name__)


class MigrationProblem(Exception):
    """A migration can't be applied; the message says which and why."""


class Behind(Exception):
    """The schema is older than the code: `questhall migrate` has to run first."""


class _File(msgspec.Struct, frozen=True):
    origin: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def role_of(service: str) -> str:
    """Login role of a service."""
    return f"questhall_{service}"


def database_secret(settings: Settings) -> str:
    """What the roles' passwords are derived from; made when it is asked for first."""
    file = settings.keys / "database.secret"
    if not file.exists():
        write_secret(file, secrets.token_hex(32))
    return file.read_text().strip()


def _password(settings: Settings, role: str) -> str:
    """Derived, so that it has to be kept nowhere else."""
    return hashlib.blake2b(role.encode(), key=database_secret(settings).encode(), digest_size=24).hexdigest()


def service_dsn(settings: Settings, admin_dsn: str, service: str) -> str:
    """The URL that a service connects with: its own where one is set, else the administrator's with its role."""
    own = settings.service_database_urls.get(service)
    if own:
        return own
    parts = urlsplit(admin_dsn)
    role = role_of(service)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{_password(settings, role)}@{host}"))


def _files(service: Service) -> list[_File]:
    found = [
        _File("kernel", entry.name, entry.read_text())
        for entry in sorted(resources.files("questhall.kernel.migrations").iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".sql")
    ]
    module = importlib.import_module(service.actions.__module__.rpartition(".actions")[0] or service.actions.__module__)
    folder = Path(str(module.__file__)).parent / "migrations"
    if folder.is_dir():
        found += [_File(service.name, file.name, file.read_text()) for file in sorted(folder.glob("*.sql"))]
    return found


async def migrate(services: Sequence[Service], settings: Settings, admin_dsn: str) -> int:
    """Brings every service's schema up to date; answers how many files were applied. Raises MigrationProblem."""
    applied = 0
    async with _lock(admin_dsn):
        for service in services:
            connection = await _connect(admin_dsn, lock_timeout=f"{LOCK_TIMEOUT_S}s")
            try:
                applied += await _migrate_one(connection, service, settings)
            finally:
                await connection.close()
    return applied


async def _connect(dsn: str, **settings: str) -> Any:
    try:
        return await asyncpg.connect(dsn, server_settings=settings)
    except (OSError, asyncpg.PostgresError, asyncpg.ClientConfigurationError) as error:
        raise Unavailable(f"the database can't be reached: {error}") from error


@asynccontextmanager
async def _lock(admin_dsn: str) -> AsyncIterator[None]:
    """One row, held for the whole run: two runs at once wait for each other."""
    connection = await _connect(admin_dsn, lock_timeout=f"{LOCK_TIMEOUT_S}s")
    try:
        try:
            await connection.execute(
                "CREATE SCHEMA IF NOT EXISTS questhall;"
                "CREATE TABLE IF NOT EXISTS questhall.migration_lock (id int PRIMARY KEY CHECK (id = 1));"
                "INSERT INTO questhall.migration_lock VALUES (1) ON CONFLICT DO NOTHING"
            )
        except (asyncpg.UniqueViolationError, asyncpg.DuplicateObjectError):
            log.debug("migration_lock_made_by_another")
        for _ in range(LOCK_TRIES):
            transaction = connection.transaction()
            await transaction.start()
            try:
                await connection.execute("SELECT FROM questhall.migration_lock WHERE id = 1 FOR UPDATE")
            except asyncpg.LockNotAvailableError:
                await transaction.rollback()
                log.info("migrations_wait_for_another_run")
                continue
            try:
                yield
            finally:
                await transaction.rollback()
            return
        raise MigrationProblem("another migration has been running for a minute; try again when it is done")
    finally:
        await connection.close()


async def _migrate_one(connection: Any, service: Service, settings: Settings) -> int:
    role, owner = role_of(service.name), f"{role_of(service.name)}_owner"
    await _make_roles(connection, service.name, role, owner, settings)
    await _make_schema(connection, service.name, role, owner)
    crash_point(ROLES_MADE)
    done = {
        (row["origin"], row["name"]): row["checksum"]
        for row in await connection.fetch(f'SELECT origin, name, checksum FROM "{service.name}".applied_migrations')
    }
    count = 0
    for file in _files(service):
        known = done.get((file.origin, file.name))
        if known is None:
            await _apply(connection, service, owner, file)
            crash_point(AFTER_FILE)
            count += 1
        elif known != file.checksum:
            raise MigrationProblem(
                f"{service.name}: {file.origin}/{file.name} was changed after it had been applied; "
                "put it back as it was and write a new file"
            )
    # Noted with the rights themselves: a run that ended between the last file and here has them made by the next.
    files = hashlib.sha256("".join(file.checksum for file in _files(service)).encode()).hexdigest()
    if done.get(_GRANTED) != files:
        await _grant(connection, service, role, owner, files)
    return count


async def _make_roles(connection: Any, name: str, role: str, owner: str, settings: Settings) -> None:
    # Roles belong to the whole server: another installation on it may be making the same ones right now.
    for statement in (
        f'CREATE ROLE "{owner}" NOLOGIN',
        f'CREATE ROLE "{role}" LOGIN',
        f'ALTER ROLE "{role}" SET search_path TO "{name}"',
        f"""ALTER ROLE "{role}" PASSWORD '{_password(settings, role)}'""",
        f'GRANT "{owner}" TO CURRENT_USER',
    ):
        for _ in range(10):
            try:
                await connection.execute(statement)
            except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                break
            except asyncpg.InternalServerError as error:
                if "tuple concurrently updated" not in str(error):
                    raise
                await asyncio.sleep(0.05)
            else:
                break


async def _make_schema(connection: Any, name: str, role: str, owner: str) -> None:
    await connection.execute(
        f'CREATE SCHEMA IF NOT EXISTS "{name}" AUTHORIZATION "{owner}";'
        f'GRANT USAGE ON SCHEMA "{name}" TO "{role}";'
        f'CREATE TABLE IF NOT EXISTS "{name}".applied_migrations (origin text, name text, checksum text NOT NULL, '
        "applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (origin, name));"
        f'ALTER TABLE "{name}".applied_migrations OWNER TO "{owner}";'
        f'GRANT SELECT ON "{name}".applied_migrations TO "{role}"'
    )


async def _apply(connection: Any, service: Service, owner: str, file: _File) -> None:
    note = f'INSERT INTO "{service.name}".applied_migrations (origin, name, checksum) VALUES ($1, $2, $3)'
    try:
        if file.sql.startswith(NON_TRANSACTIONAL):
            await connection.execute(f'SET ROLE "{owner}"')
            await connection.execute(f'SET search_path TO "{service.name}"')
            for statement in filter(str.strip, file.sql.split(";\n")):
                await connection.execute(statement)
            await connection.execute("RESET ROLE; RESET search_path")
            await connection.execute(note, file.origin, file.name, file.checksum)
            return
        async with connection.transaction():
            await connection.execute(f'SET LOCAL ROLE "{owner}"; SET LOCAL search_path TO "{service.name}"')
            await connection.execute(file.sql)
            await connection.execute("RESET ROLE")
            await connection.execute(note, file.origin, file.name, file.checksum)
            crash_point(BEFORE_FILE_COMMIT)
    except asyncpg.PostgresError as error:
        raise MigrationProblem(f"{service.name}: {file.origin}/{file.name} failed: {error}") from error


async def _grant(connection: Any, service: Service, role: str, owner: str, files: str) -> None:
    name = service.name
    async with connection.transaction():
        await connection.execute(
            f'INSERT INTO "{name}".applied_migrations (origin, name, checksum) VALUES ($1, $2, $3) '
            "ON CONFLICT (origin, name) DO UPDATE SET checksum = EXCLUDED.checksum, applied_at = now()",
            *_GRANTED,
            files,
        )
        await connection.execute(
            f'SET LOCAL ROLE "{owner}"; SET LOCAL search_path TO "{name}";'
            f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{name}" TO "{role}";'
            f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{name}" TO "{role}";'
            f'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA "{name}" TO "{role}";'
            f'REVOKE INSERT, UPDATE, DELETE ON applied_migrations FROM "{role}"'
        )
        tables = [table for file in _files(service) for table in _APPEND_ONLY.findall(file.sql)]
        if tables:
            await connection.execute(_FORBID_SQL)
        for table in tables:
            # A partition has rights of its own, and would otherwise be a way around those of its table.
            parts = await connection.fetch("SELECT relid::regclass::text AS name FROM pg_partition_tree($1)", table)
            for name in {f'"{table}"', *(row["name"] for row in parts)}:
                await connection.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON {name} FROM "{role}"')
            await connection.execute(
                f'CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}" '
                "FOR EACH ROW EXECUTE FUNCTION forbid_change();"
                f'CREATE OR REPLACE TRIGGER append_only_truncate BEFORE TRUNCATE ON "{table}" '
                "FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
            )


_GRANTED = ("kernel", "rights")
"""What `applied_migrations` calls the rights that the files' tables need, by the files' checksum."""

_FORBID_SQL = """
CREATE OR REPLACE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""


async def make_roles(names: Sequence[str], settings: Settings, admin_dsn: str) -> None:
    """The roles of services by name, as a dump of their schemas needs them; those that are there stay."""
    connection = await _connect(admin_dsn)
    try:
        for name in names:
            await _make_roles(connection, name, role_of(name), f"{role_of(name)}_owner", settings)
    finally:
        await connection.close()


async def applied(admin_dsn: str) -> dict[str, dict[str, str]]:
    """Checksums of the files that were applied, by service and file: of every service that the database holds."""
    connection = await _connect(admin_dsn)
    try:
        rows = await connection.fetch(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relname = 'applied_migrations' AND c.relkind = 'r' ORDER BY 1"
        )
        found: dict[str, dict[str, str]] = {}
        for name in [row[0] for row in rows]:
            files = await connection.fetch(f'SELECT origin, name, checksum FROM "{name}".applied_migrations')
            found[name] = {
                f"{row['origin']}/{row['name']}": row["checksum"]
                for row in files
                if (row["origin"], row["name"]) != _GRANTED
            }
        return found
    finally:
        await connection.close()


def known(service: Service) -> dict[str, str]:
    """Checksums of the files that this code has, as ``applied`` gives them."""
    return {f"{file.origin}/{file.name}": file.checksum for file in _files(service)}


async def missing(service: Service, connection: Any) -> list[str]:
    """Files that are not applied yet, as the service's own role sees it; what a start asks, and `/readyz`."""
    try:
        rows = await connection.fetch(f'SELECT origin, name FROM "{service.name}".applied_migrations')
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.InsufficientPrivilegeError):
        rows = []
    done = {(row["origin"], row["name"]) for row in rows}
    return [f"{f.origin}/{f.name}" for f in _files(service) if (f.origin, f.name) not in done]
