"""A real Chromium against a real installation with the built page and the starter pack."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from questhall import starter
from questhall.gateway.page import FOLDER
from questhall.kernel.testing import Hall, HallUser, Servers, fresh_database, open_hall

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Headless Chromium without a GPU at times stops drawing for good (no frame in 30 s, on an idle page): it is started anew.

    Only a wait that timed out is tried again; an expectation that failed is a failure.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=2, only_rerun=["Locator.click: Timeout", "Page.goto: Timeout"]))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    assert executable, "Chromium is not installed: `make test` installs it"
    async with async_playwright() as playwright:
        with tempfile.TemporaryDirectory() as home:
            found = await playwright.chromium.launch(executable_path=executable, args=FLAGS, env={"HOME": home})
            yield found
            await found.close()


class Site:
    """The installation as a browser sees it."""

    def __init__(self, hall: Hall, url: str, browser: Browser) -> None:
        self.hall = hall
        self.url = url
        self._browser = browser
        self.problems: list[str] = []

    async def open(self, user: HallUser | None = None, *, dark: bool = False, width: int = 1280) -> Page:
        """A new page; signed in as a player."""
        context: BrowserContext = await self._browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            service_workers="block",
        )
        if user is not None:
            await context.add_cookies(
                [{"name": "session", "value": user.client.cookies["session"], "url": self.url, "httpOnly": True}]
            )
        page = await context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: self.problems.append(message.text) if "Content Security Policy" in message.text else None,
        )
        return page


@pytest.fixture
async def site(servers: Servers, migrated: tuple[str, Path], browser: Browser) -> AsyncIterator[Site]:
    """A fresh installation on a port of its own."""
    assert (FOLDER / "index.html").exists(), "the page was not built: `make test` builds it"
    template, data = migrated
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    async with fresh_database(servers.database, template=template) as url:
        public = f"http://localhost:{port}"
        async with open_hall(url, servers.redis, data, public_url=public, manual=False) as hall:
            await starter.install(hall.installation.process)
            config = uvicorn.Config(
                hall.installation.app, interface="asgi3", log_config=None, lifespan="off", ws="websockets-sansio"
            )
            server = uvicorn.Server(config)
            task = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            assert urlsplit(public).port == port
            yield Site(hall, public, browser)
            server.should_exit = True
            await task
