"""The ASGI server, set the same way wherever one is run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

__all__ = ["Server", "server", "settle_heap"]

YOUNG_MAX = 20_000
MIDDLE_MAX = 20
OLD_MAX = 50


class Server(uvicorn.Server):
    """Without uvicorn's own signal handling: the process has one of its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catches nothing."""
        yield


def server(app: Any, **options: Any) -> Server:
    """A server for an application; ``options`` are uvicorn's, such as ``uds`` or ``port``."""
    config = uvicorn.Config(
        app,
        interface="asgi3",
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        http="httptools",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        ws_max_size=64 * 1024,
        backlog=1024,
        **options,
    )
    return Server(config)


def settle_heap() -> None:
    """Takes what a process made while it started out of the garbage collector's sight; called once it serves.

    A full collection of all modules, routes and schemas stops the loop for 25 ms, at full load twice a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, MIDDLE_MAX, OLD_MAX)
