"""Every badge of the starter pack can be earned in a fresh hall, by what a player does there and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from questhall import starter
from questhall.contracts.quests import Quests
from questhall.kernel.testing import START, Hall, HallUser
from tests.quests.test_quests import did

DAYS = 101
WEB = Path(__file__).parents[2] / "web"


async def a_day(hall: Hall, wren: HallUser, number: int) -> None:
    """Reads, helps, reviews twice and merges; on the first day five times."""
    quests = hall.actions(Quests)
    ids = {quest.definition.slug: quest.id for quest in quests._playable.values()}
    now = hall.clock.now()
    for slug, objective in (("read-20-pages", "read"), ("help-somebody", "help")):
        async with hall.database(Quests).tx() as tx:
            await quests.tick(tx, wren.user_id, ids[slug], objective)
    acts = [did(wren, at=now, repo=f"acme/r{number % 5}") for _ in range(5 if number == 0 else 1)]
    acts += [did(wren, "github.review.submitted", at=now, own=False) for _ in range(2)]
    acts += [did(wren, "github.issue.opened", at=now)]
    await hall.record("integrations", *acts)


async def test_a_hundred_days_earn_every_badge_and_every_tier(hall: Hall) -> None:
    await starter.install(hall.installation.process)
    wren = await hall.user("wren")
    for number in range(DAYS):
        hall.clock.set(START + timedelta(days=number, hours=10))
        await a_day(hall, wren, number)
    earned = {(event["data"]["slug"], event["data"]["tier"]) for event in await hall.log("badge.earned")}
    wanted = {
        (badge["slug"], tier)
        for badge in starter.pack("achievements")
        for tier in ([tier["name"] for tier in badge["tiers"]] if "tiers" in badge else [None])
    }
    assert earned == wanted
    assert len(await hall.log("badge.earned")) == len(wanted), "each once"
    assert await hall.log("badge.revoked") == []


def test_every_emblem_is_drawn_and_every_text_says_how() -> None:
    badges = starter.pack("achievements")
    art = WEB / "src/art/generated"
    drawn = {emblem for file in art.glob("*.json") for emblem in json.loads(file.read_text())["emblems"]}
    assert {badge["icon"] for badge in badges} <= drawn
    assert len({badge["icon"] for badge in badges}) == len({badge["name"] for badge in badges}) == len(badges) == 16
    assert all(20 <= len(badge["description"]) <= 200 for badge in badges)
