"""The starter pack can be played, and is installed once."""

from __future__ import annotations

from collections import Counter

from questhall import starter
from questhall.kernel.testing import Hall
from tests.quests.test_quests import did


async def test_the_pack_is_installed_once(hall: Hall) -> None:
    process = hall.installation.process
    assert await starter.install(process) == 8 + 16
    assert await starter.install(process) == 0
    wren = await hall.user("wren")
    quests = (await wren.client.get("/quests?limit=100")).json()["items"]
    badges = (await wren.client.get("/achievements?limit=100")).json()["items"]
    assert (len(quests), len(badges)) == (8, 16)
    assert {quest["mine"]["state"] for quest in quests} == {"available", "locked"}
    assert set(Counter(badge["rarity"] for badge in badges)) == {"common", "rare", "epic", "legendary"}
    assert set(Counter(badge["category"] for badge in badges)) == {
        "milestone",
        "streak",
        "mastery",
        "social",
        "special",
    }


async def test_what_an_author_changed_stays_as_it_is(hall: Hall) -> None:
    process = hall.installation.process
    await starter.install(process)
    mia = await hall.user("mia", role="manager")
    quests = (await mia.client.get("/quests?limit=100")).json()["items"]
    hello = next(quest for quest in quests if quest["slug"] == "say-hello")
    draft = (await mia.client.get(f"/quests/{hello['id']}/draft")).json()
    saved = await mia.client.patch(
        f"/quests/{hello['id']}", json={**draft, "title": "Wave"}, headers={"if-match": f'"{hello["edit"]}"'}
    )
    assert saved.status_code == 200, saved.text
    await mia.client.post(f"/quests/{hello['id']}/publish")
    await mia.client.post(f"/quests/{quests[1]['id']}/archive")
    assert await starter.install(process) == 0
    assert (await mia.client.get(f"/quests/{hello['id']}")).json()["title"] == "Wave"


async def test_a_first_day_by_hand_pays_and_earns(hall: Hall) -> None:
    await starter.install(hall.installation.process)
    wren = await hall.user("wren")
    quests = {quest["slug"]: quest for quest in (await wren.client.get("/quests?limit=100")).json()["items"]}
    for slug in ("say-hello", "look-around"):
        for objective in quests[slug]["objectives"]:
            answer = await wren.client.post(
                f"/quests/{quests[slug]['id']}/complete", json={"objective": objective["id"]}
            )
            assert answer.status_code == 200, answer.text
        assert answer.json()["mine"]["state"] == "completed"
    await hall.drain()
    assert [event["data"]["slug"] for event in await hall.log("badge.earned")] == ["first-steps"]
    assert (await wren.client.get("/me/streaks")).json()["items"][0]["length"] == 1


async def test_code_quests_complete_from_activity(hall: Hall) -> None:
    await starter.install(hall.installation.process)
    wren = await hall.user("wren")
    await hall.record(
        "integrations",
        did(wren),
        did(wren, "github.review.submitted", own=True),
        did(wren, "github.review.submitted", own=False),
        did(wren, "github.review.submitted"),
    )
    assert [e["data"]["slug"] for e in await hall.log("quest.completed")] == ["merge-a-pull-request", "review-twice"]
    assert {e["data"]["slug"] for e in await hall.log("badge.earned")} == {"first-steps", "first-merge"}
