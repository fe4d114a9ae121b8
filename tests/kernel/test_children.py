"""A server that ends is started again: after a growing pause, and not for ever."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from questhall.kernel import children
from questhall.kernel.children import CannotStart, Child, keep


class Fleeting(Child):
    """Serves for a moment, and ends with exit code 3."""

    name = "guest"
    patience_s = 5.0
    ends = ((signal.SIGKILL, 1.0),)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.starts: list[float] = []
        self.full = False
        super().__init__(folder / "note", None)

    @property
    def log(self) -> Path:
        return self._folder / "log"

    def prepare(self) -> Iterator[None]:
        self.starts.append(time.monotonic())
        if self.full:
            raise OSError(28, "No space left on device")
        yield

    def command(self, run: Path) -> list[str]:
        return ["sh", "-c", f"touch {run}/here; sleep 0.3; exit 3"]

    def answers(self, run: Path) -> bool:
        return (run / "here").exists()


@pytest.fixture
def guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleeting]:
    monkeypatch.setattr(children, "PAUSES_S", (0.0, 0.5, 1.0))
    guest = Fleeting(tmp_path)
    guest.start()
    place = guest.run
    yield guest
    guest.stop()
    assert not place.exists()


async def test_one_that_ends_again_and_again_is_given_up(guest: Fleeting) -> None:
    place = guest.run
    with pytest.raises(CannotStart, match="the guest ended 4 times in a row: the last time with exit code 3"):
        await asyncio.wait_for(keep(guest), 60)
    assert len(guest.starts) == 4
    second, third = guest.starts[2] - guest.starts[1], guest.starts[3] - guest.starts[2]
    assert second > 0.5
    assert third > 1.0, "the pause grows"
    assert guest.run == place, "clients find it where it was"


async def test_what_keeps_it_from_starting_is_said(guest: Fleeting) -> None:
    guest.full = True
    with pytest.raises(CannotStart, match=r"the guest ended 4 times in a row: .*No space left on device"):
        await asyncio.wait_for(keep(guest), 60)


async def test_one_that_served_for_long_begins_a_new_row(guest: Fleeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "STEADY_S", 0.01)
    keeping = asyncio.create_task(keep(guest))
    async with asyncio.timeout(60):
        while len(guest.starts) < 7:
            await asyncio.sleep(0.05)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
