"""Server processes that must not outlive us."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import math
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import structlog

__all__ = ["CannotStart", "Child", "alive", "child_user", "end", "keep", "run_as", "run_folder"]

RUN, PREFIX = Path("/tmp"), "qh-"  # noqa: S108 - a folder of our own in it, 0700, with a name nobody can guess
LOOK_S = 0.03
LAST_LINES = 5
WATCH_S = 0.1
PAUSES_S = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Before a server that ended is started again, the first and the following times in a row."""
STEADY_S = 60.0
"""One that has served for this long and ends then begins a new row."""
_PR_SET_PDEATHSIG = 1
# Found here: between fork and exec another thread's locks may be held for ever, the dynamic linker's too.
_prctl = ctypes.CDLL(None, use_errno=True).prctl

log = structlog.get_logger(__name__)


class CannotStart(Exception):
    """The installation can't be started; the message says why, and ``next_step`` what to do."""

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.next_step = next_step


def child_user() -> str | None:
    """Whom servers run as: ``nobody`` when we are root, since PostgreSQL refuses root; else ourselves (None)."""
    return "nobody" if os.geteuid() == 0 else None


def _identity(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _spawn(
    command: Sequence[str], *, log: Path, user: str | None, on_parent_death: signal.Signals
) -> subprocess.Popen[bytes]:
    """Starts a server that gets a signal when we die, and no Ctrl-C of ours. Call it from the main thread."""
    parent = os.getpid()

    def prepare() -> None:
        # After the change of user, which would clear it.
        _prctl(_PR_SET_PDEATHSIG, int(on_parent_death))
        if os.getppid() != parent:
            os._exit(1)

    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own binaries
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=prepare,  # noqa: PLW1509 - no threads of ours hold locks at this point
            env={"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": "UTC"},
            cwd="/",
            **_identity(user),
        )


def run_as(command: Sequence[str], *, user: str | None) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end and answers what it printed. Interrupted, it ends with all that it started."""
    with subprocess.Popen(  # noqa: S603 - our own binaries
        list(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": "UTC"},
        **_identity(user),
    ) as process:
        try:
            out, error = process.communicate()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, error)


def run_folder(user: str | None, note: Path) -> Path:
    """A new 0700 folder with a short name for sockets: a Unix socket's path has 107 bytes at most.

    ``note`` is a file that says where it is: one that a killed start left behind is removed by the next.
    """
    if note.exists():
        left = Path(note.read_text().strip())
        if left.parent == RUN and left.name.startswith(PREFIX):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=RUN))
    note.write_text(f"{folder}\n")
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    return folder


class Child(ABC):
    """A server of ours, on a socket in a folder of its own. ``start`` and ``stop`` block."""

    name: ClassVar[str]
    """What people call it."""
    patience_s: ClassVar[float]
    """How long a start may take."""
    ends: ClassVar[Sequence[tuple[signal.Signals, float]]]
    """The signals that end it, the gentlest first (and sent when we die), and how long each is given."""

    def __init__(self, note: Path, user: str | None) -> None:
        self._note = note
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._run: Path | None = None

    @property
    @abstractmethod
    def log(self) -> Path:
        """The file that it writes to."""

    @abstractmethod
    def prepare(self) -> Iterator[None]:
        """What comes before a start, a step at a time. Raises CannotStart."""

    @abstractmethod
    def command(self, run: Path) -> list[str]:
        """The server's command line, with its socket in ``run``."""

    @abstractmethod
    def answers(self, run: Path) -> bool:
        """Whether it serves."""

    @property
    def run(self) -> Path:
        """The folder of its socket: the same from ``start`` to ``stop``, so that clients find it again."""
        assert self._run is not None, "the server was not started"
        return self._run

    @property
    def pid(self) -> int | None:
        """Of the server, while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Of a server that ended by itself; None while it runs."""
        return None if self._process is None else self._process.poll()

    def leaving(self) -> bool:
        """Whether it was told to end and waits for its clients, who never leave."""
        return False

    def hasten(self) -> None:
        """Tells it to end now."""
        if self._process is not None:
            self._process.send_signal(self.ends[0][0])

    def starting(self) -> Iterator[None]:
        """Starts it, also again after it ended; who goes through the steps waits LOOK_S after each. Raises CannotStart.

        To be called from the main thread: the kernel takes the end of the thread that started a server for ours.
        """
        yield from self.prepare()
        if self._run is None:
            self._run = run_folder(self._user, self._note)
        self._process = _spawn(self.command(self._run), log=self.log, user=self._user, on_parent_death=self.ends[0][0])
        deadline = time.monotonic() + self.patience_s
        while not (self._process.poll() is None and self.answers(self._run)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end()
                last = self.log.read_text(errors="replace").strip().splitlines()[-LAST_LINES:]
                raise CannotStart(f"the {self.name} did not start: " + " / ".join(last), f"read {self.log}")
            yield

    def start(self) -> None:
        """Starts it and waits until it answers. Raises CannotStart."""
        for _ in self.starting():
            time.sleep(LOOK_S)

    def stop(self) -> None:
        """Ends it, in the middle of a start too."""
        self._end()
        self._process = None
        if self._run is not None:
            shutil.rmtree(self._run, ignore_errors=True)
            self._run = None

    def _end(self) -> None:
        for number, patience_s in self.ends if self._process is not None else ():
            assert self._process is not None
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
                return


async def keep(child: Child) -> None:
    """Starts a server again whenever it has ended, or was told to; cancelled at the latest before its ``stop``.

    Raises CannotStart when that helps no more: then somebody has to look.
    """
    row, served_since, hastened = 0, time.monotonic(), False
    problem: CannotStart | None = None
    while True:
        await asyncio.sleep(WATCH_S)
        code = child.exit_code
        if code is None:
            if not hastened and child.leaving():
                log.warning("server_told_to_end", server=child.name)
                child.hasten()
                hastened = True
            continue
        ended_at, hastened = time.monotonic(), False
        row = 1 if ended_at - served_since > STEADY_S else row + 1
        if row > len(PAUSES_S):
            why = problem or f"the last time with exit code {code}"
            next_step = problem.next_step if problem else f"read {child.log}"
            raise CannotStart(f"the {child.name} ended {row} times in a row: {why}", next_step)
        log.warning("server_ended", server=child.name, exit_code=code, again_in_s=PAUSES_S[row - 1])
        await asyncio.sleep(PAUSES_S[row - 1])
        served_since, problem = math.inf, None
        try:
            for _ in child.starting():
                await asyncio.sleep(LOOK_S)
        except CannotStart as error:
            problem = error
        except OSError as error:  # a full disk, say
            problem = CannotStart(str(error), f"read {child.log}")
        else:
            served_since = time.monotonic()
            log.info("server_started_again", server=child.name, after_s=round(served_since - ended_at, 2))


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def end(pid: int, first: signal.Signals, *, patience_s: float) -> bool:
    """Signals a process and waits for its end; whether it ended."""
    try:
        os.kill(pid, first)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False
