"""What somebody meets in their first minutes, in Chromium."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from questhall import starter
from tests.page.conftest import Site
from tests.page.test_stories import give_look

LONG = "Stars of the very long and winding road of summer"


async def test_the_first_quest_can_be_done_at_once(site: Site) -> None:
    wren = await site.hall.user("wren")
    page = await site.open(wren)
    await page.goto("/welcome")
    await page.get_by_role("button", name="That's me").click()
    for _ in range(3):
        await page.get_by_role("button", name="Tap the egg").click()
    await page.get_by_role("button", name="Let's go").click()
    await expect(page.get_by_text("within two minutes")).to_be_visible()
    await expect(
        page.get_by_role("link", name="Say hello").or_(page.get_by_role("link", name="Look around"))
    ).to_be_visible()


async def test_the_hero_offers_what_can_be_done_at_once(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren)
    await page.goto("/")
    await expect(page.locator("#hero-title")).to_have_text("Ember found a new trail: Say hello")


@pytest.mark.parametrize(
    ("address", "back", "to"),
    [
        ("/quests/01a20000-0000-7000-8000-000000000001", "To the quest board", "/quests"),
        ("/quests/nothing-of-this-name", "To the quest board", "/quests"),
        ("/badges/01a20000-0000-7000-8000-000000000002", "To the badges", "/badges"),
        ("/badges/nothing-of-this-name", "To the badges", "/badges"),
        ("/players/nobody", "Back to the camp", "/"),
        ("/no/such/place", "Back to the camp", "/"),
    ],
)
async def test_an_address_that_leads_nowhere_says_so(site: Site, address: str, back: str, to: str) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren)
    await page.goto(address)
    await expect(page.get_by_role("heading", name="No trail leads here", level=1)).to_be_visible()
    await expect(page.get_by_role("link", name="Quests", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    await expect(page.get_by_role("link", name=back)).to_have_attribute("href", to)


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_currency_of_later_has_its_name_and_a_long_one_breaks_nothing(site: Site, width: int) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    ada = await site.hall.user("ada", role="admin")
    made = await ada.client.post("/admin/currencies", json={"code": "xss", "name": LONG, "icon": "rainbow"})
    assert made.status_code == 201, made.text
    gift = {"username": "wren", "currency": "xss", "amount": 1, "reason": "a sunny day"}
    given = await ada.client.post("/admin/transactions", json=gift, headers={"idempotency-key": "k"})
    assert given.status_code == 201, given.text
    page = await site.open(wren, width=width)
    await page.goto("/wallet")
    row = page.get_by_role("list", name="Movements, newest first").get_by_role("listitem").first
    await expect(row).to_contain_text(f"+1 {LONG}")
    await expect(page.get_by_role("listitem").filter(has_text=LONG).last).to_be_visible()
    title = await page.get_by_role("heading", name="What came and went").bounding_box()
    shown = await page.get_by_role("combobox").bounding_box()
    assert title
    assert shown
    assert title["width"] > 120, "the heading keeps its place beside the list"
    assert shown["width"] <= 210
    assert await page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0


async def test_the_address_of_each_badge_is_a_picture_also_of_an_authors(site: Site) -> None:
    wren, mia = await site.hall.user("wren"), await site.hall.user("mia", role="manager")
    await give_look(wren)
    for icon in ("whale-tail", "no-such-emblem"):
        own = {"slug": icon, "name": icon, "icon": icon, "rarity": "epic", "requirements": {"level": 2}}
        made = await mia.client.post("/achievements", json=own)
        assert made.status_code == 201, made.text
        published = await mia.client.post(f"/achievements/{made.json()['id']}/publish", headers={"if-match": '"1"'})
        assert published.json()["icon_url"] == f"/badges/epic/{icon}.svg", published.text
    badges = (await wren.client.get("/achievements?limit=100")).json()["items"]
    assert len(badges) == len(starter.pack("achievements")) + 2
    page = await site.open(wren)
    await page.goto("/credits")
    hidden = next(badge for badge in starter.pack("achievements") if badge.get("secret"))
    assert "/badges/secret.svg" in {badge["icon_url"] for badge in badges}
    for address in [f"/badges/{hidden['rarity']}/{hidden['icon']}.svg", *(badge["icon_url"] for badge in badges)]:
        answer = await page.request.get(address)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml"), address
        width = await page.evaluate(
            "(src) => new Promise((done) => { const image = new Image(); image.onload = () => done(image.naturalWidth);"
            " image.onerror = () => done(0); image.src = src; })",
            address,
        )
        assert width == 200, f"{address} is no picture that a browser shows"


@pytest.mark.parametrize("name", ["W", "Wren", "wren fields", "w" * 33, "wrén"])
async def test_a_name_against_the_rule_is_not_sent(site: Site, name: str) -> None:
    page = await site.open()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.goto("/sign-up")
    field = page.get_by_label("Name in the hall")
    await expect(page.get_by_text("2 to 32 of a to z, 0 to 9, _ and -")).to_be_visible()
    await field.press_sequentially(name)
    await page.get_by_label("E-mail").fill("wren@example.org")
    await page.get_by_label("Password").fill("a long enough sentence")
    if len(name) > 32:
        await expect(field).to_have_value(name[:32])
        return
    await page.get_by_role("button", name="Sign up").click()
    assert not await field.evaluate("(field) => field.checkValidity()")
    assert [url for url in sent if "/auth/" in url] == []


async def test_confetti_of_a_level_lies_behind_the_words(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    ada = await site.hall.user("ada", role="admin")
    page = await site.open(wren, motion=True)
    await page.goto("/wallet")
    await expect(page.get_by_text("Level 1", exact=True).first).to_be_visible()
    await page.wait_for_timeout(1_000)
    gift = {"username": "wren", "currency": "xp", "amount": 500, "reason": "a sunny day"}
    await ada.client.post("/admin/transactions", json=gift, headers={"idempotency-key": "k"})
    await page.locator(".scene > .confetti").wait_for(state="attached")
    depths = await page.locator(".scene > *").evaluate_all(
        "(all) => all.map((one) => [one.className, Number(getComputedStyle(one).zIndex)])"
    )
    confetti = [depth for name, depth in depths if name == "confetti"]
    words = [depth for name, depth in depths if name not in ("confetti", "scene-light")]
    assert len(words) >= 5
    assert max(confetti) < min(words), depths
