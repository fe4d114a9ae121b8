"""A new quest or badge that starts from a template: filled in by keyboard, under a name of its own, and saved whole."""

from __future__ import annotations

from playwright.async_api import Page, expect

from questhall import starter
from tests.page.conftest import Site
from tests.page.looks import axe
from tests.page.test_manage import staff
from tests.page.test_stories import quest_of


async def choose(page: Page, title: str) -> None:
    """Opens the dialog and takes a template, by keyboard alone."""
    await page.get_by_role("button", name="Start from a template").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Start from a template")
    wanted = dialog.get_by_role("button", name=title)
    await expect(wanted).to_be_visible()
    assert await axe(page) == []
    for _ in range(40):
        if await wanted.evaluate("(one) => one === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("status").filter(has_text=f"filled in from “{title}”")).to_be_visible()


async def test_a_quest_starts_from_a_template(site: Site) -> None:
    mia = await staff(site)
    page = await site.open(mia)
    await page.goto("/quests/new")
    await page.get_by_label("Title").fill("Something typed before")
    await choose(page, "Merge a pull request")
    await expect(page.get_by_label("Title")).to_be_focused()
    await expect(page.get_by_label("Short name")).to_have_value("merge-a-pull-request-2")
    await page.reload()
    await expect(page.get_by_label("Title")).to_have_value("Merge a pull request")
    await page.get_by_role("button", name="Start afresh").click()
    await expect(page.get_by_label("Title")).to_have_value("")
    await choose(page, "Merge a pull request")
    await page.keyboard.type("Merge one of ours")
    await expect(page.get_by_label("Short name")).to_have_value("merge-one-of-ours")
    await page.get_by_role("button", name="Save as a draft").click()
    await expect(page.get_by_role("heading", name="Merge one of ours", level=1)).to_be_visible()
    made = (await mia.client.get("/quests?status=draft")).json()["items"][0]
    assert made["slug"] == "merge-one-of-ours"
    template = await quest_of(site, mia, "merge-a-pull-request")
    own = {"id", "slug", "title", "status", "version", "edit", "mine"}
    assert {name: made[name] for name in made.keys() - own} == {name: template[name] for name in template.keys() - own}
    assert site.problems == []


async def test_a_badge_starts_from_a_template_also_a_secret_one(site: Site) -> None:
    mia = await staff(site)
    page = await site.open(mia, width=390, dark=True)
    for title, slug in (("Quest seeker", "quest-seeker-2"), ("Whirlwind", "whirlwind-2")):
        await page.goto("/badges/new")
        await choose(page, title)
        await expect(page.get_by_label("Name", exact=True).first).to_be_focused()
        await page.get_by_role("button", name="Save as a draft").click()
        await expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        drafts = (await mia.client.get("/achievements?status=draft&limit=100")).json()["items"]
        made = next(one for one in drafts if one["slug"] == slug)
        template = next(one for one in starter.pack("achievements") if one["name"] == title)
        assert made["requirements"] == template["requirements"]
        assert [tier["count"] for tier in made["tiers"]] == [tier["count"] for tier in template.get("tiers", [])]
    assert site.problems == []
