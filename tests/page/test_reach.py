"""Everything for everybody: by keyboard alone, with a thumb on a phone, by ear, with less motion."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from questhall.kernel.testing import PASSWORD
from tests.page.conftest import Site
from tests.page.looks import in_every_form
from tests.page.test_stories import ROUTES, give_look, quest_of

WORDS = """() => {
  const at = document.activeElement;
  return at && at !== document.body ? (at.getAttribute('aria-label') ?? '') + ' ' + (at.innerText ?? at.textContent ?? '') : '';
}"""


async def tab_to(page: Page, words: str, *, most: int = 90) -> None:
    """Presses Tab until the focus is on what says these words; each place on the way shows that it has the focus."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        said = re.sub(r"\s+", " ", await page.evaluate(WORDS)).strip()
        if words.lower() in said.lower():
            outlined = await page.evaluate(
                "() => { const style = getComputedStyle(document.activeElement);"
                " return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; }"
            )
            assert outlined, f"the focus on {words!r} is not seen"
            return
    raise AssertionError(f"Tab never came to {words!r}")


async def test_register_accept_complete_badge_wallet_and_why_by_keyboard_alone(site: Site) -> None:
    page = await site.open()
    await page.goto("/sign-up")
    await expect(page.get_by_label("Name in the hall")).to_be_visible()
    for text in ("wren", "wren@example.org", PASSWORD):
        while not await page.evaluate("() => document.activeElement instanceof HTMLInputElement"):
            await page.keyboard.press("Tab")
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=re.compile("Who are you"))).to_be_visible()
    await tab_to(page, "That's me")
    await page.keyboard.press("Enter")
    await tab_to(page, "Tap the egg")
    for _ in range(3):
        await page.keyboard.press("Enter")
    await tab_to(page, "Let's go")
    await page.keyboard.press("Enter")
    await tab_to(page, "To the camp")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Today's quests")).to_be_visible()
    await tab_to(page, "Quests")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Quests")).to_be_focused()
    await tab_to(page, "Say hello")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Say hello", exact=True)).to_be_focused()
    await tab_to(page, "Take this quest")
    await page.keyboard.press("Space")
    await expect(page.get_by_role("button", name="I did it", exact=True).first).to_be_visible()
    for _ in range(2):
        await tab_to(page, "I did it")
        await page.keyboard.press("Enter")
        await page.wait_for_timeout(700)
    await expect(page.get_by_text("Collected").first).to_be_visible()
    await page.goto("/badges")
    await expect(page.get_by_role("link", name="A new badge").first).to_be_visible()
    await tab_to(page, "A new badge")
    await page.keyboard.press("Enter")
    await tab_to(page, "Open it")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    await page.goto("/wallet")
    await expect(page.get_by_text("Say hello").first).to_be_visible()
    await tab_to(page, "Why? +20 coins, Say hello")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Why do I have this?")).to_be_focused()
    await expect(page.get_by_text("Say hello, version 1").first).to_be_visible()
    assert site.problems == []


# What can be pressed, how large it is, and whether something lies over its middle. Text links within a sentence may be smaller.
TARGETS = """() => {
  const found = [];
  for (const element of document.querySelectorAll('a[href], button, input, select, summary, [role=switch]')) {
    const box = (element.closest('label') ?? element).getBoundingClientRect();
    if (box.width < 2 || element.closest('.sr-only, .skip, dialog:not([open])')) continue;
    if (getComputedStyle(element).visibility === 'hidden') continue;
    const after = getComputedStyle(element, '::after');
    const stretched = after.position === 'absolute' && after.content !== 'none';
    const inText = element.tagName === 'A' && element.closest('p, li, dd');
    if (stretched || (inText && getComputedStyle(element).display === 'inline')) continue;
    const words = (element.textContent || element.ariaLabel || '').trim().slice(0, 30);
    if (box.height < 43.5 || box.width < 24)
      found.push(`${element.tagName} "${words}" ${Math.round(box.width)}x${Math.round(box.height)}`);
  }
  return found;
}"""


async def test_what_can_be_pressed_is_44_px_high(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    quest = await quest_of(site, wren, "read-20-pages")

    async def small(page: Page, route: str) -> list[str]:
        await page.goto(route)
        await page.wait_for_load_state("networkidle")
        return list(await page.evaluate(TARGETS))

    found = await in_every_form(site, [(wren, [*ROUTES, f"/quests/{quest['id']}"])], small)
    assert found == [], "\n".join(found)


async def test_on_a_phone_nothing_ends_under_the_bar(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren, width=390)
    for route in ROUTES:
        await page.goto(route)
        await page.wait_for_load_state("networkidle")
        await page.evaluate("() => window.scrollTo(0, document.documentElement.scrollHeight)")
        end, bar = await page.evaluate(
            """() => {
              const boxes = [...document.querySelectorAll('main *')].map((one) => one.getBoundingClientRect());
              const end = Math.max(...boxes.filter((box) => box.width > 1).map((box) => box.bottom));
              return [end, document.querySelector('nav').getBoundingClientRect().top];
            }"""
        )
        assert end <= bar, f"{route} ends {end - bar:.0f} px under the bar"


@pytest.mark.parametrize("width", [1280, 390])
async def test_toasts_leave_the_purse_in_view_and_are_said(site: Site, width: int) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    quest = await quest_of(site, wren, "say-hello")
    page = await site.open(wren, width=width)
    await page.goto("/")
    await page.wait_for_load_state("networkidle")
    region = page.get_by_role("region", name="News")
    await expect(region).to_have_attribute("aria-live", "polite")
    for objective in quest["objectives"]:
        await wren.client.post(f"/quests/{quest['id']}/complete", json={"objective": objective["id"]})
    toast = page.locator("[data-toast]").first
    await expect(toast).to_be_visible()
    await expect(region).to_contain_text("Quest done: Say hello")
    await expect(page.locator("[data-toast] svg").first).to_be_visible()
    purse = await page.locator(".purse").bounding_box()
    assert purse is not None
    for found in await page.locator("[data-toast]").all():
        box = await found.bounding_box()
        assert box is None or box["y"] >= purse["y"] + purse["height"], "a toast lies over the purse"
    assert site.problems == []


async def test_nothing_interrupts_one_who_types(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    quest = await quest_of(site, wren, "say-hello")
    page = await site.open(wren)
    await page.goto("/quests")
    search = page.get_by_role("searchbox", name="Search quests")
    await search.focus()
    await page.wait_for_load_state("networkidle")
    for objective in quest["objectives"]:
        await wren.client.post(f"/quests/{quest['id']}/complete", json={"objective": objective["id"]})
    # The purse has it, so the event has come; the words wait.
    await expect(page.locator('[data-purse="coins"]')).to_contain_text("20")
    assert await page.locator("[data-toast]").count() == 0
    await search.blur()
    await expect(page.locator("[data-toast]").first).to_be_visible()


async def test_less_motion_is_no_motion(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    running = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
    for motion, moves in ((True, True), (False, False)):
        page = await site.open(wren, motion=motion)
        await page.goto("/")
        await expect(page.locator(".pet").first).to_be_visible()
        await page.wait_for_timeout(300)
        assert (await page.evaluate(running) > 0) is moves
        await page.context.close()
