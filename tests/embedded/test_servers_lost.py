"""The servers of `questhall up` die under it, or its keys are lost: what comes back by itself, and what is said."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from questhall.kernel.absence import QUIET_S
from questhall.kernel.testing import PASSWORD
from tests.embedded.test_up import SLACK, STOP_MAX_S, Up, alive, children, cluster_of, free_port, refused, run
from tests.embedded.test_up import data as data
from tests.realtime.test_socket import hear, subscribe

pytestmark = pytest.mark.timeout(240)
BACK_MAX_S = 10.0


def server(up: Up, program: str) -> int:
    """The child that runs a program; not those that it has itself."""
    own = Path(f"/proc/{up.process.pid}/task/{up.process.pid}/children").read_text().split()
    found = [int(pid) for pid in own if program in Path(f"/proc/{pid}/cmdline").read_text()]
    assert len(found) == 1, found
    return found[0]


def kill(up: Up, program: str) -> None:
    os.kill(server(up, program), signal.SIGKILL)


def naming(folders: set[str]) -> list[str]:
    """Processes whose command line names one of these folders, by its last part as PostgreSQL's do."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_text(errors="replace")
        except OSError:
            continue
        found += [line for folder in folders if Path(folder).name in line]
    return found


def folders_of(up: Up) -> set[str]:
    return {(up.data / name).read_text().strip() for name in ("postgres.run", "valkey/run")}


async def ready(up: Up) -> None:
    async with asyncio.timeout(20):
        while up.inner("/readyz")["status"] != "ready":
            await asyncio.sleep(0.1)


@asynccontextmanager
async def admin(up: Up) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of the first admin, ada."""
    secret = re.search(r"first-admin#([\w-]+)", up.log.read_text().replace("\n", ""))
    assert secret is not None
    here = f"http://localhost:{up.port}"
    async with httpx.AsyncClient(base_url=f"{here}/api/v1", headers={"origin": here}, timeout=30) as browser:
        body = {"token": secret[1], "username": "ada", "email": "ada@b.co", "password": PASSWORD}
        answer = await browser.post("/auth/first-admin", json=body)
        assert answer.status_code == 201, answer.text
        yield browser


class Giving:
    """Gives ada one coin after the other, each under a key of its own, and asks with the same key until it is told yes."""

    def __init__(self, browser: httpx.AsyncClient) -> None:
        self._browser = browser
        self.given = 0
        self.answers: Counter[int] = Counter()
        self.over = False

    async def one(self, key: str) -> Any:
        gift = {"username": "ada", "currency": "coins", "amount": 1, "reason": "a sunny day"}
        while True:
            answer = await self._browser.post("/admin/transactions", json=gift, headers={"idempotency-key": key})
            self.answers[answer.status_code] += 1
            if answer.status_code == 201:
                return answer.json()
            await asyncio.sleep(0.1)

    async def run(self, name: str) -> None:
        number = 0
        while not self.over:
            await self.one(f"{name}-{number}")
            self.given += 1
            number += 1
            await asyncio.sleep(0.05)

    async def served_after(self, moment: float) -> float:
        """Seconds from a moment until a change was made again."""
        before = self.given
        async with asyncio.timeout(60):
            while self.given < before + 3:  # two may have been made before it, and told after
                await asyncio.sleep(0.01)
        return time.monotonic() - moment


async def credited(socket: ClientConnection) -> None:
    """Waits until the socket tells of coins."""
    async with asyncio.timeout(20):
        while (await hear(socket)).get("event") != "currency.credited":
            pass


async def coins(browser: httpx.AsyncClient) -> int:
    answer = await browser.get("/me/balances")
    return next(item["amount"] for item in answer.json()["items"] if item["currency"] == "coins")


async def test_killed_servers_are_started_again_and_nothing_is_lost(data: Path) -> None:
    up = Up(data)
    tooks: list[tuple[str, float]] = []
    async with admin(up) as browser:
        giving = Giving(browser)
        first = await giving.one("first")
        before = await coins(browser)
        tasks = [asyncio.create_task(giving.run(name)) for name in ("one", "two")]
        for program in ("postgres", "postgres", "postgres", "valkey"):
            await asyncio.sleep(1)
            moment = time.monotonic()
            kill(up, program)
            tooks.append((program, await giving.served_after(moment)))
        giving.over = True
        await asyncio.gather(*tasks)
        await ready(up)
        assert await giving.one("first") == first, "a retry is answered from its key"
        assert await coins(browser) == before + giving.given, "each once"
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        url, origin = f"ws://localhost:{up.port}/api/v1/ws", f"http://localhost:{up.port}"
        async with connect(url, additional_headers={"cookie": cookie}, origin=origin) as socket:
            await subscribe(socket)
            for key, killed in (("heard", ()), ("without a cache", ("valkey",)), ("and again", ("valkey", "postgres"))):
                for program in killed:
                    kill(up, program)
                await giving.one(key)
                await credited(socket)
                await ready(up)
            start = (await subscribe(socket))["cursor"]
        await giving.one("missed")
        async with connect(url, additional_headers={"cookie": cookie}, origin=origin) as socket:
            back = await subscribe(socket, cursor=start)
            assert (back["recovered"], back["reload"]) == (True, False), "Valkey keeps the history again"
            await credited(socket)
    verified = run("ledger", "verify", data=data)
    assert (verified.returncode, "whole" in verified.stdout) == (0, True), verified.stdout + verified.stderr
    assert max(took for _, took in tooks) < BACK_MAX_S * SLACK, tooks
    assert set(giving.answers) <= {201, 429, 503}, giving.answers
    said = up.log.read_text()
    assert said.count("server_started_again") == 7
    assert "Traceback" not in said, said[-3000:]
    started, folders = children(up.process.pid), folders_of(up)
    assert up.stop() < STOP_MAX_S
    assert up.process.returncode == 0
    assert (alive(started), naming(folders)) == (set(), [])


async def test_a_database_that_is_told_to_end_is_started_again(data: Path) -> None:
    """A plain kill: PostgreSQL lets nobody in any more and waits for its clients, who never leave by themselves."""
    up = Up(data)
    tooks: list[float] = []
    async with admin(up) as browser:
        giving = Giving(browser)
        before = await coins(browser)
        task = asyncio.create_task(giving.run("one"))
        for _ in range(2):
            await asyncio.sleep(1)
            told = server(up, "postgres")
            os.kill(told, signal.SIGTERM)
            moment = time.monotonic()
            async with asyncio.timeout(20):
                while alive({told}):
                    await asyncio.sleep(0.01)
            tooks.append(await giving.served_after(moment))
        giving.over = True
        await task
        await ready(up)
        assert await coins(browser) == before + giving.given, "each once"
    assert max(tooks) < BACK_MAX_S * SLACK, tooks
    assert set(giving.answers) <= {201, 429, 503}, giving.answers
    said = up.log.read_text()
    assert (said.count("server_told_to_end"), said.count("server_started_again")) == (2, 2)
    assert "Traceback" not in said, said[-3000:]
    assert up.stop() < STOP_MAX_S
    assert up.process.returncode == 0


def test_ctrl_c_ends_all_of_it_in_the_middle_of_a_new_start(data: Path) -> None:
    for after_s in (0.0, 0.15, 0.3, 0.6):
        up = Up(data)
        folders = folders_of(up)
        kill(up, "valkey")
        kill(up, "postgres")
        time.sleep(after_s * SLACK)
        assert up.stop() < STOP_MAX_S
        assert up.process.returncode == 0, up.log.read_text()
        assert naming(folders) == []
        assert [folder for folder in folders if Path(folder).exists()] == []
        assert "Traceback" not in up.log.read_text(), up.log.read_text()


def test_a_database_that_does_not_come_back_ends_it_and_is_said_calmly(data: Path) -> None:
    up = Up(data)
    folders = folders_of(up)
    control = cluster_of(data) / "global" / "pg_control"
    control.rename(control.with_suffix(".away"))
    began = time.monotonic()
    kill(up, "postgres")
    assert up.process.wait(60) == 2, up.log.read_text()
    lasted = time.monotonic() - began
    said = re.sub(r"\x1b\[\d+m", "", up.log.read_text())
    for words in ("can't do this: the database ended 6 times in a row", "pg_control", "Next step", "server.log"):
        assert words in " ".join(said.split()), said[-2000:]
    assert "Traceback" not in said, said[-3000:]
    assert said.count("again_in_s") == 5, "it was tried"
    for service in ("identity", "quests", "currency"):
        lines = [line for line in said.splitlines() if f"service={service}" in line and "delayed" in line]
        assert 1 <= len(lines) <= lasted / QUIET_S + 1, lines
    assert naming(folders) == []
    control.with_suffix(".away").rename(control)
    up = Up(data)
    assert up.get("/api/v1/services")[0] == 200
    # No empty one takes its place.
    cluster_of(data).rename(data.with_name("away"))
    kill(up, "postgres")
    assert up.process.wait(60) == 2, up.log.read_text()
    assert not cluster_of(data).exists()


def test_lost_keys_are_said_and_none_are_made_in_their_place(data: Path) -> None:
    up = Up(data)
    up.stop()
    keys, away = data / "keys", data / "keys.away"
    keys.rename(away)
    for words in (("up", "--port", str(free_port())), ("migrate",), ("token", "create", "ada")):
        refused(run(*words, data=data), "keys", cluster_of(data).name, "Next step", "backup")
        assert not keys.exists()
    for name, said in (("database.secret", "no database.secret"), ("seal-000001.key", "no seal-*.key")):
        shutil.copytree(away, keys)
        (keys / name).unlink()
        refused(run("up", "--port", str(free_port()), data=data), said, "backup")
        (keys / name).touch()
        refused(run("up", "--port", str(free_port()), data=data), said, "backup")
        shutil.rmtree(keys)
    shutil.copytree(away, keys)
    for file in keys.glob("inner-*.json"):
        file.unlink()
    up = Up(data)
    assert up.get("/api/v1/services")[0] == 200, "what only signs for minutes is made anew"
    assert list(keys.glob("inner-*.json"))
    up.stop()
    shutil.rmtree(cluster_of(data))
    (data / "postgres.location").unlink(missing_ok=True)
    up = Up(data)
    assert up.get("/api/v1/services")[0] == 200, "keys without a database: a first start that was cut off"
    up.stop()
