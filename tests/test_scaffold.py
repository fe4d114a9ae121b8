"""`questhall new`: a service that is served, tested, typed, in order and in its bounds, without an edit elsewhere."""

from __future__ import annotations

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
from pathlib import Path

import pytest

from questhall import scaffold
from questhall.kernel.children import CannotStart
from tests.embedded.test_up import STOP_MAX_S, alive, children

ROOT = Path(__file__).parents[1]
SHORT, LONG = "ab", "a_name_of_24_characters_"[:23] + "x"
WRONG = [
    "",
    "A",
    "a",
    "Notes",
    "my-notes",
    "1st",
    "no tes",
    "../up",
    "class",
    "none",
    "pg_notes",
    "a" * 25,
    "a__b",
    "_a",
    "b_",
    "é",
]
TAKEN = ["quests", "kernel", "gateway", "public", "questhall", "rewards", "event", "contract", "balances", "crash"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("src", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("built", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run(checkout: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, *words]
    return subprocess.run(
        command, cwd=checkout, env=environment, input=text, capture_output=True, text=True, timeout=200, check=False
    )


def ok(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.mark.timeout(300)
def test_new_services_pass_every_check(checkout: Path) -> None:
    before = {file for file in checkout.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    text = {file: file.read_bytes() for file in before}
    for name in (SHORT, LONG):
        ok(run(checkout, "-m", "questhall", "new", name))
    assert {file: file.read_bytes() for file in before} == text, "nothing that was there is changed"
    parts = [f"{where}/{name}" for name in (SHORT, LONG) for where in ("src/questhall/services", "tests")]
    parts += [f"src/questhall/contracts/{name}.py" for name in (SHORT, LONG)]
    ok(run(checkout, "-m", "ruff", "format", "--check", *parts))
    ok(run(checkout, "-m", "ruff", "check", *parts))
    sources = [part for part in parts if part.startswith("src")]
    ok(run(checkout, "-m", "mypy", "--follow-imports=silent", "--cache-dir", str(checkout / ".mypy"), *sources))
    ok(run(checkout, "-c", "from importlinter.cli import lint_imports_command as c; c()"))
    # Its own test goes through the gateway of a whole installation, with every promise looked at after it.
    done = run(
        checkout,
        "-m",
        "pytest",
        "-k",
        "not dead_paths and not unproved_requirements",  # a copy has not all that documents name
        "-q",
        "-p",
        "no:cacheprovider",
        f"tests/{SHORT}",
        f"tests/{LONG}",
        "tests/test_tidy.py",
        "tests/golden",
    )
    ok(done)
    listed = run(checkout, "-m", "questhall", "list").stdout
    assert re.search(rf"^{SHORT} .*^{LONG} ", listed, re.M | re.S) or re.search(
        rf"^{LONG} .*^{SHORT} ", listed, re.M | re.S
    )


@pytest.mark.timeout(300)
def test_make_up_serves_them(checkout: Path, tmp_path: Path) -> None:
    """As a developer goes on: `make up`, a player of their own, and the routes of what was just made answer."""
    for name in (SHORT, LONG):
        if not (checkout / "src/questhall/services" / name).exists():
            ok(run(checkout, "-m", "questhall", "new", name))
    shutil.copy(ROOT / "Makefile", checkout)
    if not (checkout / ".venv").exists():
        (checkout / ".venv").symlink_to(Path(sys.executable).parents[1])
    data, said = tmp_path / "hall", tmp_path / "said"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What `make` installs and builds is there already: in the environment that runs this test.
    command = ["make", "-o", ".make/installed", "-o", ".make/page", "up", f"PORT={port}", f"DATA={data}"]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    with said.open("w") as out:
        up = subprocess.Popen(command, cwd=checkout, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while "Ctrl-C" not in said.read_text():
            assert up.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)
        words = (
            "-m",
            "questhall",
            "user",
            "create",
            "ada",
            "--email",
            "a@b.co",
            "--password-stdin",
            "--data",
            str(data),
        )
        ok(run(checkout, *words, text="a fine phrase\n"))
        token = run(checkout, "-m", "questhall", "token", "create", "ada", "--data", str(data))
        ok(token)
        for name in (SHORT, LONG):
            request = urllib.request.Request(
                f"http://localhost:{port}/api/v1/me/{name}", headers={"authorization": f"Bearer {token.stdout.strip()}"}
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert [note["text"] for note in json.loads(answer.read())["items"]] == ["Welcome, ada"]
        started = children(up.pid)
        began = time.monotonic()
        os.killpg(up.pid, signal.SIGINT)  # as a terminal does it: to `make` and to all that it runs
        up.wait(20)
        assert time.monotonic() - began < STOP_MAX_S
        assert len(started) >= 3
        assert alive(started) == set()
    finally:
        if up.poll() is None:
            os.killpg(up.pid, signal.SIGTERM)
            up.wait(20)
        pointer = data / "postgres.location"
        if pointer.exists():
            shutil.rmtree(pointer.read_text().strip())


@pytest.mark.parametrize("name", [*WRONG, *TAKEN])
def test_a_name_that_cant_be_is_refused(checkout: Path, name: str) -> None:
    files = sorted(checkout.rglob("*"))
    with pytest.raises(CannotStart) as refused:
        scaffold.make(name, checkout)
    assert refused.value.next_step
    assert sorted(checkout.rglob("*")) == files, "nothing was written"


def test_it_is_said_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no checkout"):
        scaffold.make("notes", tmp_path)
