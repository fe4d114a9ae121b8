"""Settings, "Your data": the archive is gathered in sight and fetched; an account is deleted, by its player and by an admin."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from questhall.contracts.identity import Identity
from questhall.kernel.testing import PASSWORD
from tests.page.conftest import Site
from tests.page.looks import WIDTHS, now
from tests.page.test_manage import staff
from tests.page.test_stories import give_look


async def jobs_run(site: Site) -> None:
    for _ in range(6):
        site.hall.clock.advance(timedelta(seconds=3))
        await site.hall.run_job(Identity, "background")


async def test_an_archive_is_gathered_in_sight_and_fetched(site: Site, tmp_path: Path) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren)
    await page.goto("/settings")
    await page.get_by_role("button", name="Gather my archive").click()
    await expect(page.get_by_role("progressbar", name="Your archive is being gathered")).to_be_visible()
    await expect(page.get_by_role("button", name="Gathering")).to_be_disabled()
    await page.reload()
    await expect(page.get_by_role("progressbar", name="Your archive is being gathered")).to_be_visible()
    await site.hall.run_job(Identity, "background")
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="Download").click(timeout=15_000)
    download = await waiting.value
    await download.save_as(tmp_path / "archive.json")
    archive = json.loads((tmp_path / "archive.json").read_text())
    assert archive["services"]["identity"]["profile"][0]["username"] == "wren"
    assert download.suggested_filename.startswith("questhall-")
    assert site.problems == []


async def test_an_account_is_deleted_by_its_player(site: Site) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)
    page = await site.open(wren)
    await page.goto("/settings")
    await page.get_by_role("button", name="Delete my account").click()
    dialog = page.get_by_role("dialog")
    sure = dialog.get_by_role("button", name="Delete my account for good")
    await dialog.get_by_label("Password").fill("not the password")
    await expect(sure).to_be_disabled()
    await dialog.get_by_label("Type wren to go on").fill("Wren")
    await sure.click()
    await expect(dialog.get_by_role("alert")).to_contain_text("password is wrong")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_label("Password").press("Enter")
    await expect(page.get_by_role("heading", name="Farewell")).to_be_visible(timeout=10_000)
    await expect(page.get_by_text("The hall is forgetting who you were")).to_be_visible()
    await page.goto("/settings")
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    await jobs_run(site)
    assert site.problems == []


async def test_an_admin_erases_a_player_and_sees_it_done(site: Site) -> None:
    ada = await staff(site, "admin", "ada")
    await site.hall.user("wren")
    page = await site.open(ada)
    await page.goto("/manage/players")
    await page.get_by_role("button", name="Change wren").click()
    await page.get_by_role("dialog").get_by_role("button", name="Erase wren for good").click()
    dialog = page.get_by_role("dialog", name="Erase wren")
    await dialog.get_by_label("Reason").fill("They asked by letter")
    await expect(dialog.get_by_role("button", name="Erase wren for good")).to_be_disabled()
    await dialog.get_by_label("Type wren to go on").fill("wren")
    await dialog.get_by_role("button", name="Erase wren for good").click()
    await expect(dialog.get_by_role("progressbar", name="wren is being forgotten")).to_be_visible()
    await jobs_run(site)
    await expect(dialog.get_by_text("No part of the hall knows who they were")).to_be_visible(timeout=15_000)
    await dialog.get_by_role("button", name="Close").last.click()
    await expect(page.get_by_role("listitem").filter(has_text="@wren")).to_have_count(0)
    assert site.problems == []


@pytest.mark.parametrize("dark", [False, True])
async def test_it_is_whole_for_everybody(site: Site, dark: bool) -> None:
    wren = await site.hall.user("wren")
    await give_look(wren)

    async def look(width: int) -> list[str]:
        page: Page = await site.open(wren, dark=dark, width=width)
        await page.goto("/settings")
        await page.get_by_role("button", name="Gather").first.wait_for()
        if await page.get_by_role("button", name="Gather my archive").is_visible():
            await page.get_by_role("button", name="Gather my archive").click()
        await expect(page.get_by_role("progressbar", name="Your archive is being gathered")).to_be_visible()
        found = await now(page)
        await page.get_by_role("button", name="Delete my account").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        return found + await now(page)

    assert await asyncio.gather(*(look(width) for width in WIDTHS)) == [[], []]
