"""What a player waits for: the largest paint of each route, and what a press takes, on a processor a quarter as fast."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from bench.servers import up
from bench.toasts import FLAGS, sign_in

THROTTLE = 4
LOADS = 5
PRESSES = 5
ROUTES = ["/", "/quests", "/badges", "/wallet", "/history", "/settings"]
PRESSED = ["Quests", "Badges", "Wallet", "Camp"]
WATCH = """() => {
  window.paint = 0; window.presses = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.paint = entry.startTime;
  }).observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.interactionId) window.presses.push(entry.duration);
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });
}"""


def run() -> dict[str, float | str]:
    """Milliseconds: the largest paint by route (median of cold loads), and presses."""
    with up() as installation:
        installation.token("wren")
        return asyncio.run(_measure(installation))


async def _measure(installation: Any) -> dict[str, float | str]:
    found: dict[str, float | str] = {}
    async with async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS, env={"HOME": tempfile.mkdtemp()}
        )
        context = await browser.new_context(base_url=installation.url)
        page = await context.new_page()
        await sign_in(page, "wren")
        state = await context.storage_state()
        for route in ROUTES:
            paints = [await _load(browser, installation.url, state, route) for _ in range(LOADS)]
            found[f"largest paint {route} ms"] = statistics.median(paints)
        presses = await _press(await _slow(browser, installation.url, state))
        found["press p50 ms"], found["press worst ms"] = statistics.median(presses), max(presses)
        await browser.close()
    return found


async def _slow(browser: Browser, url: str, state: Any) -> Page:
    context = await browser.new_context(base_url=url, storage_state=state, service_workers="block")
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
    await page.add_init_script(f"({WATCH})()")
    return page


async def _load(browser: Browser, url: str, state: Any, route: str) -> float:
    page = await _slow(browser, url, state)
    await page.goto(route)
    await page.locator("main h1").first.wait_for()
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(1000)
    paint = await page.evaluate("() => window.paint")
    await page.context.close()
    return float(paint)


async def _press(page: Page) -> list[float]:
    await page.goto("/")
    await page.wait_for_load_state("networkidle")
    for _ in range(PRESSES):
        for name in PRESSED:
            await page.get_by_role("link", name=name, exact=True).first.click()
            await page.wait_for_load_state("networkidle")
            await page.wait_for_timeout(200)
    # What took less than 16 ms is not told: each press is one of three events at least.
    presses = [float(press) for press in await page.evaluate("() => window.presses")]
    return presses or [16.0]
