"""Server processes that must not outlive us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["CannotStart", "alive", "child_user", "end", "run_as", "run_folder", "spawn"]

RUN, PREFIX = Path("/tmp"), "qh-"  # noqa: S108 - a folder of our own in it, 0700, with a name nobody can guess
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


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


def spawn(
    command: Sequence[str], *, log: Path, user: str | None, on_parent_death: signal.Signals
) -> subprocess.Popen[bytes]:
    """Starts a server that gets a signal when we die, and no Ctrl-C of ours. Call it from the main thread."""
    parent = os.getpid()

    def prepare() -> None:
        # After the change of user, which would clear it.
        _libc.prctl(_PR_SET_PDEATHSIG, int(on_parent_death))
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
