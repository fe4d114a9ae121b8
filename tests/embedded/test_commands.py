"""Commands as an operator types them: those of content, and what is refused before anything is started."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.embedded.test_up import COMMAND, Up, data, refused

__all__ = ["data"]


def run(*words: str, data: Path, typed: bytes = b"") -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *words, "--data", str(data)]
    done = subprocess.run(command, input=typed, capture_output=True, timeout=90, check=False)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("scopes", [",", ",,,", "", " , "])
def test_scopes_that_name_none_are_not_all(tmp_path: Path, scopes: str) -> None:
    refused(run("token", "create", "ada", "--scopes", scopes, data=tmp_path), "names no permission", "Next step")


def test_scopes_that_are_no_utf8_are_said(tmp_path: Path) -> None:
    answer = run("token", "create", "ada", "--scopes", os.fsdecode(b"player,\xff"), data=tmp_path)
    refused(answer, "what was given as scopes is no text in UTF-8", "Next step")


@pytest.mark.parametrize("locale", ["C.UTF-8", "POSIX"])
@pytest.mark.parametrize(
    ("name", "email", "typed", "which"),
    [
        (b"w\xff", b"a@b.co", b"a fine phrase\n", "username"),
        (b"wren", b"\xe9@b.co", b"a fine phrase\n", "email"),
        (b"wren", b"a@b.co", b"a fine phr\xe4se\n", "password"),
    ],
)
def test_what_is_no_utf8_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locale: str, name: bytes, email: bytes, typed: bytes, which: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    words = ["user", "create", os.fsdecode(name), "--email", os.fsdecode(email), "--password-stdin"]
    answer = run(*words, data=tmp_path, typed=typed)
    refused(answer, f"what was given as {which} is no text in UTF-8", "Next step")
    assert "codec" not in answer.stderr


def test_a_path_is_said_in_one_line(tmp_path: Path) -> None:
    long = tmp_path / ("a-folder-with-a-long-name/" * 4)
    assert f"there is no installation in {long}\n" in run("ledger", "verify", data=long).stderr


def test_content_is_planned_and_applied_on_a_running_and_a_stopped_installation(data: Path, tmp_path: Path) -> None:
    folder, again = tmp_path / "content", tmp_path / "again"
    up = Up(data)
    try:
        assert run("content", "export", str(folder), data=data).stdout.count("wrote: ") == 2
        text = (folder / "quests.yaml").read_text()
        assert text.count("say-hello") == 1
        changed = text.replace("slug: say-hello", "slug: wave").replace("      xp: 25\n", "      xp: 26\n")
        (folder / "quests.yaml").write_text(changed)
        (folder / "more.yml").write_text("")
        planned = run("content", "plan", str(folder), data=data)
        assert (planned.returncode, planned.stderr.split(" (")[0]) == (0, "left out: more.yml")
        assert planned.stdout.splitlines() == [
            "quests.yaml",
            "  ~ help-somebody (change, published)",
            "      rewards/currencies/xp: 25 -> 26",
            "  + wave (create, published)",
            "  only in the installation, left: say-hello",
            "1 to create, 1 to change, 22 the same, 1 only in the installation (they stay).",
        ]
        applied = run("content", "apply", str(folder), data=data)
        assert (applied.returncode, applied.stdout) == (0, f"{planned.stdout}Applied: 2 definitions.\n")
    finally:
        up.stop()
    applied = run("content", "apply", str(folder), data=data)
    assert (applied.returncode, applied.stdout.splitlines()[-1]) == (0, "Nothing to do.")
    (folder / "quests.yaml").write_text(changed.replace("xp: 26\n", "xp: -1\n").replace("wave", "Wave!\x1b[2J"))
    answer = run("content", "apply", str(folder), data=data)
    refused(answer, "unacceptable character", "mend it there")
    (folder / "quests.yaml").write_text(
        changed.replace("xp: 26\n", "xp: -1\n").replace("kind: daily", "kind: often", 1)
    )
    answer = run("content", "apply", str(folder), data=data)
    refused(answer, "quests.yaml: help-somebody kind: Invalid enum value 'often'", "1 mistake", "Next step")
    assert run("content", "export", str(again), data=data).returncode == 0
    assert (again / "achievements.yaml").read_bytes() == (folder / "achievements.yaml").read_bytes()
    assert "xp: 26" in (again / "quests.yaml").read_text()


def test_content_without_a_folder_or_an_installation_is_said(tmp_path: Path) -> None:
    refused(run("content", "plan", str(tmp_path / "nowhere"), data=tmp_path), "can't be read", "Next step")
    (tmp_path / "quests.yaml").write_text("[]\n")
    refused(run("content", "apply", str(tmp_path), data=tmp_path), "there is no installation", "Next step")


def test_the_demo_needs_a_running_installation(tmp_path: Path) -> None:
    refused(run("demo", data=tmp_path), "no Questhall is running", "questhall up")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("demo",), ("backup", "a-file")])
def test_one_that_runs_and_does_not_say_where_its_database_is_is_of_an_earlier_version(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    data = tmp_path / "hall"
    data.mkdir()
    words = tuple(str(tmp_path / word) if word == "a-file" else word for word in words)
    with tempfile.TemporaryDirectory(prefix="qh-") as short, socket.socket(socket.AF_UNIX) as running:
        running.bind(f"{short}/s")
        running.listen()
        (data / "run.json").write_text(json.dumps({"pid": 1, "socket": f"{short}/s"}))
        refused(run(*words, data=data), "is of an earlier version", "Next step")
    assert list(tmp_path.iterdir()) == [data]
