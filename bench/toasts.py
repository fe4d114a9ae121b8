"""One lone activity: from ingest answered to the toast on the page, in Chromium."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from typing import Any

import httpx
from playwright.async_api import Page, async_playwright

from bench.cascades import prepare, signed
from bench.servers import up

ROUNDS = 60
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# The moment at which a toast stands in the document, on the clock that Python's time.time() reads.
WATCH = """() => {
  window.seen = [];
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes)
      if (node instanceof Element && (node.matches('[data-toast]') || node.querySelector('[data-toast]')))
        window.seen.push((performance.timeOrigin + performance.now()) / 1000);
  }).observe(document.body, { childList: true, subtree: true });
}"""
CLOSE = """() => {
  for (const one of document.querySelectorAll('dialog[open] button, [data-toast] button[aria-label^="Close"]')) one.click();
}"""


def run() -> dict[str, float | str]:
    """Milliseconds, p50 and p99."""
    with up("--empty") as installation:
        return asyncio.run(_measure(installation))


async def _measure(installation: Any) -> dict[str, float | str]:
    async with (
        httpx.AsyncClient(base_url=f"{installation.url}/api/v1", timeout=30) as client,
        async_playwright() as play,
    ):
        world = await prepare(installation, client, players=1)
        browser = await play.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS, env={"HOME": tempfile.mkdtemp()}
        )
        page = await (await browser.new_context(base_url=installation.url)).new_page()
        await sign_in(page, world.logins[0])
        await page.evaluate(WATCH)
        took: list[float] = []
        for number in range(ROUNDS):
            body, headers = signed(world, 0, number)
            answer = await client.post("/ingest/bench", content=body, headers=headers)
            answered = time.time()
            assert answer.status_code == 202, answer.text
            await page.wait_for_function("(n) => window.seen.length > n", arg=len(took))
            seen = await page.evaluate("() => { const seen = window.seen[window.seen.length - 1]; return seen; }")
            took.append((seen - answered) * 1000)
            # The next is a lone one too: what celebrates this one is closed, and two seconds have passed.
            await page.wait_for_timeout(2100)
            await page.evaluate(CLOSE)
            await page.evaluate("(n) => { window.seen.length = n; }", len(took))
        await browser.close()
    took.sort()
    return {
        "answered to toast p50 ms": statistics.median(took),
        "answered to toast p99 ms": took[int(len(took) * 0.99)],
    }


async def sign_in(page: Page, name: str) -> None:
    """Signs a player in who has never been here, and waits for the camp."""
    await page.goto("/sign-in")
    await page.get_by_label("Name").first.fill(name)
    await page.get_by_label("Password").fill("correct horse battery")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="That's me").click()
    # Saved, before the page is left: on a busy machine that takes its time.
    await page.get_by_role("button", name="Tap the egg").wait_for()
    await page.goto("/")
    await page.get_by_role("heading", name="Today's quests").wait_for()
    await page.wait_for_load_state("networkidle")
