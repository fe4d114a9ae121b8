"""What a player waits for: nothing jumps while it comes, the tab is named, and no connection is said plainly."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Route, expect

from questhall.kernel.testing import HallUser
from tests.page.conftest import Site
from tests.page.looks import WIDTHS
from tests.page.test_stories import ROUTES, give_look, quest_of

SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput)
      window.shifts.push([entry.value, entry.sources.map(({ node, previousRect: was, currentRect: is }) =>
        `${node?.nodeName ?? '?'}.${node?.className ?? ''} ${was.y},${was.height} -> ${is.y},${is.height}`)]);
  }).observe({ type: 'layout-shift', buffered: true });
}"""
MOST = 0.1


async def slowly(page: Page) -> None:
    """Answers of the API come late, as over a telephone: the page stands before them, and each comes on its own."""

    async def late(route: Route) -> None:
        await page.wait_for_timeout(60 * (1 + len(route.request.url) % 5))
        await route.continue_()

    await page.route("**/api/v1/**", late)


async def jumps(site: Site, user: HallUser, route: str, width: int) -> list[str]:
    """How much moved that nobody touched, on a cold load: nothing is kept of the route before."""
    page = await site.open(user, width=width)
    await page.add_init_script(f"({SHIFTS})()")
    await slowly(page)
    await page.goto(route)
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(300)
    shifts = await page.evaluate("() => window.shifts")
    await page.context.close()
    total = sum(value for value, _ in shifts)
    return [f"{route} at {width} {total:.3f}: {shifts}"] if total >= MOST else []


async def test_nothing_jumps_while_a_page_comes(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    quest = await quest_of(site, wren, "say-hello")
    for objective in quest["objectives"]:
        await wren.client.post(f"/quests/{quest['id']}/complete", json={"objective": objective["id"]})
    await site.hall.drain()
    badge = (await wren.client.get("/achievements")).json()["items"][0]["id"]
    here = [route for route in ROUTES if route not in ("/welcome", "/credits")]
    found: list[str] = []
    for route in [*here, f"/quests/{quest['id']}", f"/badges/{badge}"]:
        for of_width in await asyncio.gather(*(jumps(site, wren, route, width) for width in WIDTHS)):
            found += of_width
    assert found == [], "\n".join(found)


async def test_no_address_is_read_twice(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)
    found: dict[str, list[str]] = {}
    for route in ROUTES:
        await page.goto(route)
        await expect(page.locator(".live-pill")).to_have_attribute("data-connection", "live")
        await page.wait_for_load_state("networkidle")
        # A tab that was here before knows where it heard up to: nothing is read again for what came in between.
        asked.clear()
        await page.reload()
        await expect(page.locator(".live-pill")).to_have_attribute("data-connection", "live")
        await page.wait_for_load_state("networkidle")
        assert asked, route
        # By path: what the shell asks for ahead has to be what the page then reads, to the last word of it.
        paths = [urlsplit(url).path for url in asked]
        found[route] = [url for url, path in zip(asked, paths, strict=True) if paths.count(path) > 1]
    assert {route: urls for route, urls in found.items() if urls} == {}


async def test_a_press_is_answered_before_the_page_it_asks_for_is_drawn(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren)
    await page.goto("/")
    # Once there and back: nothing is loaded any more, and the router would draw the page with the press itself.
    link, heading = page.get_by_role("link", name="Quests", exact=True).first, page.locator("main h1")
    await link.click()
    await expect(heading).to_have_text("Quests")
    await page.get_by_role("link", name="Camp", exact=True).first.click()
    await expect(heading).to_contain_text("Ember found a new trail")
    before = await heading.inner_text()
    pressed = await link.evaluate(
        """(link) => new Promise((done) => {
          link.click();
          setTimeout(() => done([link.ariaCurrent, document.querySelector("main h1").textContent]));
        })"""
    )
    assert pressed == ["page", before]
    await expect(heading).to_have_text("Quests")


async def test_the_tab_is_named_by_where_one_is(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    quest = await quest_of(site, wren, "say-hello")
    page = await site.open(wren)
    await slowly(page)
    await page.goto("/")
    await expect(page).to_have_title("Camp · Questhall")
    await page.get_by_role("link", name="Quests", exact=True).first.click()
    await expect(page).to_have_title("Quests · Questhall")
    await page.goto(f"/quests/{quest['id']}")
    await expect(page).to_have_title("Say hello · Questhall")


async def test_offline_is_said_and_what_is_pressed_is_refused_in_words(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    quest = await quest_of(site, wren, "say-hello")
    page = await site.open(wren)
    await page.goto(f"/quests/{quest['id']}")
    take = page.get_by_role("button", name="Take this quest")
    await expect(take).to_be_enabled()
    await page.context.set_offline(True)
    note = page.get_by_role("status").filter(has_text="You are offline")
    await expect(note).to_contain_text("stays here to read")
    await take.click()
    await expect(page.get_by_role("alert")).to_contain_text("offline")
    await expect(page.get_by_role("heading", name="Say hello", exact=True)).to_be_visible()
    await page.context.set_offline(False)
    await expect(note).to_have_count(0)
    await take.click()
    await expect(page.get_by_role("button", name="I did it", exact=True).first).to_be_visible()
    assert site.problems == []


@pytest.mark.parametrize(
    ("route", "read"),
    [("/quests", "quests"), ("/badges", "achievements"), ("/wallet", "me/transactions"), ("/history", "me/history")],
)
async def test_what_did_not_come_is_said_and_asked_for_again(site: Site, route: str, read: str) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren)
    broken = re.compile(rf"/api/v1/{read}(\?|$)")

    async def fail(found: Route) -> None:
        await found.fulfill(status=503, content_type="application/problem+json", body='{"title":"Down","status":503}')

    await page.route(broken, fail)
    await page.goto(route)
    trouble = page.get_by_role("alert").first
    await expect(trouble).to_contain_text("catching its breath", timeout=10_000)
    again = trouble.get_by_role("button", name="Try again")
    await expect(again).to_be_visible()
    await page.unroute(broken)
    await again.click()
    await expect(trouble).to_have_count(0)
    assert site.problems == []
