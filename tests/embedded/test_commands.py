"""Commands that are refused, or not, before anything is started."""

from __future__ import annotations

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
