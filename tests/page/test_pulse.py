"""A test is run again only when Chromium stopped drawing: what else fails has failed."""

from __future__ import annotations

from tests.page.conftest import Site, draws


async def test_a_page_that_draws_is_told_from_one_that_stopped(site: Site) -> None:
    page = await site.open()
    await page.goto("/sign-in")
    assert await draws(page)
    await page.evaluate("() => { window.requestAnimationFrame = () => 0; }")
    assert not await draws(page)
    await page.reload()
    await page.close()
    assert await draws(page), "a page that is closed says nothing about Chromium"
