"""Cascades on an installation of years beside a fresh one. `python -m bench.grow` makes it, once."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

import uvloop

from bench import cascades
from bench.grow import FOLDER, grow
from bench.servers import up

ROUNDS = 2
WHAT = "cascades/s to the last effect"


def run() -> dict[str, float | str]:
    """Cascades a second, medians of interleaved rounds, their ratio, CPU of one."""
    if not FOLDER.exists():
        grow(FOLDER)
    found: dict[str, list[dict[str, Any]]] = {"grown": [], "empty": []}
    for _ in range(ROUNDS):
        for kind in found:
            with (
                up("--empty", data=FOLDER if kind == "grown" else None) as installation,
                asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
            ):
                found[kind].append(runner.run(cascades.measure(installation, f"b{time.time_ns() // 10**6}")))
    rates = {kind: statistics.median(one[WHAT] for one in readings) for kind, readings in found.items()}
    return {
        "cascades/s, grown": rates["grown"],
        "cascades/s, empty": rates["empty"],
        "ratio": statistics.median(g[WHAT] / e[WHAT] for g, e in zip(found["grown"], found["empty"], strict=True)),
        "server CPU ms a cascade, grown": statistics.median(one["server CPU ms a cascade"] for one in found["grown"]),
        "server CPU ms a cascade, empty": statistics.median(one["server CPU ms a cascade"] for one in found["empty"]),
    }
