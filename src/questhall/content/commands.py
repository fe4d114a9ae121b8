"""`questhall content export | plan | apply DIR`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from questhall import embedded
from questhall.content import folder as folders
from questhall.kernel.children import CannotStart
from questhall.kernel.content import Change, Difference, Plan
from questhall.kernel.contract import Cause
from questhall.kernel.database import current_cause
from questhall.kernel.ids import new_id
from questhall.kernel.settings import Settings
from questhall.kernel.telemetry import configure_logs
from questhall.terminal import Data, err, out

__all__ = ["content", "tell"]

ACTOR = "service:cli"
"""Who is named in events as having applied it: the operator has no account here."""
LINE_MAX = 160
"""Characters of a value that are shown."""
SIGNS = {"create": ("+", "green"), "change": ("~", "yellow")}
T = TypeVar("T")

content = typer.Typer(no_args_is_help=True, help="Quests and badges as files.")
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder with quests.yaml and achievements.yaml.")]


@content.command()
def export(folder: Folder, data: Data = Path("data")) -> None:
    """Write quests and badges into a folder; other files in it stay."""
    for file in _work(data, lambda stub: folders.export(stub, folder)):
        out.print(
            f"{'wrote' if file.changed else 'as it was'}: {escape(str(folder / file.name))}, {file.count} {file.things}"
        )


@content.command()
def plan(folder: Folder, data: Data = Path("data")) -> None:
    """Say what applying a folder would change; changes nothing."""
    wanted = _read(folder)
    plans = _work(data, lambda stub: folders.plan(stub, wanted))
    _refuse_faults(plans)
    tell(plans, out)


@content.command()
def apply(folder: Folder, data: Data = Path("data")) -> None:
    """Say what changes, and change it; what the folder does not name stays as it is."""
    wanted = _read(folder)

    async def work(stub: folders.Stub) -> dict[str, Plan]:
        plans = await folders.plan(stub, wanted)
        _refuse_faults(plans)
        tell(plans, out)
        return await folders.apply(stub, wanted)

    done = _work(data, work)
    _refuse_faults(done)
    counts = _counted(done)
    changed = counts["create"] + counts["change"]
    out.print(f"Applied: {changed} {'definition' if changed == 1 else 'definitions'}." if changed else "Nothing to do.")


def _read(folder: Path) -> folders.Content:
    wanted, others = folders.read(folder)
    for name in others:
        err.print(f"left out: {escape(_plain(name))} (only quests.yaml and achievements.yaml are read)")
    return wanted


def _work(data: Path, work: Callable[[folders.Stub], Awaitable[T]]) -> T:
    settings = Settings.read(data=data.absolute(), log_level="warning")
    configure_logs(settings)
    identifier = new_id()

    async def caused(stub: folders.Stub) -> T:
        current_cause.set(Cause(correlation_id=identifier, causation_id=identifier, actor=ACTOR))
        return await work(stub)

    return embedded.work(settings, caused)


def _refuse_faults(plans: Mapping[str, Plan]) -> None:
    faults = [(folders.file_of(name), fault) for name, plan in plans.items() for fault in plan.faults]
    for file, fault in faults:
        pointer = fault.pointer.removeprefix("#").removeprefix("/")
        at = " ".join(part for part in (_plain(fault.slug), _plain(pointer)) if part)
        err.print(f"[red]{file}[/]: {escape(at)}: {escape(_plain(fault.detail))}")
    if faults:
        what = "1 mistake" if len(faults) == 1 else f"{len(faults)} mistakes"
        raise CannotStart(f"the files have {what}; nothing of them was applied", "mend the lines above, and plan again")


def tell(plans: Mapping[str, Plan], console: Console) -> None:
    """What would change, service by service."""
    for name, plan in plans.items():
        moving = [change for change in plan.changes if change.does in SIGNS]
        left = [change.slug for change in plan.changes if change.does == "left"]
        if moving or left:
            console.print(f"[bold]{folders.file_of(name)}[/]")
        for change in moving:
            sign, colour = SIGNS[change.does]
            console.print(f"  [{colour}]{sign} {change.slug}[/] ({change.does}, {change.status})")
            for difference in change.differences if change.does == "change" else ():
                console.print(f"      {_line(difference)}")
        if left:
            console.print(f"  only in the installation, left: {', '.join(left)}", markup=False)
    counts = _counted(plans)
    console.print(
        f"{counts['create']} to create, {counts['change']} to change, {counts['same']} the same, "
        f"{counts['left']} only in the installation (they stay)."
    )


def _counted(plans: Mapping[str, Plan]) -> Counter[str]:
    changes: list[Change] = [change for plan in plans.values() for change in plan.changes]
    return Counter(change.does for change in changes)


def _line(difference: Difference) -> str:
    field, before, after = escape(_plain(difference.field)), _value(difference.before), _value(difference.after)
    if difference.before is None:
        return f"{field}: [green]+ {after}[/]"
    if difference.after is None:
        return f"{field}: [red]- {before}[/]"
    return f"{field}: [red]{before}[/] -> [green]{after}[/]"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = _plain(text)
    return escape(text if len(text) <= LINE_MAX else f"{text[: LINE_MAX - 1]}…")


def _plain(text: str) -> str:
    """What a terminal shows and does not obey: other characters are spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
