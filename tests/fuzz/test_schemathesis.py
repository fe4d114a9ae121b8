"""Requests made from the document, right and wrong: each answer is one that the document has, and none is a failure.

`make fuzz` asks more, and something else each time.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from questhall.kernel.testing import Hall
from tests.fuzz.driving import Doorman, configured, schemathesis, served, without_limits
from tests.fuzz.world import made

MORE = int(os.environ.get("FUZZ_EXAMPLES", "0"))
"""Examples of each operation, beside those that cover its schema; 0: a few, the same each time."""
FEW = 5


@pytest.mark.timeout(0 if MORE else 300)
@pytest.mark.parametrize(("role", "by_token"), [("player", True), ("admin", False)])
async def test_every_answer_is_documented_whatever_is_asked(
    hall: Hall,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    role: str,
    by_token: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    without_limits(monkeypatch)
    world = await made(hall)
    ids = {name: sorted({value, world.published.get(name, value)}) for name, value in world.ids.items()}
    doorman = Doorman(hall, world.admin if role == "admin" else world.owner, by_token=by_token)
    async with served(doorman.app) as root:
        run = await schemathesis(root, configured(tmp_path, ids, same=not MORE), examples=MORE or FEW)
    if MORE:
        with capsys.disabled():
            sys.stdout.write(f"\n{role}: {doorman.statuses.total()} requests, {sorted(doorman.statuses.items())}\n")
    assert doorman.failures == []
    assert run.code == 0, run.said
    assert doorman.statuses.total() > 4000
    assert doorman.statuses[429] == 0, "what is refused unread tries nothing"
    assert sum(doorman.statuses[status] for status in (200, 201, 202, 204)) > 100, "not all of it is refused"
