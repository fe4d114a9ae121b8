"""The installation under test: a process of its own, as `questhall up` runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PORT = 21800


class Up:
    """A running installation."""

    def __init__(self, data: Path, process: subprocess.Popen[bytes]) -> None:
        self.data = data
        self.process = process
        self.url = f"http://127.0.0.1:{PORT}"

    def token(self, name: str, *, admin: bool = False) -> str:
        """Makes a player and a token of theirs."""
        base = [sys.executable, "-m", "questhall"]
        command = [*base, "user", "create", name, "--email", f"{name}@example.org", "--password-stdin"]
        command += ["--data", str(self.data), *(["--admin"] if admin else [])]
        subprocess.run(command, input=b"correct horse battery\n", check=True, capture_output=True)
        made = subprocess.run(
            [*base, "token", "create", name, "--data", str(self.data)], check=True, capture_output=True, text=True
        )
        return made.stdout.strip()

    def pids(self) -> list[int]:
        """The process and all that it started."""
        return tree(self.process.pid)

    def cpu_s(self) -> float:
        """CPU seconds of all of it so far."""
        return cpu_s(self.process.pid)


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        for task in Path(f"/proc/{one}/task").iterdir():
            todo += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_s(pid: int) -> float:
    """CPU seconds so far of a process and all that it started and that runs."""
    ticks = 0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:  # a worker that has just ended
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Memory of one process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def up(*options: str, data: Path | None = None) -> Iterator[Up]:
    """A fresh installation, or the one of a folder."""
    given = data
    data = given or Path(tempfile.mkdtemp(prefix="qh-bench-"))
    os.chmod(data, 0o755)
    command = [sys.executable, "-m", "questhall", "up", "--port", str(PORT), "--data", str(data), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (data / "run.json").exists():
            assert process.poll() is None, "up ended"
            assert time.monotonic() < deadline, "up did not start"
            time.sleep(0.02)
        assert json.loads((data / "run.json").read_text())["pid"] == process.pid
        yield Up(data, process)
    finally:
        process.terminate()
        process.wait(15)
        if given is None:
            shutil.rmtree(data, ignore_errors=True)
