"""A folder of content and an installation: what is in the one, what applying it would do to the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from questhall.content import files
from questhall.contracts.achievements import Achievements
from questhall.contracts.quests import Quests
from questhall.kernel.children import CannotStart
from questhall.kernel.content import Plan
from questhall.kernel.rpc import ServiceAbsent

__all__ = ["Content", "Written", "apply", "export", "plan", "read"]

CONTRACTS: tuple[type[Quests] | type[Achievements], ...] = (Quests, Achievements)
"""Those that answer calls about content: each has one file, ``<name>.yaml``."""
THINGS = {"quests": "quests", "achievements": "badges"}
HEADING = "{things}, by slug. `questhall content` plans and applies this file, and export writes it anew."
YAML = (".yaml", ".yml")

Content = dict[str, list[dict[str, Any]]]
"""Definitions by the name of their service; a file that is not there is not in it."""
Stub = Callable[[Any], Any]
"""A contract, as the command line calls it."""


class Written(msgspec.Struct, frozen=True):
    """A file that was written, or is as it was already."""

    name: str
    things: str
    count: int
    changed: bool


def file_of(name: str) -> str:
    """The file that keeps what a service authors."""
    return f"{name}.yaml"


def read(folder: Path) -> tuple[Content, list[str]]:
    """What is in a folder, and the names of YAML files in it that are none of ours. Raises CannotStart."""
    own = {file_of(contract.name): contract.name for contract in CONTRACTS}
    names = ", ".join(own)
    try:
        there = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise CannotStart(
            f"{folder} can't be read: {error.strerror}", f"name a folder that has {names}; `export` makes one"
        ) from error
    content: Content = {}
    for name in there:
        if name in own:
            try:
                content[own[name]] = files.read((folder / name).read_bytes())
            except OSError as error:
                raise CannotStart(
                    f"{folder / name} can't be read: {error.strerror}", "change its owner or mode"
                ) from error
            except files.Unreadable as error:
                raise CannotStart(
                    f"{folder / name} can't be read: {error}", "mend it there; nothing was changed"
                ) from error
    if not content:
        raise CannotStart(f"{folder} has no content: none of {names}", "name such a folder; `export` makes one")
    return content, [name for name in there if name.endswith(YAML) and name not in own]


async def plan(stub: Stub, content: Content) -> dict[str, Plan]:
    """What applying would do, by service. Raises CannotStart where a service is not deployed."""
    return {
        contract.name: await _asked(stub, contract, "plan", content)
        for contract in CONTRACTS
        if contract.name in content
    }


async def apply(stub: Stub, content: Content) -> dict[str, Plan]:
    """Does it, one service after the other, each all or none; ends at the first with faults."""
    done: dict[str, Plan] = {}
    for contract in CONTRACTS:
        if contract.name in content:
            done[contract.name] = await _asked(stub, contract, "apply", content)
            if done[contract.name].faults:
                break
    return done


async def _asked(stub: Stub, contract: type[Quests] | type[Achievements], call: str, content: Content) -> Plan:
    try:
        return await getattr(stub(contract), call)(content[contract.name])
    except ServiceAbsent as refusal:
        name = file_of(contract.name)
        raise CannotStart(f"{name} can't be applied: {refusal.detail}", f"deploy it, or take {name} out") from refusal


async def export(stub: Stub, folder: Path) -> list[Written]:
    """Writes what is there; other files in the folder stay. Raises CannotStart."""
    texts: dict[str, tuple[str, int]] = {}
    for contract in CONTRACTS:
        try:
            definitions = await stub(contract).content()
        except ServiceAbsent:
            continue
        heading = HEADING.format(things=THINGS[contract.name].capitalize())
        texts[contract.name] = (files.write(definitions, heading), len(definitions))
    try:
        return _write(folder, texts)
    except OSError as error:
        raise CannotStart(
            f"{error.filename or folder} can't be written: {error.strerror}", "name another folder, or change its owner"
        ) from error


def _write(folder: Path, texts: Mapping[str, tuple[str, int]]) -> list[Written]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (text, count) in texts.items():
        file = folder / file_of(name)
        changed = not file.is_file() or file.read_bytes() != text.encode()
        if changed:
            half = file.with_name(f".{file.name}.{os.getpid()}")
            half.write_text(text, encoding="utf-8", newline="\n")
            half.replace(file)
        written.append(Written(file.name, THINGS[name], count, changed))
    return written
