"""What is looked at on every route, in every form: several pages at once, since each mostly waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import product
from pathlib import Path

from playwright.async_api import Page, expect

from questhall.kernel.testing import HallUser
from tests.page.conftest import Site

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
WIDTHS = (1280, 390)
AT_ONCE = 4

Look = Callable[[Page, str], Awaitable[list[str]]]


async def axe(page: Page) -> list[str]:
    """What axe finds."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    return [
        f"{v['id']}: {node['target']} {node['failureSummary'][:200]}"
        for v in found["violations"]
        for node in v["nodes"]
    ]


async def whole(page: Page, route: str) -> list[str]:
    """Opens a route with all that can be unfolded: what axe finds, and whether anything is cut off."""
    await page.goto(route)
    await page.wait_for_load_state("networkidle")
    await expect(page.locator("h1").first).to_be_visible()
    for summary in await page.locator("main summary").all():
        await summary.click()
    return await now(page)


async def now(page: Page) -> list[str]:
    """What axe finds on a page as it is, and whether anything is cut off."""
    problems = await axe(page)
    wide = await page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    return problems if wide <= 0 else [*problems, f"{wide} px too wide"]


async def in_every_form(site: Site, visits: list[tuple[HallUser | None, list[str]]], look: Look = whole) -> list[str]:
    """What a look finds on each route, wide and narrow, in the light and in the dark."""
    room = asyncio.Semaphore(AT_ONCE)

    async def visit(user: HallUser | None, routes: list[str], width: int, dark: bool) -> list[str]:
        async with room:
            page = await site.open(user, dark=dark, width=width)
            found = [f"{route} at {width}, dark {dark}: {flaw}" for route in routes for flaw in await look(page, route)]
            await page.context.close()
            return found

    forms = product(visits, WIDTHS, (False, True))
    found = await asyncio.gather(*(visit(user, routes, width, dark) for (user, routes), width, dark in forms))
    return [flaw for flaws in found for flaw in flaws]
