"""What every test may use, and what must be true after each one that drives the whole product."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest
from argon2 import PasswordHasher

from questhall.services.identity import passwords
from tests import invariants

if TYPE_CHECKING:
    from questhall.kernel.testing import Hall  # a plugin: pytest is to import it

pytest_plugins = ["questhall.kernel.testing"]

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOBODYS = CHEAP.hash("the password of nobody at all")


def pytest_configure(config: pytest.Config) -> None:
    """Says what a test may be marked with."""
    config.addinivalue_line("markers", "tampers: breaks an invariant on purpose: they are not looked at after it")
    config.addinivalue_line("markers", "costly_passwords: passwords are hashed at the price that the product pays")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On another PostgreSQL than the embedded one only that runs which asks for it."""
    if "QUESTHALL_TEST_POSTGRES" not in os.environ:
        return
    touching = [item for item in items if "servers" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=[item for item in items if item not in touching])
    items[:] = touching


@pytest.fixture(autouse=True)
def cheap_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that are made at once: nobody tries to guess what stands in a test's database."""
    if request.node.get_closest_marker("costly_passwords") is None:
        monkeypatch.setattr(passwords, "_hasher", CHEAP)
        monkeypatch.setattr(passwords, "_nobodys", lambda: NOBODYS)


@pytest.fixture
async def hall(hall: Hall, request: pytest.FixtureRequest) -> AsyncIterator[Hall]:
    """A fresh installation of every service; at the end, every promise is looked at."""
    yield hall
    if request.node.get_closest_marker("tampers") is None:
        assert await violations(hall) == []


async def violations(hall: Hall) -> list[str]:
    """What is wrong with an installation at rest."""
    await hall.drain()
    services = [one.service for one in hall.installation.process.running.values()]
    connection = await asyncpg.connect(hall.admin_url)
    try:
        return await invariants.broken(connection, services) + await invariants.chains(
            hall.installation.process.actions
        )
    finally:
        await connection.close()
