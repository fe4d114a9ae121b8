"""The house in order: what documents say equals the code, names are those of the field, boundaries hold.

Each rule is a function over a tree of files (path to text), so that a violation can be planted in a tree of its own.
"""

from __future__ import annotations

import ast
import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from questhall.kernel import crash
from questhall.kernel.contract import calls_of
from questhall.kernel.service import ANY, Service, discover

ROOT = Path(__file__).parents[1]
SERVICES = discover()
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "models", "manager", "misc"}
HOSTS = re.compile(
    r"registry\.npmjs|files\.pythonhosted|pypi\.org/simple|deb\.debian\.org|registry\.yarnpkg", re.IGNORECASE
)
PICTURES = (".png", ".ico", ".woff2")
README_MAX = 60
FILE_MAX = 420
"""Files rarely pass 400 lines."""
FUNCTION_MAX = 60
DECISION_MAX = 60

Tree = dict[str, str]


@pytest.fixture(scope="module")
def tree() -> Tree:
    """Every text file that git knows, by path."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = done.stdout.decode().split("\0") if done.returncode == 0 else []
    if not names:
        names = [str(file.relative_to(ROOT)) for file in ROOT.rglob("*") if "__pycache__" not in file.parts]
    files = [name for name in names if name and (ROOT / name).is_file() and not name.endswith(PICTURES)]
    return {name: (ROOT / name).read_text(errors="ignore") for name in files}


def sources(tree: Tree) -> Tree:
    return {path: text for path, text in tree.items() if path.startswith("src/") and path.endswith(".py")}


def banned_names(tree: Tree) -> list[str]:
    """No file or folder is named for what it is not."""
    return [path for path in sources(tree) if BANNED_NAMES.intersection(path.removesuffix(".py").split("/"))]


def left_for_later(tree: Tree) -> list[str]:
    """Nothing waits for somebody who will not come."""
    word = "TO" + "DO"
    kinds = (".py", ".ts", ".tsx", ".sql", ".css")
    return [path for path, text in tree.items() if path.endswith(kinds) and word in text]


def broad_excepts(tree: Tree) -> list[str]:
    """Whoever catches everything is the kernel, or the gateway's last resort."""
    broad = re.compile(r"except (Exception|BaseException)\b|except:|except \([^)]*\b(Exception|BaseException)\b")
    allowed = ("src/questhall/kernel/", "src/questhall/gateway/gateway.py")
    return [path for path, text in sources(tree).items() if broad.search(text) and not path.startswith(allowed)]


def registry_hosts(tree: Tree) -> list[str]:
    """The packages' names are enough; where they come from is each machine's own."""
    return [path for path, text in tree.items() if path != "tests/test_tidy.py" and HOSTS.search(text)]


def dead_paths(tree: Tree) -> list[str]:
    """Every path that a document names is there."""
    there = {parent for path in tree for parent in (path, *map(str, Path(path).parents))}
    missing = []
    for path, text in tree.items():
        if not path.endswith(".md") or not path.startswith(("README", "docs/", "src/", "bench/", "CHANGELOG")):
            continue
        for named in re.findall(r"`((?:src|docs|tests|web|bench)/[\w./-]+)`", text):
            if named.rstrip("/") not in there and not (ROOT / named).exists():
                missing.append(f"{path}: {named}")
        for link in re.findall(r"\]\((?!http|#)([^)#]+)", text):
            if not (ROOT / path).parent.joinpath(link).exists():
                missing.append(f"{path}: {link}")
    return missing


def long_files(tree: Tree) -> list[str]:
    """A file that grows becomes a package of the same name."""
    found = []
    for path, text in sources(tree).items():
        if len(text.splitlines()) > FILE_MAX:
            found.append(f"{path}: {len(text.splitlines())} lines")
    return found


def long_functions(tree: Tree) -> list[str]:
    """A function fits on a screen."""
    found = []
    for path, text in sources(tree).items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > FUNCTION_MAX:
                    found.append(f"{path}: {node.name} has {lines} lines")
    return found


def impure_rules(tree: Tree) -> list[str]:
    """Rules ask no clock and no dice: what they decide by is given to them."""
    impure = re.compile(
        r"\b(datetime\.now|date\.today|time\.time|monotonic|uuid4|uuid7|new_id)\(|^import (random|secrets|os|time)\b",
        re.M,
    )
    rules = re.compile(r"/services/\w+/rules(\.py$|/)")
    return [path for path, text in sources(tree).items() if rules.search(path) and impure.search(text)]


def sql_outside_repositories(tree: Tree) -> list[str]:
    """Every SQL statement of a service is in its repository (or in what proves the ledger)."""
    statement = re.compile(
        r"\.(fetch|fetchrow|fetchval|execute|executemany)\(\s*f?\"(SELECT|INSERT|UPDATE|DELETE|WITH)\b"
    )
    allowed = re.compile(r"/repository(\.py$|/)|/verification\.py$|/chains\.py$")
    return [
        path
        for path, text in sources(tree).items()
        if "/services/" in path and not allowed.search(path) and statement.search(text)
    ]


def changed_migrations(tree: Tree) -> list[str]:
    """Migrations are numbered from 1 without a gap: forward only."""
    by_folder: dict[str, list[str]] = {}
    for path in tree:
        if "/migrations/" in path and path.endswith(".sql"):
            by_folder.setdefault(str(Path(path).parent), []).append(Path(path).name)
    return [
        folder
        for folder, names in by_folder.items()
        if [name.split("_")[0] for name in sorted(names)] != [f"{n:04}" for n in range(1, len(names) + 1)]
    ]


def long_decisions(tree: Tree) -> list[str]:
    """A decision has its five parts in under 60 lines."""
    parts = ("**Context.**", "**Decision.**", "**Consequences.**", "**Rejected.**", "**Revisit when**")
    return [
        path
        for path, text in tree.items()
        if path.startswith("docs/decisions/")
        and (len(text.splitlines()) >= DECISION_MAX or not all(part in text for part in parts))
    ]


ASVS = "docs/security/asvs.csv"
ASVS_ROWS = 253
"""Requirements of levels 1 and 2 of OWASP ASVS 5.0.0."""


def unproved_requirements(tree: Tree) -> list[str]:
    """What applies has a test or a document, which are there; all else, and what comes later, has a reason."""
    rows = list(csv.DictReader(tree.get(ASVS, "").splitlines()))
    found = [] if len({row["id"] for row in rows}) == len(rows) == ASVS_ROWS else [f"{len(rows)} rows"]
    for row in rows:
        path, _, test = row["evidence"].partition("::")
        if not row["about"] or row["level"] not in ("1", "2"):
            found.append(f"{row['id']} says not what it is")
        elif row["applies"] == "yes":
            if path not in tree or (test and not re.search(rf"\bdef {test}\(", tree[path])):
                found.append(f"{row['id']} names {row['evidence']}, which is not there")
            elif not test and path.startswith("tests/"):
                found.append(f"{row['id']} names no test of {path}")
        elif row["applies"] not in ("no", "later") or len(row["evidence"]) < 6 or test:
            found.append(f"{row['id']} has no reason")
    return found


RULES: dict[Callable[[Tree], list[str]], Tree] = {
    banned_names: {"src/questhall/services/quests/helpers.py": ""},
    left_for_later: {"web/src/x.ts": "// TO" + "DO: later"},
    broad_excepts: {"src/questhall/services/quests/actions/playing.py": "try:\n    x()\nexcept Exception:\n    pass\n"},
    registry_hosts: {"docs/start.md": "pip install -i https://pypi.org/" + "simple x"},
    dead_paths: {"docs/start.md": "see `src/questhall/nowhere.py`"},
    long_files: {"src/questhall/kernel/x.py": "\n" * (FILE_MAX + 1)},
    long_functions: {"src/questhall/kernel/x.py": "def f():\n" + "    a = 1\n" * FUNCTION_MAX},
    impure_rules: {"src/questhall/services/quests/rules.py": "from datetime import datetime\nx = datetime.now()\n"},
    sql_outside_repositories: {"src/questhall/services/quests/actions/playing.py": 'await tx.fetch("SELECT 1")'},
    changed_migrations: {"src/questhall/services/quests/migrations/0002_x.sql": ""},
    unproved_requirements: {
        ASVS: "id,level,about,applies,evidence\nV1.1.1,2,Decode once,yes,tests/nowhere.py::test_it\n"
    },
    long_decisions: {"docs/decisions/0099-x.md": "# 99. We did it\n"},
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_holds_and_sees_what_is_planted(rule: Callable[[Tree], list[str]], tree: Tree) -> None:
    assert rule(tree) == []
    assert rule(RULES[rule]) != []


def row(readme: str, word: str) -> set[str]:
    found = re.search(rf"\*\*{word}\*\*(.*?)(?=\n\*\*|\n\n| \*\*Calls|\Z)", readme, re.DOTALL)
    return set(re.findall(r"`([a-z_0-9]+\.[a-z_0-9]+)`", found.group(1))) if found else set()


def untrue(service: Service, readme: str) -> list[str]:
    """What a README says that the code does not do, and the other way round."""
    heard = {event.type for handler in service.listeners() for event in handler.events if event is not ANY}
    said = {event.type for event in service.contract.events}
    found = [] if len(readme.splitlines()) < README_MAX else ["it is longer than one screen"]
    if service.name not in ("realtime", "audit"):  # they hear everything, or nearly: a list would say less
        found += [f"hears {name}" for name in row(readme, "Hears") ^ heard]
        found += [f"says {name}" for name in row(readme, "Says") ^ said]
    return found


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_readme_says_what_the_code_does(service: Service, tree: Tree) -> None:
    readme = (ROOT / f"src/questhall/services/{service.name}/README.md").read_text()
    assert untrue(service, readme) == []
    assert untrue(service, readme + "\n" * README_MAX) != []
    if row(readme, "Says") and service.name not in ("realtime", "audit"):
        one = sorted(row(readme, "Says"))[0]
        assert untrue(service, readme.replace(f"`{one}`", "")) == [f"says {one}"]


def unexplained(service: Service) -> list[str]:
    """Events, calls and refusals without a word of their own."""
    found = [event.type for event in service.contract.events if not vars(event).get("__doc__")]
    found += [name for name in calls_of(service.contract) if not getattr(service.contract, name).__doc__]
    for refusal in service.contract.refusals:
        if not vars(refusal).get("__doc__") or not re.fullmatch(r"[a-z_0-9]+", refusal.code):
            found.append(refusal.code)
    return found


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_event_call_and_refusal_is_explained(service: Service) -> None:
    assert unexplained(service) == []


def test_what_is_not_explained_is_seen() -> None:
    quests = next(service for service in SERVICES if service.name == "quests")
    event = quests.contract.events[0]
    text, event.__doc__ = event.__doc__, ""
    try:
        assert unexplained(quests) == [event.type]
    finally:
        event.__doc__ = text


def unsaid(service: Service, tree: Tree) -> list[str]:
    """Events that a contract promises and nobody says: made nowhere in the service, its rewards' builder apart."""
    own = "\n".join(text for path, text in sources(tree).items() if f"/services/{service.name}/" in path)
    found = []
    for event in service.contract.events:
        name = event.__name__
        by_builder = event.type == "reward.granted" and re.search(r"\bgrant\(", own)
        as_value = re.search(rf"\b{name}\b(?!\])", re.sub(r"^(from|import) .*?(\)|$)", "", own, flags=re.M | re.S))
        if not by_builder and not re.search(rf"\b{name}\(", own) and not as_value:
            found.append(event.type)
    return found


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_event_has_a_producer(service: Service, tree: Tree) -> None:
    assert unsaid(service, tree) == []
    assert unsaid(service, {}) == [event.type for event in service.contract.events]


def test_crash_points_are_named_by_where_they_are() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", point) for point in crash.POINTS)
    assert len(crash.POINTS) >= 16


# At least one for each contract in pyproject.toml, and for each part of it.
PLANTED = [
    ("The kernel knows no service", "src/questhall/kernel/clock.py", "import questhall.services.quests.rules\n"),
    ("The kernel knows no service", "src/questhall/kernel/clock.py", "import questhall.contracts.quests\n"),
    ("The kernel knows no service", "src/questhall/kernel/clock.py", "import questhall.gateway.policy\n"),
    ("The kernel knows no service", "src/questhall/kernel/clock.py", "import questhall.compose\n"),
    ("Contracts know only", "src/questhall/contracts/quests.py", "import questhall.gateway.policy\n"),
    ("Contracts know only", "src/questhall/contracts/quests.py", "import questhall.services.quests.actions\n"),
    ("Contracts know only", "src/questhall/contracts/quests.py", "import questhall.kernel.database\n"),
    (
        "Services are independent",
        "src/questhall/services/quests/rules.py",
        "import questhall.services.currency.rules\n",
    ),
    ("Reading order", "src/questhall/services/quests/repository/runs.py", "import questhall.services.quests.actions\n"),
    ("Reading order", "src/questhall/services/quests/rules.py", "import questhall.services.quests.repository\n"),
    ("Reading order", "src/questhall/services/quests/api/playing.py", "import questhall.services.quests.handlers\n"),
    ("Reading order", "src/questhall/services/quests/jobs.py", "import questhall.services.quests.api\n"),
    ("Reading order", "src/questhall/services/quests/actions/playing.py", "import questhall.services.quests.wiring\n"),
    ("Rules are pure", "src/questhall/services/currency/rules/walking.py", "import questhall.kernel.database\n"),
    ("Rules are pure", "src/questhall/services/currency/rules/walking.py", "import questhall.kernel.clock\n"),
    ("Rules are pure", "src/questhall/services/currency/rules/walking.py", "import questhall.kernel.ids\n"),
    ("Drivers are the kernel's", "src/questhall/services/quests/actions/playing.py", "import asyncpg\n"),
    ("Drivers are the kernel's", "src/questhall/gateway/page.py", "import redis\n"),
    ("Drivers are the kernel's", "src/questhall/services/quests/api/playing.py", "import litestar\n"),
    ("Drivers are the kernel's", "src/questhall/services/quests/actions/playing.py", "import aiohttp\n"),
    ("Drivers are the kernel's", "src/questhall/compose.py", "import asyncpg\n"),
]


def lint(root: Path) -> str:
    """What import-linter says of a tree; its broken contracts are named."""
    code = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command as c; c()"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    return re.sub(r"\s+", " ", done.stdout)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("built", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_boundaries_hold_and_each_planted_violation_is_named(copy: Path) -> None:
    said = lint(copy)
    kept = re.findall(r"(\S[^.]*?) KEPT", said)
    assert " BROKEN" not in said, said[-2000:]
    contracts = re.findall(
        r'^name = "(.*)"', (copy / "pyproject.toml").read_text().partition("[tool.importlinter]")[2], re.M
    )
    assert len(kept) == len(contracts) == 6
    assert all(any(contract.startswith(name) for name, _, _ in PLANTED) for contract in contracts)
    # Every violation of every contract at once, in one run: each is named with its importer and what it imports.
    for file in {file for _, file, _ in PLANTED}:
        target = copy / file
        if not target.exists():
            target = copy / file.removesuffix(".py") / "__init__.py"
        target.write_text(target.read_text() + "\n" + "".join(line for _, name, line in PLANTED if name == file))
    said = lint(copy)
    missed = []
    for contract, file, line in PLANTED:
        importer = file.removeprefix("src/").removesuffix(".py").replace("/", ".")
        imported = line.split()[1]
        if not re.search(rf"{re.escape(contract)}[^-]* BROKEN", said) or f"{importer} -> {imported} " not in said:
            missed.append((contract, importer, imported))
    assert missed == []
