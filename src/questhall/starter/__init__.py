"""The starter pack: a folder of content that a new hall begins with, so that it is never empty."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Protocol, TypeVar

from questhall.content.files import read
from questhall.contracts.achievements import Achievements
from questhall.contracts.quests import Quests
from questhall.kernel.contract import Contract
from questhall.kernel.rpc import ServiceAbsent

__all__ = ["install", "pack"]

C = TypeVar("C", bound=Contract)


class Stubs(Protocol):
    """A process, as far as it is needed here."""

    def stub(self, caller: str, contract: type[C]) -> C:
        """A contract as ``caller`` calls it."""
        ...


def pack(name: str) -> list[dict[str, Any]]:
    """Definitions of ``quests`` or ``achievements`` in the starter pack."""
    return read(files("questhall.starter").joinpath("pack", f"{name}.yaml").read_bytes())


async def install(process: Stubs) -> int:
    """Publishes what is not there yet, by slug; answers how many. A service that is not deployed is left out."""
    made = 0
    contracts: tuple[type[Quests] | type[Achievements], ...] = (Quests, Achievements)
    for contract in contracts:
        try:
            made += await process.stub("cli", contract).install(pack(contract.name))
        except ServiceAbsent:
            continue
    return made
