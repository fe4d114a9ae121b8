"""A gift from player to player, in two browsers at once."""

from __future__ import annotations

from playwright.async_api import Route, expect

from questhall.contracts.currency import Currency, Posting, Transfer
from questhall.kernel.ids import new_id
from tests.page.conftest import Site
from tests.page.looks import axe
from tests.page.test_stories import give_look


async def test_a_gift_is_sent_from_the_wallet_and_arrives_on_the_other_page(site: Site) -> None:
    ann, bob = await site.hall.user("ann"), await site.hall.user("bob")
    for user in (ann, bob):
        await give_look(user)
    move = Transfer(debit="mint:test", credit=f"user:{ann.user_id}", currency="coins", amount=120)
    await site.hall.actions(Currency).post([Posting(key=str(new_id()), transfers=[move], transaction_type="test")])
    await site.hall.drain()
    theirs = await site.open(bob)
    await theirs.goto("/wallet")
    await expect(theirs.get_by_text("Nothing has moved yet")).to_be_visible()
    mine = await site.open(ann)
    await mine.goto("/wallet")
    await mine.get_by_role("button", name="Give to a player").click()
    sheet = mine.get_by_role("dialog", name="Give to a player")
    await expect(sheet.get_by_text("You have 120 coins")).to_be_visible()
    assert await axe(mine) == []
    await sheet.get_by_label("Player").fill("nobody-here")
    await sheet.get_by_label("Amount").fill("30")
    await sheet.get_by_label("Note").fill("for the review")
    await sheet.get_by_role("button", name="Give").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("no such player")
    await sheet.get_by_label("Player").fill("bob")

    async def lose(route: Route) -> None:
        await route.fetch()  # it is given
        await route.abort()

    await mine.route("**/api/v1/transfers", lose, times=1)
    await sheet.get_by_role("button", name="Give").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("it may have arrived or not")
    # Closed and opened again, it is the same gift: it is given once.
    await mine.keyboard.press("Escape")
    await mine.get_by_role("button", name="Give to a player").click()
    for label, text in (("Player", "bob"), ("Amount", "30"), ("Note", "for the review")):
        await sheet.get_by_label(label).fill(text)
    await sheet.get_by_role("button", name="Give").click()
    await expect(sheet).to_be_hidden()
    await expect(mine.get_by_role("status").filter(has_text="30 coins are with bob now")).to_be_visible()
    await expect(mine.get_by_text("To bob")).to_be_visible()
    # It comes by itself on the other page, which asked for nothing.
    row = theirs.get_by_role("listitem").filter(has_text="From ann")
    await expect(row).to_contain_text("for the review")
    await expect(row).to_contain_text("+30")
    await expect(theirs.get_by_role("listitem").filter(has_text="From ann")).to_have_count(1)
    await expect(mine.locator("header")).to_contain_text("90")
    await mine.get_by_role("link", name="Why? -30").click()
    await expect(mine.get_by_text("-30 coins").first).to_be_visible()
    assert site.problems == []
