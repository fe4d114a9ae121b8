"""The embedded shape: `questhall up` as an operator meets it, in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "questhall"]
STOP_MAX_S = 3.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def run(*words: str, data: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *words, "--data", str(data)]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=90, check=False)


def children(pid: int) -> set[int]:
    found: set[int] = set()
    todo = [pid]
    while todo:
        one = todo.pop()
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            for child in task.read_text().split():
                found.add(int(child))
                todo.append(int(child))
    return found


def alive(pids: set[int]) -> set[int]:
    left = set()
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                left.add(pid)
        except OSError:
            continue
    return left


class Up:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.log = data.with_suffix(".log")
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [*COMMAND, "up", "--port", str(self.port), "--data", str(data)], stdout=out, stderr=out
            )
        deadline = time.monotonic() + 60
        while "Ctrl-C" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def get(self, path: str) -> tuple[int, Any]:
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if path.startswith("/api") else body

    def stop(self) -> float:
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        return time.monotonic() - began


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "hall"
    yield folder
    pointer = folder / "postgres.location"
    if pointer.exists():
        subprocess.run(["rm", "-rf", pointer.read_text().strip()], check=True)


def test_a_life_with_commands_before_while_and_after(data: Path) -> None:
    missing = run("ledger", "verify", data=data)
    assert (missing.returncode, "Next step" in missing.stderr) == (2, True)
    up = Up(data)
    assert "/first-admin#" in up.log.read_text().replace("\n", "")
    assert up.get("/api/v1/services")[0] == 200
    second = run("up", "--port", str(free_port()), data=data)
    assert (second.returncode, "Next step" in second.stderr) == (2, True)
    other = run("up", "--port", str(up.port), data=data.with_name("other"))
    assert (other.returncode, "--port" in other.stderr) == (2, True)
    made = run(
        "user", "create", "ada", "--email", "a@b.co", "--admin", "--password-stdin", data=data, text="a fine phrase\n"
    )
    assert made.returncode == 0, made.stderr
    again = run("user", "create", "ada", "--email", "a@b.co", "--password-stdin", data=data, text="a fine phrase\n")
    assert again.returncode == 2
    token = run("token", "create", "ada", data=data)
    assert token.stdout.strip().startswith("qh_")
    assert len(token.stdout.split()) == 1
    started = children(up.process.pid)
    assert len(started) >= 2
    assert up.stop() < STOP_MAX_S
    assert alive(started) == set()
    verified = run("ledger", "verify", data=data)
    assert (verified.returncode, "whole" in verified.stdout) == (0, True), verified.stderr
    late = run("token", "create", "ada", data=data)
    up = Up(data)
    try:
        assert "/first-admin#" not in up.log.read_text().replace("\n", ""), "data survived: there is an admin"
        for secret in (token.stdout.strip(), late.stdout.strip()):
            request = urllib.request.Request(
                f"http://localhost:{up.port}/api/v1/me", headers={"authorization": f"Bearer {secret}"}
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert json.loads(answer.read())["username"] == "ada"
    finally:
        up.stop()


def test_a_kill_leaves_nothing_and_the_next_start_goes_on(data: Path) -> None:
    up = Up(data)
    started = children(up.process.pid)
    up.process.kill()
    up.process.wait()
    deadline = time.monotonic() + 10
    while alive(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(started) == set(), "servers end with their starter"
    up = Up(data)
    assert up.get("/api/v1/services")[0] == 200
    assert up.stop() < STOP_MAX_S


def test_a_half_written_folder_and_an_older_database_are_said(data: Path) -> None:
    up = Up(data)
    up.stop()
    pointer = data / "postgres.location"
    cluster = Path(pointer.read_text().strip()) if pointer.exists() else data / "postgres"
    version = cluster / "PG_VERSION"
    text = version.read_text()
    version.write_text("15\n")
    older = run("up", "--port", str(free_port()), data=data)
    assert (older.returncode, "PostgreSQL 15" in older.stderr) == (2, True)
    version.unlink()
    half = run("up", "--port", str(free_port()), data=data)
    assert (half.returncode, "half-written" in half.stderr.replace("\n", " ")) == (2, True)
    version.write_text(text)


def test_other_machines_need_tls(data: Path) -> None:
    refused = run("up", "--host", "0.0.0.0", data=data)
    assert (refused.returncode, "--insecure-http" in refused.stderr) == (2, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_cant_be_written_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    answer = run("up", data=file / "below")
    assert (answer.returncode, "Next step" in answer.stderr) == (2, True)
