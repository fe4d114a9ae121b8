"""Dumps of a database, made and read by PostgreSQL's own programs out of the wheel.

A dump is one snapshot: what was committed before it, in every schema, and nothing else. It blocks no reader and no writer,
and every later PostgreSQL can read it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg

from questhall.kernel.database import Unavailable
from questhall.kernel.postgres import tool

__all__ = ["DumpProblem", "dump", "look", "restore"]

CHUNK = 256 * 1024
LAST_LINES = 5
COMPRESSION = "gzip:3"
"""Nearly as small as the default, for a third of the CPU, which the installation needs too."""
TABLE = "dumping contents of table"
FOREIGN = re.compile(
    rb"SET transaction_timeout = \d+;\s*$|ALTER TABLE ONLY \S+ ALTER COLUMN .+ SET \(pg_attver=\d+\);\s*$"
)
"""What a dump says of tables that another server may not know, and does not need: a setting of PostgreSQL 17 and later, and a
mark that later minor versions of Debian's 15 put on columns for themselves.
"""
UNKNOWN_SETTING = 'unrecognized configuration parameter "transaction_timeout"'
"""What PostgreSQL before 17 says to the first line that a later one's program sends; it changes nothing."""


class DumpProblem(Exception):
    """A dump could not be made or read; the message is the program's."""


async def look(dsn: str, schemas: Sequence[str]) -> tuple[str, int, list[str]]:
    """The server's version, how many tables the schemas hold, and which of the schemas are there. Raises Unavailable."""
    try:
        connection = await asyncpg.connect(dsn)
    except (OSError, asyncpg.PostgresError, asyncpg.ClientConfigurationError) as error:
        raise Unavailable(f"the database can't be reached: {error}") from error
    try:
        count = await connection.fetchval(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = ANY($1) AND c.relkind = 'r'",
            list(schemas),
        )
        there = await connection.fetch(
            "SELECT nspname FROM pg_namespace WHERE nspname = ANY($1) ORDER BY 1", list(schemas)
        )
        return await connection.fetchval("SHOW server_version"), count, [row[0] for row in there]
    finally:
        await connection.close()


def dump(dsn: str, schemas: Sequence[str], take: Callable[[bytes], None], on_table: Callable[[], None]) -> None:
    """Gives the bytes of a dump of these schemas to ``take``; ``on_table`` is called for each table. Raises DumpProblem."""
    names = [word for schema in schemas for word in ("--schema", f'"{schema}"')]
    command = [tool("pg_dump"), "--format=custom", f"--compress={COMPRESSION}", "--verbose", *names]
    process = _start(command, dsn, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    said = _Said(process.stderr, lambda line: on_table() if TABLE in line else None)
    try:
        assert process.stdout is not None
        while chunk := process.stdout.read(CHUNK):
            take(chunk)
        process.wait()
    finally:
        process.kill()
        process.wait()
        said.join()
    if process.returncode != 0:
        raise DumpProblem(f"the database could not be dumped: {said.last()}")


def restore(dsn: str, chunks: Callable[[], Iterable[bytes]]) -> None:
    """Reads a dump into a database that has none of its schemas, but their roles. ``chunks`` is asked for its bytes twice.

    Raises DumpProblem.
    """
    with tempfile.TemporaryDirectory(prefix="qh-") as folder:
        tables = Path(folder) / "tables.sql"
        _feed([tool("pg_restore"), "--section=pre-data", f"--file={tables}"], "", chunks())
        lines = [line for line in tables.read_bytes().splitlines(keepends=True) if not FOREIGN.match(line)]
    _feed([tool("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"], dsn, lines)
    _feed([tool("pg_restore"), "--section=data", "--section=post-data"], dsn, chunks())


def _feed(command: list[str], dsn: str, chunks: Iterable[bytes]) -> None:
    process = _start(command, dsn, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    said = _Said(process.stderr, lambda line: None)
    try:
        assert process.stdin is not None
        try:
            with process.stdin as out:
                for chunk in chunks:
                    out.write(chunk)
        except BrokenPipeError:
            pass  # it has read enough, or ended and says why
        process.wait()
    finally:
        process.kill()
        process.wait()
        said.join()
    errors = [line for line in said.errors if UNKNOWN_SETTING not in line]
    if errors or process.returncode not in (0, 1) or (process.returncode == 1 and not said.errors):
        raise DumpProblem(f"the database could not be restored: {' / '.join(errors[:LAST_LINES]) or said.last()}")


class _Said:
    """What a program writes beside its output, read as it comes: a full pipe would stop it."""

    def __init__(self, source: IO[bytes] | None, on_line: Callable[[str], Any]) -> None:
        assert source is not None
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self.errors: list[str] = []
        self._thread = threading.Thread(target=self._read, args=(source, on_line), daemon=True)
        self._thread.start()

    def _read(self, source: IO[bytes], on_line: Callable[[str], Any]) -> None:
        with source:
            for line in source:
                text = line.decode(errors="replace").strip()
                self._lines.append(text)
                if ": error: " in text or "ERROR: " in text:
                    self.errors.append(text)
                on_line(text)

    def join(self) -> None:
        self._thread.join()

    def last(self) -> str:
        return " / ".join(self.errors[-LAST_LINES:] or self._lines)


def _start(command: list[str], dsn: str, *, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    parts = urlsplit(dsn)
    name, _, password = parts.netloc.rpartition("@")[0].partition(":")
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit(parts._replace(netloc=f"{quote(unquote(name))}@{host}" if name else host))
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": "UTC"}
    if password:
        environment["PGPASSWORD"] = unquote(password)  # everybody reads command lines
    return subprocess.Popen(  # noqa: S603 - our own binaries
        [*command, *([f"--dbname={bare}"] if dsn else [])],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**environment, **{name: value for name, value in os.environ.items() if name.startswith("PGSSL")}},
        start_new_session=True,
        cwd="/",
    )
