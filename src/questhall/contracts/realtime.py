"""realtime: what moves on the screen by itself. It says nothing and keeps nothing durable."""

from __future__ import annotations

from typing import ClassVar

from questhall.kernel.contract import Contract


class Realtime(Contract):
    """No calls: everything reaches it as events."""

    name: ClassVar[str] = "realtime"
