"""The house in order: what documents say equals the code, names are those of the field, boundaries hold."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from questhall.kernel import crash
from questhall.kernel.contract import calls_of
from questhall.kernel.service import ANY, discover

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
SERVICES = discover()
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "models", "manager", "misc"}
HOSTS = re.compile(
    r"registry\.npmjs|files\.pythonhosted|pypi\.org/simple|deb\.debian\.org|registry\.yarnpkg", re.IGNORECASE
)


def tracked() -> list[Path]:
    names = (
        subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    )
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def row(readme: str, word: str) -> set[str]:
    found = re.search(rf"\*\*{word}\*\*(.*?)(?=\n\*\*|\n\n| \*\*Calls|\Z)", readme, re.DOTALL)
    return set(re.findall(r"`([a-z_]+\.[a-z_0-9]+)`", found.group(1))) if found else set()


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_readme_says_what_the_code_does(service) -> None:  # type: ignore[no-untyped-def]
    readme = (ROOT / f"src/questhall/services/{service.name}/README.md").read_text()
    assert len(readme.splitlines()) < 60, "one screen"
    heard = {event.type for handler in service.listeners() for event in handler.events if event is not ANY}
    if service.name not in ("realtime", "audit"):
        assert row(readme, "Hears") == heard
        assert row(readme, "Says") == {event.type for event in service.contract.events}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_event_call_and_route_is_explained(service) -> None:  # type: ignore[no-untyped-def]
    for event in service.contract.events:
        assert event.__doc__, event
    for name in calls_of(service.contract):
        assert getattr(service.contract, name).__doc__, name
    for refusal in service.contract.refusals:
        assert refusal.__doc__, refusal
        assert re.fullmatch(r"[a-z_0-9]+", refusal.code)


def test_every_event_has_a_producer() -> None:
    text = "\n".join(file.read_text() for file in SOURCES if "/services/" in str(file) or file.name == "rewards.py")
    for service in SERVICES:
        for event in service.contract.events:
            assert re.search(rf"\b{event.__name__}\(|\bevent\(|\bgrant\(", text), event
            assert event.__name__ in text, f"nobody says {event.type}"


def test_names_are_those_of_the_field() -> None:
    bad = [file for file in SOURCES if file.stem in BANNED_NAMES or file.parent.name in BANNED_NAMES]
    assert bad == []


def test_nothing_is_left_for_later() -> None:
    word = "TO" + "DO"
    found = [str(f) for f in tracked() if f.suffix in (".py", ".ts", ".tsx", ".sql", ".css") and word in f.read_text()]
    assert found == []


def test_broad_excepts_are_the_kernels() -> None:
    broad = re.compile(r"except (Exception|BaseException)\b|except:")
    allowed = ("/kernel/", "/gateway/gateway.py")
    found = [str(f) for f in SOURCES if broad.search(f.read_text()) and not any(part in str(f) for part in allowed)]
    assert found == []


def test_no_registry_host_is_named() -> None:
    found = []
    for file in tracked():
        if file.suffix in (".png", ".ico", ".woff2"):
            continue
        if file != Path(__file__) and HOSTS.search(file.read_text(errors="ignore")):
            found.append(str(file))
    assert found == []


def test_paths_named_in_documents_exist() -> None:
    missing = []
    for file in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for path in re.findall(r"`((?:src|docs|tests|web|bench)/[\w./-]+)`", file.read_text()):
            if not (ROOT / path).exists():
                missing.append(f"{file.name}: {path}")
        for link in re.findall(r"\]\((?!http|#)([^)#]+)", file.read_text()):
            if not (file.parent / link).exists():
                missing.append(f"{file.name}: {link}")
    assert missing == []


def test_crash_points_are_named_by_where_they_are() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", point) for point in crash.POINTS)
    assert len(crash.POINTS) >= 8


PLANTED = [
    ("src/questhall/kernel/clock.py", "import questhall.services.quests.rules\n"),
    ("src/questhall/contracts/quests.py", "import questhall.gateway.policy\n"),
    ("src/questhall/services/quests/rules.py", "import questhall.services.currency.rules\n"),
    ("src/questhall/services/quests/repository.py", "import questhall.services.quests.actions\n"),
    ("src/questhall/services/currency/rules.py", "import questhall.kernel.database\n"),
    ("src/questhall/services/quests/actions.py", "import asyncpg\n"),
]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command as c; c()"
    return subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("built", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_boundaries_hold(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize(("file", "line"), PLANTED, ids=lambda value: str(value).split("/")[-1])
def test_a_planted_violation_is_caught(copy: Path, file: str, line: str) -> None:
    target = copy / file
    text = target.read_text()
    try:
        target.write_text(text + "\n" + line)
        assert lint(copy).returncode != 0
    finally:
        target.write_text(text)
