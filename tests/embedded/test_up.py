"""The embedded shape: `questhall up` as an operator meets it, in processes of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.timeout(240)
COMMAND = [sys.executable, "-m", "questhall"]


def slack() -> float:
    """How much slower this machine is now than an idle one of two cores, on which the command is read within 0.9 s."""
    began = time.monotonic()
    subprocess.run([*COMMAND, "--help"], capture_output=True, check=True)
    return max(1.0, (time.monotonic() - began) / 0.9)


SLACK = slack()
STOP_MAX_S = 3.0 * SLACK
WARM_MAX_S = 4.0 * SLACK


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


def refused(answer: subprocess.CompletedProcess[str], *words: str) -> None:
    """A refusal as people need it: exit code 2, what is wrong, what to do next; no traceback."""
    said = " ".join(answer.stderr.split())
    assert answer.returncode == 2, (answer.returncode, said[-1000:])
    assert "Traceback" not in said
    for word in ("can't do this", *words):
        assert word in said, said


def run_folders(pids: set[int]) -> set[str]:
    """Where servers have their sockets, as their command lines say."""
    found: set[str] = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            found |= set(re.findall(r"/tmp/qh-\w+", Path(f"/proc/{pid}/cmdline").read_text()))
    return found


class Up:
    def __init__(self, data: Path, *options: str, cwd: Path | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.log = data.with_suffix(".log")
        began = time.monotonic()
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [*COMMAND, "up", "--port", str(self.port), "--data", str(data), *options],
                stdout=out,
                stderr=out,
                cwd=cwd,
            )
        self.wait()
        self.started_s = time.monotonic() - began

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while "Ctrl-C" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def get(self, path: str) -> tuple[int, Any]:
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if path.startswith("/api") else body

    def inner(self, path: str) -> Any:
        """What the socket says that only our own processes reach."""
        transport = httpx.HTTPTransport(uds=json.loads((self.data / "run.json").read_text())["socket"])
        with httpx.Client(transport=transport, base_url="http://inner", timeout=10) as client:
            return client.get(path).json()

    def stop(self, how: signal.Signals = signal.SIGINT) -> float:
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(20)
        return time.monotonic() - began


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "hall"
    yield folder
    pointer = folder / "postgres.location"
    if pointer.exists():
        subprocess.run(["rm", "-rf", pointer.read_text().strip()], check=True)


BAD = [
    (("user", "create", "ada", "--email", "b@b.co", "--password-stdin"), "a fine phrase\n"),
    (("user", "create", "No Such Name", "--email", "c@b.co", "--password-stdin"), "a fine phrase\n"),
    (("user", "create", "ben", "--email", "nonsense", "--password-stdin"), "a fine phrase\n"),
    (("user", "create", "ben", "--email", "c@b.co", "--password-stdin"), "short\n"),
    (("user", "create", "ben", "--email", "c@b.co", "--password-stdin"), ""),
    (("user", "create", "ben", "--email", "c@b.co"), "a fine phrase\n"),
    (("token", "create", "nobody-of-that-name"), ""),
    (("token", "create", "ada", "--scopes", "no:such,scope"), ""),
    (("token", "create", "ada", "--scopes", "player,no:such"), ""),
    (("user", "create", "a" * 5000, "--email", "c@b.co", "--password-stdin"), "a fine phrase\n"),
]


EVERY = """
import io, json, sys
from questhall import cli
for words, text in json.loads(sys.argv[1]):
    sys.argv, sys.stdin = ["questhall", *words], io.StringIO(text)
    try:
        cli.main()
        print("said yes to", words)
    except SystemExit as end:
        if end.code != 2:
            print(end.code, "for", words)
"""


def bad_input(data: Path, commands: list[tuple[tuple[str, ...], str]]) -> None:
    """Whatever is typed, on a running and on a stopped installation: no is said, and why."""
    every = [((*words, "--data", str(data)), text) for words, text in commands]
    command = [sys.executable, "-c", EVERY, json.dumps(every)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert (done.returncode, done.stdout) == (0, ""), (done.stdout, done.stderr[-2000:])
    assert done.stderr.count("can't do this") == len(commands)
    assert "Traceback" not in done.stderr


def test_a_life_with_commands_before_while_and_after(data: Path) -> None:
    for words in (("ledger", "verify"), ("token", "create", "ada")):
        refused(run(*words, data=data), "there is no installation", "Next step")
    up = Up(data)
    assert re.search(r": http://localhost:\d+/first-admin#[\w-]{32}$", up.log.read_text(), re.MULTILINE), (
        "it can be copied"
    )
    assert up.get("/api/v1/services")[0] == 200
    assert up.inner("/readyz") == {"status": "ready", "problems": {}}
    assert up.inner("/healthz") == {"status": "alive"}
    second = run("up", "--port", str(free_port()), data=data)
    refused(second, "another Questhall", str(up.process.pid), "Next step")
    refused(run("migrate", data=data), "another Questhall", "Next step")
    other = run("up", "--port", str(up.port), data=data.with_name("other"))
    refused(other, f"port {up.port}", f"--port {up.port + 1}", "Next step")
    assert not (data.with_name("other") / "postgres").exists(), "nothing was made before it was refused"
    made = run(
        "user", "create", "ada", "--email", "a@b.co", "--admin", "--password-stdin", data=data, text="a fine phrase\r\n"
    )
    assert made.returncode == 0, made.stderr
    login = {"username": "ada", "password": "a fine phrase"}
    signed_in = httpx.post(f"http://localhost:{up.port}/api/v1/auth/login", json=login)
    assert signed_in.status_code == 200, "the end of the line is no part of the password"
    for stopped in (False, True):
        if stopped:
            started = children(up.process.pid)
            assert len(started) >= 2
            assert up.stop() < STOP_MAX_S
            assert alive(started) == set()
        bad_input(data, BAD[::4] if stopped else BAD)
        if not stopped:
            token = run("token", "create", "ada", data=data)
            assert (token.returncode, token.stderr) == (0, "")
            assert token.stdout.startswith("qh_")
            assert token.stdout.count("\n") == 1
            assert len(token.stdout.split()) == 1, "alone"
            verified = run("ledger", "verify", data=data)
            assert (verified.returncode, "whole" in verified.stdout) == (0, True), verified.stderr
    verified = run("ledger", "verify", data=data)
    assert (verified.returncode, "whole" in verified.stdout) == (0, True), verified.stderr
    hold = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, 2); print('held', flush=True); time.sleep(2)"
    with subprocess.Popen([sys.executable, "-c", hold, str(data / "lock")], stdout=subprocess.PIPE) as starting:
        assert starting.stdout is not None
        assert starting.stdout.readline() == b"held\n"
        late = run("token", "create", "ada", data=data)
        assert late.returncode == 0, "one that is about to start or to end is waited for"
    up = Up(data)
    try:
        assert "/first-admin#" not in up.log.read_text(), "data survived: there is an admin"
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
    folders = run_folders(started)
    up.process.kill()
    up.process.wait()
    deadline = time.monotonic() + 10
    while alive(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(started) == set(), "servers end with their starter"
    up = Up(data)
    assert up.get("/api/v1/services")[0] == 200
    assert folders
    assert [folder for folder in folders if Path(folder).exists()] == [], "what it left behind is cleared away"
    assert up.stop() < STOP_MAX_S


def cluster_of(data: Path) -> Path:
    pointer = data / "postgres.location"
    return Path(pointer.read_text().strip()) if pointer.exists() else data / "postgres"


def test_a_half_written_folder_an_older_database_and_a_lost_one_are_said(data: Path) -> None:
    up = Up(data)
    up.stop()
    cluster = cluster_of(data)
    version = cluster / "PG_VERSION"
    text = version.read_text()
    version.write_text("15\n")
    refused(run("up", "--port", str(free_port()), data=data), "PostgreSQL 15", "pg_dumpall", "Next step")
    version.unlink()
    refused(run("up", "--port", str(free_port()), data=data), "half-written", "Next step")
    version.write_text(text)
    # A first start that was cut off in the middle of making the database begins anew.
    (cluster.with_name(cluster.name + ".new")).mkdir()
    (data / "run.json").write_text("[]")
    shutil.copy(cluster / "PG_VERSION", cluster.with_name(cluster.name + ".new"))
    # The number of a process that ended belongs to another by now: it is left alone.
    other = subprocess.Popen(["sleep", "60"], executable=shutil.which("sleep"))
    (cluster / "postmaster.pid").write_text(f"{other.pid}\n{cluster}\n")
    again = Up(data)
    assert again.started_s < 15
    assert other.poll() is None
    other.kill()
    other.wait()
    again.stop()
    if (data / "postgres.location").exists():
        shutil.rmtree(cluster)
        refused(run("up", "--port", str(free_port()), data=data), "not there any more", "Next step")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_it_ends_while_it_starts_and_leaves_nothing(data: Path, how: signal.Signals) -> None:
    folders: set[str] = set()
    for after_s in (0.3, 0.8, 1.3, 2.0, 3.0) if how == signal.SIGINT else (0.8, 2.0):
        command = [*COMMAND, "up", "--port", str(free_port()), "--data", str(data)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(after_s * SLACK)
        started = children(process.pid)
        folders |= run_folders(started)
        began = time.monotonic()
        process.send_signal(how)
        _, error = process.communicate(timeout=20)
        assert time.monotonic() - began < STOP_MAX_S
        assert process.returncode in (0, 130, -how), error
        assert alive(started) == set()
        assert "Traceback" not in error, error
    up = Up(data)
    folders |= run_folders(children(up.process.pid))
    assert up.get("/api/v1/services")[0] == 200
    assert up.stop(how) < STOP_MAX_S
    assert folders
    assert [folder for folder in folders if Path(folder).exists()] == []


def test_a_command_of_ours_ends_with_all_that_it_started() -> None:
    """The database is made by a command that starts others: an end in the middle of it ends them too."""
    code = (
        "from questhall.kernel.children import run_as; run_as(['bash', '-c', 'sleep 50 & sleep 50; true'], user=None)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while len(started := children(process.pid)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    while alive(started):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_ends_at_once_under_load_and_starts_warm(data: Path) -> None:
    up = Up(data)
    load = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(up.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(1.5)
    started = children(up.process.pid)
    took = up.stop()
    load.kill()
    load.wait()
    assert took < STOP_MAX_S
    assert alive(started) == set()
    assert "Traceback" not in up.log.read_text(), up.log.read_text()[-3000:]
    warm = Up(data)
    warm.stop()
    assert warm.started_s < WARM_MAX_S


LOAD = """
import asyncio, sys
async def one():
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
            while True:
                writer.write(b"GET /api/v1/services HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n")
                await reader.readuntil(b"\\r\\n\\r\\n")
                await reader.read(65536)
        except Exception:
            await asyncio.sleep(0.05)
async def main():
    await asyncio.gather(*(one() for _ in range(32)))
asyncio.run(main())
"""


def test_two_side_by_side_from_any_folder_below_a_long_and_a_hidden_path(tmp_path: Path) -> None:
    long = tmp_path / "/".join(["a-folder-with-a-long-name"] * 6) / "hall"
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    long.parent.mkdir(parents=True)
    assert len(str(long)) > 107, "longer than a socket's path may be"
    one, two = Up(long, cwd=elsewhere), Up(hidden / "hall", cwd=Path("/"))
    try:
        for up in (one, two):
            assert up.get("/api/v1/services")[0] == 200
        made = run("user", "create", "ada", "--email", "a@b.co", "--password-stdin", data=long, text="a fine phrase\n")
        assert made.returncode == 0
        refused(run("token", "create", "ada", data=hidden / "hall"))
        assert list(elsewhere.iterdir()) == [], "nothing is left where it was started"
    finally:
        for up in (one, two):
            up.stop()
            if (up.data / "postgres.location").exists():
                shutil.rmtree(cluster_of(up.data))


def test_nobody_has_to_read_what_it_says(data: Path) -> None:
    """Its output ends in a pipe that is closed, or in nothing at all: it serves all the same."""
    for redirect in ("2>&1 | head -c 1 >/dev/null", ">&- 2>&-"):
        port = free_port()
        words = " ".join([*COMMAND, "up", "--port", str(port), "--data", str(data)])
        shell = subprocess.Popen(["bash", "-c", f"{words} {redirect}"], start_new_session=True)
        deadline = time.monotonic() + 60
        while not (data / "run.json").exists():
            assert shell.poll() is None, redirect
            assert time.monotonic() < deadline, redirect
            time.sleep(0.05)
        with urllib.request.urlopen(f"http://localhost:{port}/api/v1/services", timeout=10) as answer:
            assert answer.status == 200
        pid = json.loads((data / "run.json").read_text())["pid"]
        os.kill(pid, signal.SIGINT)
        shell.wait(10)
        assert not alive({pid})


def test_other_machines_need_tls(data: Path) -> None:
    for host in ("0.0.0.0", "::"):
        refused(run("up", "--host", host, data=data), "--insecure-http", "Next step")
    assert not data.exists()
    refused(
        run("up", "--host", "no.such.host.invalid", "--insecure-http", data=data), "no.such.host.invalid", "Next step"
    )
    up = Up(data, "--host", "0.0.0.0", "--insecure-http")
    assert up.get("/api/v1/services")[0] == 200
    up.stop()


def test_a_database_that_is_not_there_is_said(data: Path) -> None:
    environment = {**os.environ, "QUESTHALL_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    for words in (("migrate",), ("up", "--port", str(free_port())), ("ledger", "verify")):
        command = [*COMMAND, *words, "--data", str(data)]
        refused(
            subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment),
            "Next step",
        )


def test_a_folder_that_cant_be_written_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    refused(run("up", data=file / "below"), "Next step")
    refused(run("up", data=file), "Next step")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount and become somebody else")
def test_a_folder_on_a_disk_that_cant_be_written_is_said(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    words = " ".join([*COMMAND, "up", "--port", str(free_port()), "--data", str(disk)])
    command = ["unshare", "--mount", "bash", "-c", f"mount -t tmpfs -o ro none {disk} && {words}"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "unshare" in answer.stderr or "mount:" in answer.stderr:
        pytest.skip("this machine lets nobody mount")
    refused(answer, "can't be written", "Next step")
