"""Commands that are refused, or not, before anything is started."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.embedded.test_up import COMMAND, refused


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
