"""What moves by itself: after a gap nothing is missing and nothing told twice; what was missed is one sheet."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Page, WebSocketRoute, expect

from questhall.contracts.quests import QuestCompleted
from questhall.kernel.ids import new_id
from questhall.kernel.testing import HallUser
from tests.page.conftest import Site
from tests.page.test_stories import give_look


def completed(site: Site, user: HallUser, title: str) -> QuestCompleted:
    now = site.hall.clock.now()
    return QuestCompleted(
        user_id=user.user_id,
        quest_id=new_id(),
        slug="told",
        title=title,
        icon="scroll",
        category="general",
        difficulty="easy",
        kind="repeatable",
        completion_id=new_id(),
        version=1,
        completed_at=now,
        local_day=now.date(),
    )


class Wire:
    """The page's WebSocket, which can be cut and held apart; the server goes on."""

    def __init__(self) -> None:
        self.ends: list[WebSocketRoute] = []
        self.connected = asyncio.Event()
        self.allowed = True
        self.messages: list[str] = []

    async def lay(self, page: Page) -> None:
        async def route(ws: WebSocketRoute) -> None:
            if not self.allowed:
                await ws.close(code=3001, reason="held apart")
                return
            server = ws.connect_to_server()

            def told(message: Any) -> None:
                self.messages.append(str(message))
                if '"subscribed"' in str(message):
                    self.connected.set()
                ws.send(message)

            server.on_message(told)
            self.ends = [ws, server]

        await page.route_web_socket("**/api/v1/ws", route)

    async def cut(self) -> None:
        self.allowed = False
        self.connected.clear()
        for end in self.ends:
            await end.close(code=3001, reason="cut")

    async def mend(self) -> None:
        self.allowed = True
        await asyncio.wait_for(self.connected.wait(), 20)


async def at_home(site: Site) -> tuple[Page, Wire, HallUser]:
    wren = await site.hall.user("wren")
    await give_look(wren)
    site.hall.clock.advance(timedelta(minutes=-2))
    await site.hall.record("quests", completed(site, wren, "Long ago"))
    site.hall.clock.advance(timedelta(minutes=2))
    page, wire = await site.open(wren), Wire()
    # Before the page is loaded: to its timers a clock that comes later is a step back.
    await page.clock.install()
    await wire.lay(page)
    await page.goto("/")
    await page.wait_for_load_state("networkidle")
    await asyncio.wait_for(wire.connected.wait(), 20)
    return page, wire, wren


async def test_after_a_cut_each_message_arrives_once(site: Site) -> None:
    page, wire, wren = await at_home(site)
    await site.hall.record("quests", completed(site, wren, "Before"))
    await expect(page.locator("[data-toast]").filter(has_text="Before")).to_have_count(1)
    await wire.cut()
    await site.hall.record("quests", completed(site, wren, "Meanwhile"))
    await wire.mend()
    await expect(page.locator("[data-toast]").filter(has_text="Meanwhile")).to_have_count(1)
    told = [message for message in wire.messages if '"quest.completed"' in message]
    assert [sum(title in message for message in told) for title in ("Before", "Meanwhile")] == [1, 1]
    assert site.problems == []


async def test_what_was_missed_for_long_is_one_sheet_and_no_toasts(site: Site) -> None:
    page, wire, wren = await at_home(site)
    await wire.cut()
    await site.hall.record("quests", *(completed(site, wren, f"Missed {n}") for n in range(5)))
    await page.clock.set_fixed_time(datetime.now(UTC) + timedelta(minutes=1))
    # What is read while nothing can be told counts as missed all the same.
    async with page.expect_response("**/me/history*"):
        await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))")
    await wire.mend()
    await expect(page.get_by_role("dialog", name="While you were away")).to_contain_text("Missed 4")
    assert await page.locator("[data-toast]").count() == 0
    assert site.problems == []


async def test_a_player_who_comes_back_is_told_once_what_happened(site: Site) -> None:
    page, _, wren = await at_home(site)
    await site.hall.record("quests", completed(site, wren, "Seen"))
    await expect(page.locator("[data-toast]").filter(has_text="Seen")).to_have_count(1)
    await page.wait_for_load_state("networkidle")
    await page.goto("about:blank")
    site.hall.clock.advance(timedelta(seconds=30))
    await site.hall.record("quests", completed(site, wren, "Night work"))
    await page.goto("/")
    sheet = page.get_by_role("dialog", name="While you were away")
    await expect(sheet).to_contain_text("Night work")
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    await page.reload()
    await page.wait_for_load_state("networkidle")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await page.locator("[data-toast]").count() == 0
