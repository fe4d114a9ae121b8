"""Backups as an operator makes them: under load, of a stopped one, killed half-way, damaged, older and newer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

import questhall
from questhall import embedded
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings
from tests import invariants
from tests.embedded.test_up import COMMAND, Up, free_port, refused, run

pytestmark = pytest.mark.timeout(240)
LOGIN = {"username": "ada", "password": "a fine phrase"}
BATCH = 10
CRASHED = 137


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for pointer in tmp_path.glob("*/postgres.location"):
        shutil.rmtree(pointer.read_text().strip(), ignore_errors=True)


def command(*words: str, crash: str = "", source: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QUESTHALL_CRASH": crash}
    if source is not None:
        environment["PYTHONPATH"] = str(source)
    done = [*COMMAND, *words]
    return subprocess.run(done, capture_output=True, text=True, timeout=90, check=False, env=environment)


def said_yes(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 0, answer.stderr[-2000:]
    return answer.stdout


def people(up: Up) -> str:
    """An admin and a player whose account is linked; answers the admin's token."""
    for name, options in (("ada", ["--admin"]), ("wren", [])):
        words = ["user", "create", name, "--email", f"{name}@b.co", *options, "--password-stdin"]
        said_yes(run(*words, data=up.data, text=LOGIN["password"] + "\n"))
    token = said_yes(run("token", "create", "ada", data=up.data)).strip()
    with client(up, token) as admin:
        made = admin.post("/sources", json={"slug": "school", "kind": "cloudevents", "name": "School"})
        assert made.status_code == 201, made.text
        linked = admin.post("/sources/school/links", json={"account": "wren@school", "username": "wren"})
        assert linked.status_code == 201, linked.text
    return token


def client(up: Up, token: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"http://localhost:{up.port}/api/v1", headers=headers, timeout=30)


class Load:
    """Acts and money, as fast as they are answered, until it is told to end."""

    def __init__(self, up: Up, token: str) -> None:
        self.acknowledged: list[tuple[str, str]] = []
        self.gifts: list[tuple[dict[str, Any], str, Any]] = []
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(up, token, number, work))
            for number, work in enumerate((self._acts, self._money, self._money))
        ]
        for thread in self._threads:
            thread.start()

    def _send(self, up: Up, token: str, number: int, work: Any) -> None:
        with client(up, token) as sender:
            turn = 0
            while not self._ending.is_set():
                turn += 1
                work(sender, f"{number}-{turn}")

    def _acts(self, sender: httpx.Client, name: str) -> None:
        events = [
            {
                "specversion": "1.0",
                "id": f"{name}-{nth}",
                "source": "/load",
                "type": "school.lesson.completed",
                "account": "wren@school" if nth % 3 else "nobody@school",
            }
            for nth in range(BATCH)
        ]
        headers = {"content-type": "application/cloudevents-batch+json"}
        answer = sender.post("/ingest/school", content=msgspec.json.encode(events), headers=headers)
        assert answer.status_code in (202, 429), answer.text
        if answer.status_code == 202:
            self.acknowledged.append(("id", answer.json()["delivery_id"]))

    def _money(self, sender: httpx.Client, name: str) -> None:
        body = {"username": "wren", "currency": "coins", "amount": 3, "reason": "a gift"}
        answer = sender.post("/admin/transactions", json=body, headers={"idempotency-key": name})
        assert answer.status_code in (201, 429), answer.text
        if answer.status_code == 201:
            self.acknowledged.append(("answer", name))
            self.gifts.append((body, name, answer.json()))

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < count:
            assert time.monotonic() < deadline, f"only {len(self.acknowledged)} were answered"
            time.sleep(0.02)

    def end(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()


async def broken(url: str, history: list[tuple[str, str]]) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        deadline = time.monotonic() + 30
        # At rest once the last deliveries are made.
        while (found := await invariants.broken(connection, discover())) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        for kind, what in history:
            if kind == "id":
                there = await connection.fetchval("SELECT count(*) FROM integrations.deliveries WHERE id = $1", what)
                found += [] if there == 1 else [f"acknowledged, and not there: {what}"]
        return found + await invariants.lost(connection, [one for one in history if one[0] != "id"])
    finally:
        await connection.close()


async def waiting(url: str) -> int:
    """How many events were not delivered yet."""
    connection = await asyncpg.connect(url)
    try:
        return sum([await connection.fetchval(f"SELECT count(*) FROM {one.name}.outbox") for one in discover()])
    finally:
        await connection.close()


def database_of(up: Up) -> str:
    return str(msgspec.json.decode((up.data / "run.json").read_bytes())["database"])


def test_taken_under_load_it_holds_all_that_was_acknowledged(folders: Path) -> None:
    file = folders / "hall.backup"
    up = Up(folders / "first")
    try:
        token = people(up)
        browser = httpx.Client(base_url=f"http://localhost:{up.port}/api/v1")
        assert browser.post("/auth/login", json=LOGIN).status_code == 200
        load = Load(up, token)
        try:
            load.wait_for(150)
            before, gift = list(load.acknowledged), load.gifts[0]
            said_yes(command("backup", str(file), "--data", str(up.data)))
            load.wait_for(len(before) + 20)
        finally:
            load.end()
        refused(command("backup", str(file), "--data", str(up.data)), "is there already", "Next step")
        refused(command("restore", str(file), "--data", str(up.data)), "is not empty", "Next step")
    finally:
        up.stop()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(folders.glob("*.partial")) == []
    said = said_yes(command("restore", str(file), "--data", str(folders / "second")))
    assert "The ledger is whole" in said
    assert "The event log is whole" in said
    assert "0 transfers" not in said
    again = Up(folders / "second")
    try:
        assert "/first-admin#" not in again.log.read_text()
        assert asyncio.run(broken(database_of(again), before)) == []
        with client(again, token) as admin:
            body, key, first = gift
            retried = admin.post("/admin/transactions", json=body, headers={"idempotency-key": key})
            assert (retried.json(), retried.headers["idempotency-replayed"]) == (first, "true")
        url = f"http://localhost:{again.port}/api/v1"
        assert httpx.post(f"{url}/auth/login", json=LOGIN).status_code == 200
        # Cookies carry the port, which is another one here.
        cookies = {name.replace(str(up.port), str(again.port)): value for name, value in browser.cookies.items()}
        with httpx.Client(base_url=url, cookies=cookies) as signed_in:
            assert signed_in.get("/me").json()["username"] == "ada", "who was signed in still is"
    finally:
        again.stop()


def test_what_was_not_delivered_is_delivered_once_and_what_is_damaged_or_half_done_is_refused(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = Up(folders / "first")
    token = people(up)
    up.stop()
    # It ends after an act was committed, before the first who is to hear of it has.
    monkeypatch.setenv("QUESTHALL_CRASH", "consumer.before_commit")
    up = Up(folders / "first")
    monkeypatch.delenv("QUESTHALL_CRASH")
    event = {"specversion": "1.0", "id": "one", "source": "/load", "type": "a.b", "account": "wren@school"}
    act = {"content": msgspec.json.encode(event), "headers": {"content-type": "application/cloudevents+json"}}
    with client(up, token) as admin, contextlib.suppress(httpx.TransportError):
        admin.post("/ingest/school", **act)
    assert up.process.wait(20) == CRASHED
    with embedded.database(Settings.read(data=up.data)) as url:
        assert asyncio.run(waiting(url)) > 0, "a snapshot with something to deliver"
    file, partial, data = folders / "hall.backup", folders / "hall.backup.partial", folders / "second"
    of = ["--data", str(up.data)]
    # A backup that is killed is none; the next one is.
    assert command("backup", str(file), *of, crash="backup.after_dump_before_whole").returncode == CRASHED
    assert (file.exists(), partial.exists()) == (False, True)
    refused(command("restore", str(partial), "--data", str(data)), "is not whole", "Next step")
    assert not data.exists()
    said_yes(command("backup", str(file), *of))
    assert not partial.exists()
    # Damage.
    whole = file.read_bytes()
    bad = folders / "bad.backup"
    for content in (whole[: len(whole) // 2], whole[:-1], whole[:9000] + bytes([whole[9000] ^ 4]) + whole[9001:]):
        bad.write_bytes(content)
        refused(command("restore", str(bad), "--data", str(data)), "is not whole", "Next step")
    bad.write_text("a letter")
    refused(command("restore", str(bad), "--data", str(data)), "does not begin with", "Next step")
    assert not data.exists()
    # Killed half-way: nothing else works on such a folder, and a restore begins anew.
    for point in ("restore.after_keys_before_database", "restore.after_database_before_proof"):
        assert command("restore", str(file), "--data", str(data), crash=point).returncode == CRASHED
        for words in (
            ["up", "--port", str(free_port())],
            ["token", "create", "ada"],
            ["backup", str(folders / "half")],
        ):
            refused(command(*words, "--data", str(data)), "holds half of a backup", "questhall restore FILE")
    said = said_yes(command("restore", str(file), "--data", str(data)))
    assert "The ledger is whole" in said
    again = Up(data)
    try:
        with client(again, token) as admin:
            assert admin.post("/ingest/school", **act).status_code in (200, 202)
        assert asyncio.run(broken(database_of(again), [])) == []
    finally:
        again.stop()


def test_an_older_one_is_brought_up_to_date_and_a_newer_one_refused(folders: Path) -> None:
    """The older version is this one without the kernel's last migration."""
    older = folders / "older"
    shutil.copytree(Path(questhall.__file__).parent, older / "questhall", ignore=shutil.ignore_patterns("built"))
    last = max((older / "questhall" / "kernel" / "migrations").glob("*.sql"))
    last.unlink()
    first, second, third = (folders / name for name in ("first", "second", "third"))
    said_yes(command("migrate", "--data", str(first), source=older))
    said_yes(command("backup", str(folders / "old"), "--data", str(first), source=older))
    said = said_yes(command("restore", str(folders / "old"), "--data", str(second)))
    assert f"{len(discover())} migrations brought it up to date" in said
    said_yes(command("backup", str(folders / "new"), "--data", str(second)))
    answer = command("restore", str(folders / "new"), "--data", str(third), source=older)
    refused(answer, "was made by another Questhall", last.name, "Next step")
    assert not third.exists()


def test_nothing_to_back_up_is_said(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = folders / "nothing"
    refused(command("backup", str(folders / "a"), "--data", str(nothing)), "there is no installation", "Next step")
    assert list(folders.iterdir()) == []
    monkeypatch.setenv("QUESTHALL_CURRENCY_DATABASE_URL", "postgresql://elsewhere/ledger")
    answer = command("backup", str(folders / "a"), "--data", str(nothing))
    refused(answer, "currency have databases of their own", "Next step")
