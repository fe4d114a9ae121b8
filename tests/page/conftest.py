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
from playwright.async_api import Error as PlaywrightError

from questhall import starter
from questhall.gateway.page import FOLDER
from questhall.kernel.testing import Hall, HallUser, Servers, fresh_database, open_hall
from tests.conftest import violations

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


DRAWS = """() => new Promise((done) => {
  requestAnimationFrame(() => done(true));
  setTimeout(() => done(false), 5000);
})"""


async def draws(page: Page) -> bool:
    """Whether the page still gets frames: within 5 s, on an idle machine within 20 ms."""
    try:
        return bool(await asyncio.wait_for(page.evaluate(DRAWS), 15))
    except TimeoutError:
        return False
    except PlaywrightError:  # It was closed, or is on its way elsewhere.
        return True


class Pulse:
    """Whether Chromium still drew at the end of the last test."""

    stopped = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Headless Chromium without a GPU at times stops drawing for good: then, and only then, a failed test runs again.

    That it stopped is measured at the end of the test, not guessed from the error: a page that draws and fails has failed.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=2, condition=lambda: Pulse.stopped))


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
        self.pages: list[Page] = []

    async def open(
        self,
        user: HallUser | None = None,
        *,
        dark: bool = False,
        width: int = 1280,
        workers: bool = False,
        motion: bool = False,
    ) -> Page:
        """A new page; signed in as a player. ``workers``: with the page's own service worker; ``motion``: it moves."""
        context: BrowserContext = await self._browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="no-preference" if motion else "reduce",
            service_workers="allow" if workers else "block",
        )
        if user is not None:
            name, value = user.cookie()
            await context.add_cookies([{"name": name, "value": value, "url": self.url, "httpOnly": True}])
        page = await context.new_page()
        self.pages.append(page)
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
                hall.installation.app,
                interface="asgi3",
                log_config=None,
                lifespan="off",
                ws="websockets-sansio",
                # As in the product: a browser that has stopped does not answer the end of its socket either.
                timeout_graceful_shutdown=1,
            )
            server = uvicorn.Server(config)
            task = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            assert urlsplit(public).port == port
            found = Site(hall, public, browser)
            yield found
            Pulse.stopped = not all([await draws(page) for page in found.pages if not page.is_closed()])
            server.should_exit = True
            await task
            assert await violations(hall) == []
