"""What every test may use, and what must be true after each one that drives the whole product."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests import invariants

if TYPE_CHECKING:
    from questhall.kernel.testing import Hall  # a plugin: pytest is to import it

pytest_plugins = ["questhall.kernel.testing"]


def pytest_configure(config: pytest.Config) -> None:
    """Says what a test may be marked with."""
    config.addinivalue_line("markers", "tampers: breaks an invariant on purpose: they are not looked at after it")


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
