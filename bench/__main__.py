"""`make bench`: runs all benchmarks, or one (`ONLY=ledger`), prints a table, writes JSON below bench/results."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import backfill, balances, cascades, fanout, floods, grown, ingest, ledger, lone, memory, page, posts, toasts

ALL = {
    "ledger": ledger.run,
    "hot": ledger.run_hot,
    "posts": posts.run,
    "ingest": ingest.run,
    "lone": lone.run,
    "cascades": cascades.run,
    "backfill": backfill.run,
    "grown": grown.run,
    "memory": memory.run,
    "balances": balances.run,
    "fanout": fanout.run,
    "toasts": toasts.run,
    "page": page.run,
    "floods": floods.run,
}


def main() -> None:
    """Runs what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=sorted(ALL))
    only = parser.parse_args().only
    results: dict[str, dict[str, float | str]] = {}
    for name, run in ALL.items():
        if only in (None, name):
            results[name] = run()
    table = Table("benchmark", "what", "reading")
    for name, readings in results.items():
        for what, reading in readings.items():
            table.add_row(name, what, f"{reading:,.2f}" if isinstance(reading, float) else str(reading))
    Console().print(table)
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    file.write_text(json.dumps(results, indent=2))
    print(file)


if __name__ == "__main__":
    main()
