"""What managers and admins do on the page, in Chromium: each story ends where a player sees it, or in the API."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from questhall.kernel.testing import PASSWORD, HallUser
from tests.integrations.test_ingest import Github, connect
from tests.page.conftest import Site
from tests.page.looks import in_every_form
from tests.page.test_stories import give_look, quest_of
from tests.test_story import merged


async def staff(site: Site, role: str = "manager", name: str = "mia") -> HallUser:
    user = await site.hall.user(name, role=role)
    await give_look(user)
    return user


def recent_merge(site: Site) -> dict[str, Any]:
    payload = merged()
    payload["pull_request"]["merged_at"] = site.hall.clock.now().isoformat()
    return payload


async def write_quest(page: Page, title: str) -> None:
    """What a manager types who has never seen a line of code."""
    await page.goto("/quests/new")
    await page.get_by_label("Title").fill(title)
    await page.get_by_label("Description").fill("Get one of your pull requests merged.")
    await page.get_by_label("What counts").select_option(label="Merge a pull request")
    await page.get_by_label("What the player reads").fill("Merge it")
    await page.get_by_text("It starts by itself").click()


async def test_a_quest_and_a_badge_are_written_in_forms_and_earned_by_a_signed_webhook(site: Site) -> None:
    hook, mia, wren = await connect(site.hall)
    for user in (mia, wren):
        await give_look(user)
    page = await site.open(mia)
    await write_quest(page, "Ship something small")
    await expect(page.get_by_role("region", name="As players see it")).to_contain_text("Ship something small")
    await page.get_by_role("button", name="Save as a draft").click()
    await expect(page.get_by_role("heading", name="Ship something small", level=1)).to_be_visible()
    await expect(page.get_by_text("Only authors see it so far.")).to_be_visible()
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Published, version 1")).to_be_visible()

    await page.goto("/badges/new")
    await page.get_by_label("Name", exact=True).fill("First shipment")
    await page.get_by_label("Description").fill("For the first one.")
    await page.get_by_label("What counts").select_option(label="Merge a pull request")
    await page.get_by_label("How many").fill("1")
    await page.get_by_role("button", name="Save as a draft").click()
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Published, version 1")).to_be_visible()

    player = await site.open(wren)
    await player.goto("/")
    await player.wait_for_load_state("networkidle")
    # A level may be reached before the quest's toast comes: its scene holds the toasts back until a key is pressed.
    await player.add_locator_handler(player.locator("dialog[open]"), lambda: player.keyboard.press("Escape"))
    assert (await hook.send("pull_request", recent_merge(site))).status_code == 202
    # It is one of many good things at once: two stand alone, whichever come first, and the others as one.
    told = player.locator("[data-toast]").filter(has_text=re.compile("Ship something small|good thing"))
    await expect(told.first).to_be_visible(timeout=10_000)
    await site.hall.drain()
    history = [line["text"] for line in (await wren.client.get("/me/history?limit=100")).json()["items"]]
    assert any("Ship something small" in line for line in history)
    assert any("First shipment" in line for line in history)
    assert site.problems == []


async def test_a_published_quest_changes_by_a_new_version_and_is_archived(site: Site) -> None:
    mia = await staff(site)
    page = await site.open(mia)
    quest = await quest_of(site, mia, "say-hello")
    await page.goto(f"/quests/{quest['id']}/edit")
    await page.get_by_label("XP").fill("77")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("There are changes that players don't see yet.")).to_be_visible()
    assert (await quest_of(site, mia, "say-hello"))["rewards"] == quest["rewards"], (
        "players still see the first version"
    )
    await page.get_by_role("button", name="Publish the changes").click()
    await expect(page.get_by_text("Published, version 2")).to_be_visible()
    now = await quest_of(site, mia, "say-hello")
    assert now["rewards"]["currencies"]["xp"] == 77
    assert {**now["rewards"]["currencies"], "xp": 0} == {**quest["rewards"]["currencies"], "xp": 0}
    assert now["objectives"] == quest["objectives"], "what was not touched stays as it was"
    await page.get_by_role("button", name="Archive").click()
    await page.get_by_role("dialog").get_by_role("button", name="Archive it").click()
    await expect(page.get_by_text("Archived, version 2")).to_be_visible()
    assert site.problems == []


async def test_what_the_server_refuses_is_said_at_its_field_and_nothing_typed_is_lost(site: Site) -> None:
    mia = await staff(site)
    page = await site.open(mia)
    await write_quest(page, "A tricky one")
    await page.get_by_text("Advanced").click()
    await page.get_by_role("button", name="Write the condition myself").click()
    condition = page.get_by_label("Only when (CEL)")
    await expect(condition).to_have_value("data.kind == 'github.pull_request.merged'")
    await condition.fill("data.kind == ")
    await page.get_by_role("button", name="Save as a draft").click()
    await expect(condition).to_have_attribute("aria-invalid", "true")
    await expect(condition).to_be_focused()
    await expect(page.get_by_label("Title")).to_have_value("A tricky one")
    # The browser crashed, or somebody closed the tab's page by mistake.
    await page.reload()
    await expect(page.get_by_label("Title")).to_have_value("A tricky one")
    await expect(page.get_by_label("Only when (CEL)")).to_have_value("data.kind == ")
    await page.get_by_label("Only when (CEL)").fill("data.kind == 'github.push'")
    await page.get_by_role("button", name="Save as a draft").click()
    await expect(page.get_by_role("heading", name="A tricky one", level=1)).to_be_visible()
    await page.goto("/quests/new")
    await expect(page.get_by_label("Title")).to_have_value("")
    assert site.problems == []


async def test_a_badge_rule_that_is_refused_is_said_at_its_condition(site: Site) -> None:
    mia = await staff(site)
    page = await site.open(mia)
    await page.goto("/badges/new")
    await page.get_by_label("Name", exact=True).fill("Two ways")
    await page.get_by_label("Description").fill("Either will do.")
    await page.get_by_label("Rule: kind of condition").select_option(label="Any of these")
    await page.get_by_role("button", name="Add a condition").click()
    await page.get_by_label("Rule, part 1: kind of condition").select_option(label="A level")
    part = page.get_by_role("group", name="Rule, part 2")
    await part.get_by_label("What counts").select_option(label="A condition of my own")
    await part.get_by_label("Only when (CEL)").fill("1 +")
    await page.get_by_role("button", name="Save as a draft").click()
    await expect(part.get_by_label("Only when (CEL)")).to_have_attribute("aria-invalid", "true")
    await part.get_by_label("Only when (CEL)").fill("data.category == 'craft'")
    await page.get_by_role("button", name="Add a tier").click()
    await page.get_by_role("button", name="Save as a draft").click()
    await expect(page.get_by_text("tiers share one counter").first).to_be_visible()
    await page.get_by_role("button", name="Remove tier 1").click()
    await page.get_by_role("button", name="Save as a draft").click()
    await expect(page.get_by_role("heading", name="Two ways", level=1)).to_be_visible()
    made = next(
        one
        for one in (await mia.client.get("/achievements?status=draft&limit=100")).json()["items"]
        if one["slug"] == "two-ways"
    )
    draft = (await mia.client.get(f"/achievements/{made['id']}/draft")).json()
    assert draft["requirements"]["any"][0] == {"level": 5}
    assert draft["requirements"]["any"][1]["where"] == "data.category == 'craft'"
    assert site.problems == []


async def test_two_authors_at_once_lose_nothing(site: Site) -> None:
    mia, bo = await staff(site), await staff(site, name="bo")
    page = await site.open(mia)
    quest = await quest_of(site, mia, "say-hello")
    await page.goto(f"/quests/{quest['id']}/edit")
    await page.get_by_label("Title").fill("Say hello loudly")
    draft = await bo.client.get(f"/quests/{quest['id']}/draft")
    theirs = {**draft.json(), "title": "Say hello softly"}
    answer = await bo.client.patch(f"/quests/{quest['id']}", json=theirs, headers={"if-match": draft.headers["etag"]})
    assert answer.status_code == 200, answer.text
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("Somebody else saved this in the meantime.")
    await expect(page.get_by_label("Title")).to_have_value("Say hello loudly")
    await page.get_by_role("button", name="Take theirs").click()
    await expect(page.get_by_label("Title")).to_have_value("Say hello softly")

    await page.get_by_label("Title").fill("Say hello, hello")
    draft = await bo.client.get(f"/quests/{quest['id']}/draft")
    theirs = {**draft.json(), "description": "Changed again."}
    await bo.client.patch(f"/quests/{quest['id']}", json=theirs, headers={"if-match": draft.headers["etag"]})
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.get_by_role("button", name="Save mine over it").click()
    await expect(page.get_by_text("There are changes that players don't see yet.")).to_be_visible()
    assert (await mia.client.get(f"/quests/{quest['id']}/draft")).json()["title"] == "Say hello, hello"
    assert site.problems == []


async def test_a_source_is_connected_its_account_linked_and_its_delivery_run_again(site: Site) -> None:
    mia, wren = await staff(site), await site.hall.user("wren")
    page = await site.open(mia)
    await page.goto("/manage/sources")
    await page.get_by_label("Name", exact=True).fill("Acme")
    await page.get_by_label("Short name").fill("acme")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.get_by_text("Secret: shown this once")).to_be_visible()
    secret = await page.locator("code").nth(1).inner_text()
    await page.get_by_role("link", name="To its deliveries").click()
    await expect(page.get_by_text("Nothing has reached it yet")).to_be_visible()
    assert secret not in await page.content(), "it was shown once"

    bare = site.hall.client()
    bare.headers.pop("origin")
    bare.headers.pop("sec-fetch-site")
    assert (await Github(bare, secret).send("pull_request", recent_merge(site))).status_code == 202
    # It appears by itself: nobody presses anything.
    await expect(page.get_by_text("Waits for a player")).to_be_visible(timeout=10_000)
    await page.get_by_role("button", name="Link codertocat", exact=False).first.click()
    await page.get_by_role("textbox", name="Player").fill("nobody-here")
    await page.get_by_role("button", name="Link", exact=True).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_role("textbox", name="Player").fill("wren")
    await page.get_by_role("button", name="Link", exact=True).click()
    await expect(page.get_by_text("1 account linked", exact=False)).to_be_visible()
    await site.hall.drain()
    told = [event["data"] for event in await site.hall.log("activity.recorded")]
    assert [(one["user_id"], one["kind"]) for one in told] == [(str(wren.user_id), "github.pull_request.merged")]

    await page.get_by_role("button", name="Run again", exact=False).first.click()
    await expect(page.get_by_text(re.compile("Run again: "))).to_be_visible()
    await site.hall.drain()
    assert len(await site.hall.log("activity.recorded")) == 1, "run again, counted once"

    await page.get_by_role("button", name="New secret").click()
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_text("Secret: shown this once")).to_be_visible()
    assert await page.locator("code").nth(1).inner_text() != secret
    await page.get_by_text("Takes deliveries").click()
    await expect(page.get_by_text("What is sent now is refused")).to_be_visible()
    assert (await Github(bare, secret).send("pull_request", merged())).status_code == 403
    assert site.problems == []


async def test_many_accounts_are_linked_at_once_and_a_bad_line_is_named(site: Site) -> None:
    _, mia, _ = await connect(site.hall, link=None)
    await give_look(mia)
    await site.hall.user("ash")
    page = await site.open(mia)
    await page.goto("/manage/sources/acme")
    await page.get_by_role("button", name="Many at once").click()
    lines = page.get_by_label("Account, player: one pair a line")
    await lines.fill("account,username\noctocat,wren\nhalf a line")
    await page.get_by_role("button", name="Link", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("csv, 3")
    assert "octocat,wren" in await lines.input_value(), "what was pasted is still there"
    await lines.fill("account,username\noctocat,wren\nhubot,ash")
    await page.get_by_role("button", name="Link", exact=True).click()
    await expect(page.get_by_text("2 accounts linked", exact=False)).to_be_visible()
    assert site.problems == []


async def test_a_grant_has_a_reason_that_the_player_reads_and_is_reversed(site: Site) -> None:
    ada, wren = await staff(site, "admin", "ada"), await site.hall.user("wren")
    await give_look(wren)
    player = await site.open(wren)
    await player.goto("/wallet")
    await player.wait_for_load_state("networkidle")
    page = await site.open(ada)
    await page.goto("/manage/grants")
    await page.get_by_label("Player").fill("wrenn")
    await page.get_by_label("Currency").select_option("coins")
    await page.get_by_label("Amount").fill("25")
    await page.get_by_label("Reason").first.fill("Helped to carry the tables")
    await page.get_by_role("button", name="Grant").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Player").fill("wren")
    await page.get_by_role("button", name="Grant").click()
    await expect(page.get_by_text("+25 coins for wren: done.", exact=False)).to_be_visible()

    # The player's wallet learns it from the socket.
    row = player.get_by_role("listitem").filter(has_text="Helped to carry the tables")
    await expect(row).to_contain_text("+25", timeout=10_000)
    await row.get_by_role("link", name="Why?").click()
    chain = player.get_by_role("list", name="The chain of causes")
    await expect(chain).to_contain_text("Helped to carry the tables")
    await expect(chain).to_contain_text("admin")

    await page.get_by_label("Reason").last.fill("A mistake")
    await page.get_by_role("button", name="Reverse it").click()
    await expect(page.get_by_text("The transaction is reversed.")).to_be_visible()
    items = (await wren.client.get("/me/balances")).json()["items"]
    assert next(item["amount"] for item in items if item["currency"] == "coins") == 0
    assert site.problems == []


async def test_a_suspension_ends_the_players_page_live_and_is_lifted(site: Site) -> None:
    ada, wren = await staff(site, "admin", "ada"), await site.hall.user("wren")
    await give_look(wren)
    player = await site.open(wren)
    await player.goto("/wallet?show=all")
    await expect(player.get_by_role("status").filter(has_text="Live")).to_be_visible(timeout=10_000)
    page = await site.open(ada)
    await page.goto("/manage/players")
    await page.get_by_label("Search players").fill("wren")
    await page.get_by_role("button", name="Change wren").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("May act").select_option("suspended")
    await expect(dialog.get_by_text("Every session and token of wren ends at once")).to_be_visible()
    await dialog.get_by_label("Reason").fill("Took what was not theirs")
    await dialog.get_by_role("button", name="Suspend wren").click()
    await expect(page.get_by_role("listitem").filter(has_text="@wren")).to_contain_text("Suspended")
    # Nothing was pressed on the player's page.
    await expect(player.get_by_role("heading", name="Please sign in again")).to_be_visible(timeout=10_000)
    await player.get_by_label("Name or e-mail").fill("wren")
    await player.get_by_label("Password").fill(PASSWORD)
    await player.get_by_role("button", name="Sign in").click()
    await expect(player.get_by_role("alert")).to_be_visible()

    await page.get_by_role("button", name="Change wren").click()
    await dialog.get_by_label("May act").select_option("active")
    await dialog.get_by_label("Reason").fill("It was cleared up")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("listitem").filter(has_text="@wren")).to_contain_text("Active")
    await player.get_by_label("Password").fill(PASSWORD)
    await player.get_by_role("button", name="Sign in").click()
    await expect(player).to_have_url(f"{site.url}/wallet?show=all")
    assert site.problems == []


async def test_a_newcomer_by_approval_and_one_by_invitation(site: Site) -> None:
    ada = await staff(site, "admin", "ada")
    page = await site.open(ada)
    await page.goto("/manage/invites")
    await page.get_by_label("Who may sign up").select_option("approval")
    await expect(page.get_by_text("Saved.")).to_be_visible()
    guest = await site.open()
    await guest.goto("/sign-up")
    await guest.get_by_label("Name in the hall").fill("newt")
    await guest.get_by_label("E-mail").fill("newt@example.org")
    await guest.get_by_label("Password").fill(PASSWORD)
    await guest.get_by_role("button", name="Sign up").click()
    await expect(guest.get_by_role("heading", name="Nearly there")).to_be_visible()
    await page.goto("/manage/players")
    await page.get_by_label("Status").select_option("waiting")
    await page.get_by_role("button", name="Let in newt").click()
    await expect(page.get_by_text("Nobody fits.")).to_be_visible()
    assert (
        await site.hall.client().post("/auth/login", json={"username": "newt", "password": PASSWORD})
    ).status_code == 200

    await page.goto("/manage/invites")
    await page.get_by_label("Who may sign up").select_option("invite")
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.get_by_label("As").select_option("moderator")
    await page.get_by_label("For how many").fill("2")
    await page.get_by_role("button", name="Make an invitation").click()
    link = await page.locator("code").inner_text()
    assert link.startswith(f"{site.url}/sign-up#"), "no browser sends a fragment, so no server logs it"
    await expect(page.get_by_text("0 of 2 have come")).to_be_visible()
    other = await site.open()
    await other.goto(link)
    await expect(other.get_by_label("Invitation")).to_have_value(link.partition("#")[2])
    await other.get_by_label("Name in the hall").fill("olm")
    await other.get_by_label("E-mail").fill("olm@example.org")
    await other.get_by_label("Password").fill(PASSWORD)
    await other.get_by_role("button", name="Sign up").click()
    await expect(other.get_by_role("heading", name="Who are you, olm?")).to_be_visible()
    users = (await ada.client.get("/admin/users?q=olm")).json()["items"]
    assert [user["role"] for user in users] == ["moderator"]
    assert site.problems == []


async def test_a_forgotten_password_goes_by_a_kept_mail(site: Site) -> None:
    ada, _ = await staff(site, "admin", "ada"), await site.hall.user("wren")
    guest = await site.open()
    await guest.goto("/sign-in")
    await guest.get_by_role("link", name="Forgot the password?").click()
    await guest.get_by_label("E-mail").fill("wren@example.org")
    await guest.get_by_role("button", name="Send the link").click()
    await expect(guest.get_by_text("a link is on its way", exact=False)).to_be_visible()
    page = await site.open(ada)
    await page.goto("/manage/mails")
    mail = page.get_by_role("listitem").filter(has_text="wren@example.org").filter(has_text="/reset").first
    link = re.search(r"https?://\S+/reset\S*", await mail.inner_text())
    assert link
    await guest.goto(link.group())
    await guest.get_by_label("New password").fill("a meadow full of lanterns")
    await guest.get_by_role("button", name="Set the password").click()
    await expect(guest.get_by_text("Done. Sign in with the new password.")).to_be_visible()
    await guest.get_by_role("link", name="Back to sign in").click()
    await guest.get_by_label("Name or e-mail").fill("wren")
    await guest.get_by_label("Password").fill("a meadow full of lanterns")
    await guest.get_by_role("button", name="Sign in").click()
    await expect(guest.get_by_role("heading", level=1).first).to_be_visible()
    await expect(guest).not_to_have_url(re.compile("sign-in"))
    assert site.problems == []


async def test_settings_are_kept_and_a_token_is_shown_once(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren)
    await page.goto("/settings")
    await page.get_by_label("Shown name").fill("Wren the Bold")
    await page.get_by_label("Time zone").select_option("Europe/Berlin")
    await page.get_by_label("Dates and numbers").select_option("en-GB")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.get_by_text("Hide streaks").click()
    await expect(page.get_by_label("Hide streaks")).to_be_checked()
    await page.get_by_text("Dark theme", exact=True).last.click()
    await page.get_by_label("Name of the new token").fill("my script")
    await page.get_by_role("button", name="Make a token").click()
    await expect(page.get_by_text("The new token: shown this once")).to_be_visible()
    token = await page.locator("code").last.inner_text()
    assert token.startswith("qh_")
    me = (await wren.client.get("/me")).json()
    assert (me["display_name"], me["timezone"], me["locale"]) == ("Wren the Bold", "Europe/Berlin", "en-GB")
    assert me["preferences"]["hide_streaks"]
    await page.reload()
    await page.wait_for_load_state("networkidle")
    assert token not in await page.content()
    assert await page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    await page.get_by_role("button", name="Sign out everywhere").click()
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert (await wren.client.get("/me")).status_code == 401
    assert site.problems == []


async def test_a_player_signs_a_lost_phone_out_and_then_this_browser(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    lost = HallUser(wren.user_id, wren.username, site.hall.client())
    lost.client.headers["user-agent"] = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
    await lost.client.post("/auth/login", json={"username": "wren", "password": PASSWORD})
    phone = await site.open(lost, width=390)
    await phone.goto("/")
    await expect(phone.locator(".live-pill")).to_have_attribute("data-connection", "live")
    page = await site.open(wren)
    await page.goto("/settings")
    card = page.get_by_role("region", name="Where you are signed in")
    here = card.get_by_role("listitem").filter(has_text="This one")
    await expect(here).to_contain_text("in use now")
    await expect(card.get_by_role("listitem")).to_have_count(2)
    await card.get_by_role("button", name="Sign out Firefox on Android").press("Enter")
    await expect(card.get_by_role("status")).to_have_text("Signed out: Firefox on Android.")
    await expect(card.get_by_role("listitem")).to_have_count(1)
    # Nothing was pressed on the phone.
    await expect(phone.get_by_role("heading", name="Please sign in again")).to_be_visible(timeout=10_000)
    await page.keyboard.press("Tab")
    at = "(card) => card.contains(document.activeElement)"
    assert await card.evaluate(at), "who goes by keyboard stays where they were"
    await here.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    held = [cookie["name"] for cookie in await page.context.cookies()]
    assert wren.cookie()[0] not in held, "the cookie went with its session"
    assert (await wren.client.get("/me")).status_code == 401
    assert site.problems == []


async def test_a_service_that_is_away_takes_its_routes_with_it(site: Site) -> None:
    ada = await staff(site, "admin", "ada")
    for name in ("currency", "integrations"):
        site.hall.installation.process.running.pop(name)
    page = await site.open(ada)
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Today's quests")).to_be_visible()
    await expect(page.get_by_role("link", name="Quests", exact=True)).to_be_visible()
    for gone in ("Wallet", "Sources", "Grants"):
        await expect(page.get_by_role("link", name=gone, exact=True)).to_have_count(0)
    for route in ("/wallet", "/manage/sources", "/manage/grants"):
        await page.goto(route)
        await expect(page.get_by_role("heading", name="No trail leads here")).to_be_visible()
    assert site.problems == []


async def test_a_new_epoch_reads_everything_again(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren)
    ends: list[WebSocketRoute] = []
    asked: list[str] = []

    async def route(ws: WebSocketRoute) -> None:
        server = ws.connect_to_server()

        def say(message: Any) -> None:
            # As after a flush: the epoch that the page knows is gone.
            asked.append(str(message))
            server.send(re.sub(r'"cursor":"[^.]+\.', '"cursor":"0190aaaa.', str(message)))

        ws.on_message(say)
        server.on_message(ws.send)
        ends[:] = [ws, server]

    await page.route_web_socket("**/api/v1/ws", route)
    await page.goto("/wallet")
    await expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible(timeout=10_000)
    await page.wait_for_load_state("networkidle")
    reads: list[str] = []
    page.on(
        "request", lambda request: reads.append(request.url.split("/api/v1")[-1]) if "/api/v1" in request.url else None
    )
    for end in ends:
        await end.close(code=3001, reason="cut")

    def said() -> bool:
        return any('"cursor":"' in text for text in asked)

    def read_again() -> bool:
        return {"/me/balances", "/me/transactions"} <= {read.split("?")[0] for read in reads}

    for _ in range(150):
        if said() and read_again():
            break
        await asyncio.sleep(0.1)
    assert said(), "where it was"
    assert read_again()


async def test_offline_the_camp_still_stands_and_signing_out_forgets_it(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren, workers=True)
    await page.goto("/")
    await page.evaluate("() => navigator.serviceWorker.ready")
    await page.reload()
    await page.wait_for_load_state("networkidle")
    assert await page.evaluate("() => Boolean(navigator.serviceWorker.controller)")
    kept = "async () => (await (await caches.open('questhall-reads')).keys()).map((request) => new URL(request.url).pathname)"
    assert "/api/v1/me" in await page.evaluate(kept)
    # The API is never answered by the page's shell.
    docs = await page.goto("/api/docs")
    assert docs is not None
    assert "Questhall API" in await docs.text()
    await page.goto("/")
    await page.context.set_offline(True)
    await page.reload()
    await expect(page.get_by_role("heading", name="Today's quests")).to_be_visible(timeout=15_000)
    await expect(page.get_by_role("link", name=re.compile("Say hello")).first).to_be_visible()
    await page.context.set_offline(False)
    await page.reload()
    await page.get_by_role("button", name=re.compile("Your menu")).click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert "questhall-reads" not in await page.evaluate("() => caches.keys()")


@pytest.mark.timeout(300)
async def test_axe_finds_nothing_where_managers_work_and_nothing_is_cut_off(site: Site) -> None:
    hook, _, wren = await connect(site.hall)
    ada = await staff(site, "admin", "ada")
    await give_look(wren)
    assert (await hook.send("pull_request", recent_merge(site))).status_code == 202
    await site.hall.drain()
    quest = await quest_of(site, ada, "say-hello")
    badge = (await ada.client.get("/achievements")).json()["items"][0]["id"]
    rows = (await wren.client.get("/me/transactions")).json()["items"]
    staffs = [
        "/manage/sources/acme",
        "/manage/mails",
        "/manage/players",
        f"/quests/{quest['id']}/edit",
        f"/badges/{badge}/edit",
    ]
    mine = [f"/why/transaction/{rows[0]['transaction_id']}", "/history", "/settings"]
    outside = ["/first-admin#x", "/reset#x", "/verify#x", "/sign-in?ended=true"]
    assert await in_every_form(site, [(None, outside), (ada, staffs), (wren, mine)]) == []
    assert site.problems == []


async def test_a_badge_is_made_by_keyboard_alone(site: Site) -> None:
    mia = await staff(site)
    page = await site.open(mia)
    await page.goto("/badges/new")

    async def until(name: str) -> None:
        """Tabs on to what has this name."""
        for _ in range(80):
            await page.keyboard.press("Tab")
            found = await page.evaluate(
                """() => {
                const e = document.activeElement;
                return e.labels?.[0]?.textContent ?? e.getAttribute('aria-label') ?? e.textContent;
            }"""
            )
            if found == name:
                return
        raise AssertionError(f"the keyboard never reaches {name}")

    await until("Name")
    await page.keyboard.type("Keys only")
    await until("Description")
    await page.keyboard.type("No mouse was touched.")
    await until("Choose an emblem")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Choose an emblem")).to_be_visible()
    await until("Search pictures")
    await page.keyboard.type("anvil")
    await expect(page.get_by_role("dialog").get_by_role("button", name="anvil").first).to_be_visible()
    await until("anvil")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await until("How many")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("4")
    await until("Save as a draft")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Keys only", level=1)).to_be_visible()
    items = (await mia.client.get("/achievements?status=draft&limit=100")).json()["items"]
    made = next(one for one in items if one["slug"] == "keys-only")
    draft = (await mia.client.get(f"/achievements/{made['id']}/draft")).json()
    assert (draft["icon"], draft["requirements"]["count"]) == ("anvil", 4)
    assert site.problems == []
