"""What services say, answer and refuse. The only thing that one service may import of another."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from questhall.kernel.contract import Contract

__all__ = ["every_contract"]


@cache
def every_contract() -> list[type[Contract]]:
    """The contracts of all services, in alphabetical order of their modules."""
    found: dict[type[Contract], None] = {}
    for module in pkgutil.iter_modules(__path__):
        for member in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            # What contracts have in common is named by no service.
            if isinstance(member, type) and issubclass(member, Contract) and "name" in vars(member):
                found[member] = None
    return list(found)
