"""Badges on the page: the past is counted, a hand gives and takes, what is shown first, who has the rarest."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Locator, Page, Request, Route, expect

from questhall.contracts.achievements import Achievements
from questhall.contracts.identity import Identity
from questhall.kernel.testing import PASSWORD, HallUser
from questhall.services.identity.actions.sign_up import NewUser
from tests.page.conftest import Site
from tests.page.looks import axe, in_every_form, now
from tests.page.test_manage import staff
from tests.page.test_stories import give_look
from tests.quests.test_quests import did

PARTY = {"event": "activity.recorded", "where": "data.kind == 'acme.party'", "count": 3}
EARLY = {"slug": "early", "name": "Early bird", "requirements": PARTY, "xp_reward": 25}
KIND: dict[str, Any] = {"slug": "kind", "name": "Kind heart", "requirements": {"manual": True}, "xp_reward": 30}


async def publish(author: HallUser, definition: dict[str, Any]) -> UUID:
    made = await author.client.post("/achievements", json=definition)
    assert made.status_code == 201, made.text
    done = await author.client.post(f"/achievements/{made.json()['id']}/publish")
    assert done.status_code == 200, done.text
    return UUID(made.json()["id"])


async def give(author: HallUser, badge: UUID, username: str) -> None:
    body = {"username": username, "reason": "helped a newcomer"}
    answer = await author.client.post(f"/achievements/{badge}/award", json=body)
    assert answer.status_code == 201, answer.text


async def party(site: Site, user: HallUser, times: int) -> None:
    await site.hall.record("integrations", *(did(user, "acme.party", at=site.hall.clock.now()) for _ in range(times)))


# What happened before


async def run(site: Site) -> None:
    await site.hall.run_job(Achievements, "background")


async def test_a_badge_counts_what_happened_before_and_who_comes_back_finds_it_again(site: Site) -> None:
    mia, wren = await staff(site), await site.hall.user("wren")
    await party(site, wren, 3)
    page = await site.open(mia)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.url.endswith("/backfill") else None)
    progress = page.get_by_role("progressbar", name="Counting what happened before")
    badge = await publish(mia, EARLY)
    await page.goto(f"/badges/{badge}")
    await page.get_by_role("button", name="Count what happened before").click()
    await expect(progress).to_be_visible()
    await page.get_by_role("link", name="All badges").click()
    await expect(page.get_by_role("heading", name="Badges", level=1)).to_be_visible()
    await expect(progress).to_be_hidden()
    await page.reload()
    await page.goto(f"/badges/{badge}")
    await expect(progress).to_be_visible()
    await expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    assert await axe(page) == []
    await run(site)
    await expect(page.get_by_text("3 acts looked at, 1 badge awarded")).to_be_visible(timeout=10_000)
    await expect(page.get_by_role("button", name="Count again")).to_be_visible()
    assert len(asked) == 1, "it was found again, not asked for again"
    await site.hall.drain()
    history = [line["text"] for line in (await wren.client.get("/me/history?limit=100")).json()["items"]]
    assert "You earned the badge “Early bird”" in history
    assert site.problems == []


async def test_why_a_count_stopped_is_said_and_every_author_sees_the_one_under_way(site: Site) -> None:
    mia, max_ = await staff(site), await staff(site, name="max")
    page, other = await site.open(mia), await site.open(max_)
    badge = await publish(mia, EARLY)
    for one in (page, other):
        await one.goto(f"/badges/{badge}")
        await one.get_by_role("button", name="Count what happened before").click()
        await expect(one.get_by_text("Waiting for its turn")).to_be_visible()
    await page.get_by_role("button", name="Archive").click()
    await page.get_by_role("dialog").get_by_role("button", name="Archive it").click()
    await expect(page.get_by_text("Archived, version 1")).to_be_visible()
    await run(site)
    await expect(page.get_by_role("alert")).to_have_text(
        "It stopped: There is no such badge, it can't be earned any longer. What was counted stays counted.",
        timeout=10_000,
    )
    assert site.problems == []


# By hand


async def by_hand(page: Page, label: str, fields: dict[str, str]) -> Locator:
    """Opens a sheet unless it is open, fills it in, and sends it."""
    sheet = page.get_by_role("dialog", name=label)
    if not await sheet.is_visible():
        await page.get_by_role("button", name=label).click()
    for name, text in fields.items():
        await sheet.get_by_label(name).fill(text)
    await sheet.get_by_role("button", name="it").click()
    return sheet


async def test_a_badge_is_given_by_hand_and_taken_back_and_its_holder_reads_why(site: Site) -> None:
    mia, wren = await staff(site), await site.hall.user("wren")
    for user in (wren, await site.hall.user("ben")):
        await give_look(user)
    badge = await publish(mia, KIND)
    page, theirs = await site.open(mia), await site.open(wren)
    await theirs.goto(f"/badges/{badge}")
    await expect(theirs.get_by_text("Not yet.").or_(theirs.get_by_text("0/1"))).to_be_visible()
    await page.goto(f"/badges/{badge}")
    await expect(page.get_by_text("What happened before")).to_be_hidden()
    sheet = await by_hand(page, "Give by hand", {"Player": "nobody-here", "Reason": "helped a newcomer"})
    await expect(sheet.get_by_text("There is no player of this name")).to_be_visible()
    assert await axe(page) == []

    async def lose(route: Route) -> None:
        await route.fetch()  # it is given
        await route.abort()

    await page.route("**/award", lose, times=1)
    await by_hand(page, "Give by hand", {"Player": "wren"})
    await expect(sheet.get_by_role("alert")).to_contain_text("it may have arrived or not")
    # Closed, opened and sent again, it is the same gift.
    await page.keyboard.press("Escape")
    await by_hand(page, "Give by hand", {"Player": "wren", "Reason": "helped a newcomer"})
    await expect(page.get_by_role("status").filter(has_text="wren has it now.")).to_be_visible()
    await by_hand(page, "Give by hand", {"Player": "wren", "Reason": "helped another"})
    await expect(sheet.get_by_role("alert")).to_have_text("wren has it already.")
    await page.keyboard.press("Escape")

    # It comes by itself on the other page.
    await theirs.get_by_role("button", name="Open it").click()
    await expect(theirs.get_by_text("Given by hand: helped a newcomer")).to_be_visible()
    await theirs.get_by_role("link", name="Why?").click()
    await expect(theirs.get_by_text("by hand: helped a newcomer")).to_be_visible()
    await theirs.go_back()

    sheet = await by_hand(page, "Take back", {"Player": "ben", "Reason": "a mistake"})
    await expect(sheet.get_by_role("alert")).to_have_text("ben does not have it.")
    await by_hand(page, "Take back", {"Player": "wren"})
    await expect(page.get_by_role("status").filter(has_text="It was taken back from wren.")).to_be_visible()
    await expect(theirs.get_by_text("Given by hand: helped a newcomer")).to_be_hidden()
    await site.hall.drain()
    lines = {line["text"]: line["detail"] for line in (await wren.client.get("/me/history")).json()["items"]}
    assert lines["You were given the badge “Kind heart”"] == "by hand: helped a newcomer"
    assert lines["The badge “Kind heart” was taken back"] == "a mistake"
    assert site.problems == []


@pytest.mark.parametrize("secret", [False, True])
async def test_a_tier_is_given_by_hand(site: Site, secret: bool) -> None:
    mia, wren = await staff(site), await site.hall.user("wren")
    tiers = [{"name": name, "count": n, "xp_reward": n} for name, n in (("bronze", 1), ("gold", 3))]
    badge = await publish(mia, {**EARLY, "tiers": tiers, "secret": secret})
    page = await site.open(mia)
    await page.goto(f"/badges/{badge}")
    await page.get_by_role("button", name="Give by hand").click()
    await page.get_by_role("dialog", name="Give by hand: Early bird").get_by_label("Tier").select_option(label="Gold")
    await by_hand(page, "Give by hand", {"Player": "wren", "Reason": "for the party"})
    await expect(page.get_by_role("status").filter(has_text="wren has gold of it now.")).to_be_visible()
    mine = (await wren.client.get(f"/achievements/{badge}")).json()["mine"]
    assert [award["tier"] for award in mine["awards"]] == ["gold"]
    player = await site.open(wren)
    await player.goto(f"/badges/{badge}")
    await expect(player.get_by_role("button", name="Open it")).to_be_visible()
    await expect(player.get_by_role("button", name="Give by hand")).to_be_hidden()
    assert site.problems == []


# Shown first


async def with_badges(site: Site, count: int) -> tuple[HallUser, Page]:
    """A player who was given some badges, ``Kind 1`` and on, on their own profile."""
    mia, wren = await staff(site), await site.hall.user("wren")
    await give_look(wren)
    for n in range(1, count + 1):
        await give(mia, await publish(mia, {**KIND, "slug": f"kind-{n}", "name": f"Kind {n}"}), "wren")
    await site.hall.drain()
    page = await site.open(wren)
    await page.goto("/players/wren")
    return wren, page


async def expect_first(page: Page, *names: str) -> None:
    """What a profile shows first, in its order."""
    first = page.get_by_role("list", name="Shown first").get_by_role("listitem")
    await expect(first).to_have_text([re.compile(f"^{name}") for name in names])


def rows_of(page: Page) -> Locator:
    return page.get_by_role("list", name="In this order").get_by_role("listitem")


async def test_what_is_shown_first_is_chosen_and_put_in_order_by_keyboard(site: Site) -> None:
    _, page = await with_badges(site, 7)
    await page.get_by_role("button", name="Choose what is shown first").focus()
    await page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Shown first")
    for n in (1, 2, 3):
        await sheet.get_by_role("button", name=f"Kind {n}", exact=True).focus()
        await page.keyboard.press("Space")
    said = sheet.get_by_role("status")
    await expect(said).to_have_text("Kind 3 is shown, as number 3")
    up = sheet.get_by_role("button", name="Move Kind 3 up")
    await up.focus()
    for place in (2, 1, 1):
        await page.keyboard.press("Enter")
        await expect(said).to_have_text(f"Kind 3 is {place} of 3")
        await expect(up).to_be_focused()
    await sheet.get_by_role("button", name="Move Kind 1 down").focus()
    await page.keyboard.press("Enter")
    await expect(rows_of(page)).to_have_text(["Kind 3", "Kind 2", "Kind 1"])
    assert await axe(page) == []
    for n in (4, 5, 6):
        await sheet.get_by_role("button", name=f"Kind {n}", exact=True).click()
    await expect(sheet.get_by_role("button", name="Kind 7", exact=True)).to_be_disabled()
    for n in (4, 5, 6):
        await sheet.get_by_role("button", name=f"Kind {n}", exact=True).click()
    await sheet.get_by_role("button", name="Save").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    await expect_first(page, "Kind 3", "Kind 2", "Kind 1")
    others = page.get_by_role("list", name="Other badges").get_by_role("listitem")
    await expect(others).to_have_count(4)
    visitor = await site.open(await site.hall.user("ben"))
    await visitor.goto("/players/wren")
    await expect_first(visitor, "Kind 3", "Kind 2", "Kind 1")
    await expect(visitor.get_by_role("button", name="Choose what is shown first")).to_be_hidden()
    assert site.problems == []


async def drag(page: Page, x: float, start: float, end: float, *, touch: bool) -> None:
    """From one height to another, with the mouse or with a finger."""
    heights = [start + (end - start) * step / 8 for step in range(9)]
    if not touch:
        await page.mouse.move(x, start)
        await page.mouse.down()
        for y in heights:
            await page.mouse.move(x, y)
        await page.mouse.up()
        return
    finger = await page.context.new_cdp_session(page)
    for number, y in enumerate(heights):
        kind = "touchMove" if number else "touchStart"
        await finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    await finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.parametrize("width", [1280, 390])
async def test_what_is_shown_first_is_put_in_order_by_dragging(site: Site, width: int) -> None:
    wren, page = await with_badges(site, 4)
    ids = {item["name"]: item["id"] for item in (await wren.client.get("/users/wren/achievements")).json()["items"]}
    chosen = {"achievement_ids": [ids[f"Kind {n}"] for n in (1, 2, 3)]}
    assert (await wren.client.put("/me/showcase", json=chosen)).status_code == 200
    await page.set_viewport_size({"width": width, "height": 844})
    await page.reload()
    await page.get_by_role("button", name="Choose what is shown first").click()
    rows = rows_of(page)
    await expect(rows).to_have_count(3)
    first, last = await rows.first.bounding_box(), await rows.last.bounding_box()
    assert first
    assert last
    x, start, end = first["x"] + 24, first["y"] + first["height"] / 2, last["y"] + last["height"] - 4
    await drag(page, x, start, end, touch=width == 390)
    await expect(rows_of(page)).to_have_text(["Kind 2", "Kind 3", "Kind 1"])
    await expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("Kind 1 is 3 of 3")
    # Let go of, it stays where it is.
    await page.mouse.move(x, start, steps=3)
    await expect(rows_of(page)).to_have_text(["Kind 2", "Kind 3", "Kind 1"])
    assert await now(page) == []
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    await expect_first(page, "Kind 2", "Kind 3", "Kind 1")
    assert site.problems == []


# The rare board


async def tell_board(site: Site) -> None:
    await site.hall.run_job(Achievements, "count_holders")


async def test_the_rare_board_ranks_players_and_marks_ones_own_place_further_down(site: Site) -> None:
    mia = await staff(site)
    page = await site.open(mia)
    await page.goto("/badges")
    await page.get_by_role("link", name="Rare board").click()
    await expect(page.get_by_text("Nobody stands here yet")).to_be_visible()
    assert await now(page) == []
    common = await publish(mia, KIND)
    epic = await publish(mia, {**KIND, "slug": "epic", "name": "Epic", "rarity": "epic"})
    for n in range(26):
        name = f"player-{n:02}"
        # Past the gateway, which lets an address register so many and then waits.
        await site.hall.actions(Identity).register(
            NewUser(username=name, email=f"{name}@example.org", password=PASSWORD, timezone="UTC")
        )
        await give(mia, common, name)
    wren = await site.hall.user("wren")
    await give_look(wren)
    for badge in (common, epic):
        await give(mia, badge, "wren")
    await tell_board(site)
    await page.reload()
    rows = page.get_by_role("list").and_(page.locator(".board")).first.get_by_role("listitem")
    await expect(rows).to_have_count(25)
    for words in ("wren", "1 epic", "1 common", "26 points"):
        await expect(rows.first).to_contain_text(words)
    await expect(page.get_by_text("You are not on it yet")).to_be_visible()
    await rows.first.get_by_role("link", name="wren").click()
    await expect(page.get_by_role("heading", name="wren", level=1)).to_be_visible()
    site.hall.clock.advance(timedelta(minutes=1))
    await give(mia, common, "mia")
    await tell_board(site)
    await page.goto("/badges/board")
    own = page.get_by_role("list", name="Your place").get_by_role("listitem")
    await expect(own).to_contain_text("28")
    await expect(own).to_contain_text("You")
    await expect(own).to_contain_text("1 point")
    theirs = await site.open(wren)
    await theirs.goto("/badges/board")
    await expect(theirs.get_by_role("listitem").filter(has_text="26 points")).to_contain_text("You")
    await expect(theirs.get_by_role("list", name="Your place")).to_be_hidden()
    assert await in_every_form(site, [(mia, ["/badges/board"])]) == []
    assert site.problems == []


@pytest.mark.timeout(120)
async def test_the_new_parts_are_clean_in_every_form(site: Site) -> None:
    mia = await staff(site)
    tiers = [{"name": "bronze", "count": 1}, {"name": "gold", "count": 3}]
    badge = await publish(mia, {**EARLY, "tiers": tiers})
    body = {"username": "mia", "reason": "x" * 200, "tier": "gold"}
    assert (await mia.client.post(f"/achievements/{badge}/award", json=body)).status_code == 201
    assert (await mia.client.post(f"/me/achievements/{badge}/reveal")).status_code == 200

    async def look(page: Page, route: str) -> list[str]:
        await page.goto(route)
        await page.wait_for_load_state("networkidle")
        found = await now(page)
        for label in ("Give by hand", "Take back", "Choose what is shown first"):
            button = page.get_by_role("button", name=label)
            if await button.is_visible():
                await button.click()
                found += await now(page)
                await page.keyboard.press("Escape")
        return found

    assert (await mia.client.put("/me/showcase", json={"achievement_ids": [str(badge)]})).status_code == 200
    assert await in_every_form(site, [(mia, [f"/badges/{badge}", "/players/mia"])], look) == []
    assert site.problems == []
