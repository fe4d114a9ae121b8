"""The command, so early that it can be ended while its modules are still being read."""

from __future__ import annotations

import os
import signal

__all__ = ["main"]

INTERRUPTED = 130


def _leave(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)


def main() -> None:
    """Runs ``questhall``. Until its own handling is in place nothing was started, so a signal just ends it."""
    before = {number: signal.signal(number, _leave) for number in (signal.SIGINT, signal.SIGTERM)}
    from questhall import cli  # noqa: PLC0415 - reading it is what takes long

    for number, handler in before.items():
        signal.signal(number, handler)
    cli.main()


if __name__ == "__main__":
    main()
