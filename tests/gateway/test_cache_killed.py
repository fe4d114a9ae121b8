"""Redis (here Valkey) is killed under load and comes back: nobody is signed out, and what ended stays ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from questhall.gateway import policy as policy_module
from questhall.kernel.limits import Quota
from questhall.kernel.testing import PASSWORD, Hall, HallUser, Servers, fresh_database, open_hall
from questhall.kernel.valkey import EmbeddedValkey

Started = tuple[Hall, EmbeddedValkey]


@pytest.fixture
async def started(servers: Servers, migrated: tuple[str, Path], tmp_path: Path) -> AsyncIterator[Started]:
    """An installation with a Valkey of its own, which comes back at the same place after it was killed."""
    template, data = migrated
    valkey = EmbeddedValkey(tmp_path / "valkey")
    valkey.start()
    try:
        async with fresh_database(servers.database, template=template) as url, open_hall(url, valkey.url, data) as hall:
            yield hall, valkey
    finally:
        valkey.stop()


def kill(valkey: EmbeddedValkey) -> None:
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGKILL)
    os.waitpid(valkey.pid, 0)
    Path(valkey.url.removeprefix("unix://")).unlink()


async def back(hall: Hall, valkey: EmbeddedValkey) -> None:
    await asyncio.to_thread(valkey.start)
    async with asyncio.timeout(5):
        while await hall.installation.process.cache.command("PING") is None:
            await asyncio.sleep(0.05)


async def act(user: HallUser, seen: Counter[Any], stop: asyncio.Event) -> None:
    """Reads and writes until it is told to stop."""
    while not stop.is_set():
        read = await user.client.get("/me")
        made = await user.client.post("/me/tokens", json={"name": "t", "expires_in_days": 1})
        ended = await user.client.delete(f"/me/tokens/{made.json()['id']}") if made.status_code == 201 else made
        seen.update([("read", read.status_code), ("made", made.status_code), ("ended", ended.status_code)])
        await asyncio.sleep(0.05)


async def test_nobody_is_signed_out_and_all_goes_on(started: Started) -> None:
    hall, valkey = started
    players = [await hall.user(f"player{n}") for n in range(4)]
    seen: Counter[Any] = Counter()
    stop = asyncio.Event()
    load = [asyncio.create_task(act(player, seen, stop)) for player in players]
    await asyncio.sleep(0.5)
    kill(valkey)
    at_kill = seen.total()
    browser = hall.client()
    login = {"username": "player0", "password": PASSWORD}
    assert (await browser.post("/auth/login", json=login)).status_code == 200, "signing in works without it"
    assert (await browser.get("/me")).status_code == 200
    assert (await browser.post("/auth/logout")).status_code == 204
    await asyncio.sleep(2)
    at_return = seen.total()
    await back(hall, valkey)
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*load)
    assert at_return > at_kill, "requests were answered meanwhile"
    assert set(seen) == {("read", 200), ("made", 201), ("ended", 204)}, seen


async def test_what_ended_while_it_was_away_is_not_revived_by_what_it_remembers(started: Started) -> None:
    hall, valkey = started
    wren, eve = await hall.user("wren"), await hall.user("eve")
    stolen = hall.client()
    stolen.cookies.set(*wren.cookie())
    for client in (stolen, wren.client, eve.client):
        assert (await client.get("/me")).status_code == 200
    kill(valkey)
    assert (await wren.client.post("/auth/logout-everywhere")).status_code == 204
    await hall.drain()
    assert (await stolen.get("/me")).status_code == 401
    await back(hall, valkey)
    hall.installation.gateway.policy.identities.forget()
    assert (await stolen.get("/me")).status_code == 401
    assert (await eve.client.get("/me")).status_code == 200


async def test_limits_are_counted_here_while_it_is_away(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    hall, valkey = started
    wren = await hall.user("wren")
    monkeypatch.setitem(policy_module.QUOTAS, "read", Quota("tight", 39, 3600))
    codes = [(await wren.client.get("/me")).status_code for _ in range(10)]
    kill(valkey)
    codes += [answer.status_code for answer in await asyncio.gather(*(wren.client.get("/me") for _ in range(32)))]
    assert Counter(codes) == {200: 20, 429: 22}, "what was used before counts, and nothing is let through freely"
