"""Backups: one file with the database as it was at one moment, and the keys. Made under load, proven when restored.

The snapshot holds every service's schema, outbox and inbox: so what had not been delivered is delivered after a restore, and
what had been handled is not handled again. What Redis held is rebuilt. The file holds secrets, and is for its owner alone (0600).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from questhall import __version__, embedded
from questhall.contracts.audit import Audit, Broken
from questhall.contracts.currency import Currency, Verification
from questhall.kernel import dumping
from questhall.kernel.archive import Archive, ArchiveProblem, writing
from questhall.kernel.children import CannotStart
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.encryption import write_secret
from questhall.kernel.migrations import applied, known, make_roles, migrate
from questhall.kernel.postgres import EmbeddedPostgres
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings

__all__ = ["Restored", "Step", "backup", "restore"]

DUMPED = declare("backup.after_dump_before_whole")
KEYS_WRITTEN = declare("restore.after_keys_before_database")
DATABASE_READ = declare("restore.after_database_before_proof")

FORMAT = 1
FIRST = "questhall-backup.txt"
MANIFEST = "manifest.json"
DATABASE = "database.dump"
KEYS = "keys/"
EXPLAINED = b"""This is a backup of a Questhall installation. It holds secrets: keep it where nobody else reads it.

    questhall restore FILE --data DIR

proves that it is whole and makes an installation of it. By hand: database.dump is PostgreSQL's (pg_restore), keys/ belongs
into the data folder, members.json has each file's SHA-256.
"""

Step = Callable[[str, float, float], None]
"""Is told what is being done, how much of how much (0: not known)."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a backup."""

    format: int
    questhall: str
    """The version that made it."""
    postgres: str
    made_at: datetime
    migrations: dict[str, dict[str, str]]
    """Checksums of the files that its schemas are made of, by service and file."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore found."""

    made_at: datetime
    questhall: str
    files: int
    """How many migrations brought it up to date."""
    ledger: Verification | None
    log: list[Broken] | None
    """None: the service is not there."""

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.log and (self.ledger is None or self.ledger.ok)

    def lines(self) -> list[str]:
        """For people."""
        moved = f", and {self.files} migrations brought it up to date" if self.files else ""
        said = [f"Restored as it was at {self.made_at:%Y-%m-%d %H:%M:%S} UTC (Questhall {self.questhall}){moved}."]
        if self.ledger is not None:
            said += self.ledger.lines()
        if self.log is not None:
            said += [f"NOT WHOLE: the log {one.partition} at {one.position}: {one.detail}" for one in self.log]
            if not self.log:
                said.append("The event log is whole.")
        return said


def backup(settings: Settings, file: Path, step: Step) -> int:
    """Writes a backup of a running or a stopped installation; answers its size in bytes. Raises CannotStart."""
    if settings.service_database_urls:
        raise CannotStart(
            f"{', '.join(sorted(settings.service_database_urls))} have databases of their own: no snapshot spans several",
            "back those servers up with PostgreSQL's own tools (pg_basebackup), and the folder keys beside them",
        )
    try:
        with writing(file) as out, embedded.database(settings) as dsn:
            made_of = embedded.run(applied(dsn))
            schemas = list(made_of)
            version, tables, _ = embedded.run(dumping.look(dsn, schemas))
            made_at, done = datetime.now(UTC), 0

            def count() -> None:
                nonlocal done
                done += 1
                step("Copying the database", done, tables)

            out.add(FIRST, EXPLAINED)
            out.stream(DATABASE, lambda take: dumping.dump(dsn, schemas, take, count))
            # After the database: each key that something in it is sealed with is there by now.
            for key in sorted(settings.keys.iterdir()):
                if _is_key(key.name):
                    out.add(KEYS + key.name, key.read_bytes())
            manifest = Manifest(
                format=FORMAT, questhall=__version__, postgres=version, made_at=made_at, migrations=made_of
            )
            out.add(MANIFEST, msgspec.json.encode(manifest))
            crash_point(DUMPED)
    except ArchiveProblem as problem:
        raise CannotStart(str(problem), "choose another name, in a folder that you may write to") from None
    except dumping.DumpProblem as problem:
        raise CannotStart(str(problem), "look at what the database's log says, then try again") from None
    return file.stat().st_size


def restore(settings: Settings, file: Path, step: Step) -> Restored:
    """Makes an installation of a backup in an empty data folder, brings it up to date and proves it. Raises CannotStart.

    Nothing is written before the whole file is proven; a folder that is not whole yet says so, and is begun anew.
    """
    archive, manifest = _read(file, step)
    _check_empty(settings, file)
    with embedded.lock(settings, restoring=True):
        _begin_anew(settings)
        for member in archive.members:
            name = member.name.removeprefix(KEYS)
            if name != member.name and _is_key(name):
                write_secret(settings.keys / name, archive.content(member.name).decode())
        crash_point(KEYS_WRITTEN)
        with embedded.servers(settings) as found:
            _load(settings, found.database, archive, manifest, step)
            crash_point(DATABASE_READ)
            step("Proving it", 0, 0)
            files = embedded.run(migrate(discover(), settings, found.database))
            restored = embedded.run(embedded.on_stopped(settings, found, lambda stub: _prove(stub, manifest, files)))
        (settings.data / embedded.UNFINISHED).unlink()
    return restored


def _is_key(name: str) -> bool:
    """Whether it is a file of the keys' folder that can't be made anew; what signs for minutes can."""
    return "/" not in name and any(fnmatchcase(name, wanted) for wanted in embedded.KEYS_OF_THE_DATABASE)


def _read(file: Path, step: Step) -> tuple[Archive, Manifest]:
    """The archive, once it is proven and fits this version. Raises CannotStart."""
    try:
        archive = Archive.read(file, FIRST, lambda done, total: step("Proving the file", done, total))
        manifest = msgspec.json.decode(archive.content(MANIFEST), type=Manifest)
    except (ArchiveProblem, msgspec.DecodeError) as problem:
        raise CannotStart(str(problem), "nothing was changed; take another backup") from None
    ours = {service.name: known(service) for service in discover()}
    newer = [
        f"{service}: {name}"
        for service, files in manifest.migrations.items()
        for name, checksum in files.items()
        if service in ours and ours[service].get(name) != checksum
    ]
    if manifest.format > FORMAT or newer:
        why = f"{newer[0]} is not of this one" if newer else f"its format is {manifest.format}"
        raise CannotStart(
            f"{file} was made by another Questhall ({manifest.questhall}; this one is {__version__}): {why}",
            f"restore it with Questhall {manifest.questhall} or a later one",
        )
    return archive, manifest


def _check_empty(settings: Settings, file: Path) -> None:
    """Raises CannotStart unless the data folder is empty, or holds a restore that was not finished."""
    data = settings.data
    unfinished = (data / embedded.UNFINISHED).exists()
    try:
        held = [entry.name for entry in data.iterdir() if entry.name != "lock"] if data.exists() else []
    except OSError as error:
        raise CannotStart(f"{data} can't be read: {error.strerror}", "choose another folder with --data") from error
    if held and not unfinished:
        raise CannotStart(f"{data} is not empty", "name a folder with --data that is empty, or not there yet")
    if file.resolve().is_relative_to(data.resolve()):
        raise CannotStart(f"{file} lies in {data}", "move it elsewhere")
    if not settings.database_url and not unfinished:
        postgres = EmbeddedPostgres(data / "postgres")
        place = postgres.left_elsewhere()
        if place is not None:
            raise CannotStart(
                f"{place} holds the database of an installation that was in {data}",
                "move it away, or name another folder with --data",
            )


def _begin_anew(settings: Settings) -> None:
    """Marks the folder, and clears away what a restore before this one left."""
    mark = settings.data / embedded.UNFINISHED
    if mark.exists() and not settings.database_url:
        EmbeddedPostgres(settings.data / "postgres").remove()
    for entry in settings.data.iterdir():
        if entry.name in ("lock", embedded.UNFINISHED):
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    write_secret(mark, "a restore began here and is not done\n")


def _load(settings: Settings, dsn: str, archive: Archive, manifest: Manifest, step: Step) -> None:
    services = sorted(manifest.migrations)
    there: Sequence[str] = embedded.run(dumping.look(dsn, services))[2]
    if there:
        raise CannotStart(f"the database has {', '.join(there)} already", "name an empty one in QUESTHALL_DATABASE_URL")
    embedded.run(make_roles(services, settings, dsn))
    total = next(member.size for member in archive.members if member.name == DATABASE)

    def counted() -> Iterator[bytes]:
        done = 0
        for chunk in archive.chunks(DATABASE):
            yield chunk
            done += len(chunk)
            step("Reading the database", done, total)

    try:
        dumping.restore(dsn, counted)
    except (dumping.DumpProblem, ArchiveProblem) as problem:
        raise CannotStart(str(problem), "look at what it says, then restore once more") from None


async def _prove(stub: Callable[[Any], Any], manifest: Manifest, files: int) -> Restored:
    there = {service.name for service in discover()}
    return Restored(
        made_at=manifest.made_at,
        questhall=manifest.questhall,
        files=files,
        ledger=await stub(Currency).verify() if "currency" in there else None,
        log=await stub(Audit).verify() if "audit" in there else None,
    )
