"""Resident memory (PSS) of an idle installation: all services and servers."""

from __future__ import annotations

import re
import time
from pathlib import Path

from bench.servers import up


def run() -> dict[str, float | str]:
    """MiB after 5 s of rest."""
    began = time.monotonic()
    with up() as installation:
        cold = time.monotonic() - began
        time.sleep(5)
        total = 0
        for pid in installation.pids():
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(found.group(1)) if found else 0
        return {"first start s": cold, "PSS MiB": total / 1024}
