"""A source of any JSON on the page: its mapping is written beside a sample, and what it brings is counted."""

from __future__ import annotations

import json

from playwright.async_api import Page, expect

from tests.integrations.test_json import MAPPING, Service
from tests.page.conftest import Site
from tests.page.looks import in_every_form, now, whole
from tests.page.test_manage import staff

BODY = {"n": 17, "who": {"mail": "wren@school"}, "done": {"title": "Loops", "minutes": 25}}


async def test_a_mapping_is_written_beside_a_sample_and_reads_what_comes(site: Site) -> None:
    mia, wren = await staff(site), await site.hall.user("wren")
    page = await site.open(mia)
    await page.goto("/manage/sources")
    await page.get_by_label("Kind of source").select_option("json")
    shown = page.get_by_role("region", name="What would be recorded")
    await expect(shown).to_contain_text("lesson.completed")
    await expect(shown).to_contain_text("wren@school")

    await page.get_by_label("A sample of what is sent").fill(json.dumps(BODY))
    await expect(shown).to_contain_text("look at what is marked above (3 places)")
    who = page.get_by_label("Who did it")
    await expect(who).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("it finds nothing here", exact=True).first).to_be_visible()
    await who.fill("who.mail")
    await page.get_by_label("The act's own id").fill("n")
    await page.get_by_label("Kind", exact=True).fill("lower(done)")
    await expect(page.get_by_text("there is no function lower")).to_be_visible()
    await page.get_by_label("Kind", exact=True).fill("'lesson.done'")
    await expect(shown).to_contain_text("1 act, as it comes from this sample.")
    await page.get_by_role("button", name="Remove attribute 2").press("Enter")
    await expect(page.get_by_role("button", name="Add an attribute")).to_be_focused()
    await page.get_by_label("Expression 1").fill("done.title")
    await expect(shown).to_contain_text("Loops")

    await page.get_by_label("Name", exact=True).fill("School")
    await page.get_by_label("Short name").fill("school")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.get_by_text("Secret: shown this once")).to_be_visible()
    secret = await page.locator("code").nth(1).inner_text()
    await mia.client.post("/sources/school/links", json={"account": "wren@school", "username": "wren"})
    bare = site.hall.client()
    bare.headers.pop("origin")
    bare.headers.pop("sec-fetch-site")
    assert (await Service(bare, secret).send(BODY)).json()["activities"] == 1
    await site.hall.drain()
    [told] = [event["data"] for event in await site.hall.log("activity.recorded")]
    assert (told["user_id"], told["kind"], told["external_id"], told["attributes"]) == (
        str(wren.user_id),
        "lesson.done",
        "json:school:17",
        {"title": "Loops"},
    )

    await page.get_by_role("link", name="To its deliveries").click()
    await expect(page.get_by_text("Lesson done")).to_be_visible()
    # From here by keyboard alone.
    await page.get_by_role("button", name="Add an attribute").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name 2")).to_be_focused()
    await page.keyboard.type("minutes")
    await page.keyboard.press("Tab")
    await page.keyboard.type("done.minutes")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Remove attribute 2")).to_be_focused()
    await page.get_by_label("Expression 2").press("Enter")
    await expect(page.get_by_text("Saved: what comes from now on is read by it.")).to_be_visible()
    assert (await mia.client.get("/sources/school")).json()["mapping"]["attributes"]["minutes"] == "done.minutes"
    # Somebody else saves meanwhile: nothing of theirs is overwritten.
    theirs = await mia.client.patch("/sources/school", json={"mapping": MAPPING}, headers={"if-match": '"2"'})
    assert theirs.status_code == 200
    await page.get_by_label("Expression 2").fill("done.length")
    await page.get_by_role("button", name="Save it").click()
    await expect(page.get_by_role("alert")).to_contain_text("Somebody else changed this")
    assert (await mia.client.get("/sources/school")).json()["mapping"]["account"] == MAPPING["account"]
    assert site.problems == []


async def test_the_editor_is_whole_in_every_form(site: Site) -> None:
    mia = await staff(site)
    made = await mia.client.post(
        "/sources", json={"slug": "school", "kind": "json", "name": "School", "mapping": MAPPING}
    )
    assert made.status_code == 201

    async def opened(page: Page, route: str) -> list[str]:
        flaws = await whole(page, route)
        if route == "/manage/sources":
            await page.get_by_label("Kind of source").select_option("json")
            await expect(page.get_by_role("region", name="What would be recorded")).to_contain_text("1 act")
            flaws += await now(page)
            await page.get_by_label("Who did it").fill("nobody" * 20)
            await expect(page.get_by_text("it finds nothing here", exact=True)).to_be_visible()
            flaws += await now(page)
        return flaws

    assert await in_every_form(site, [(mia, ["/manage/sources", "/manage/sources/school"])], opened) == []
    assert site.problems == []
