"""The main job, whole: a real GitHub delivery in, everything earned follows, on the open socket, and why."""

from __future__ import annotations

from typing import Any

from questhall.contracts.currency import Currency
from questhall.kernel.testing import Hall
from tests.achievements.test_badges import publish as publish_badge
from tests.integrations.test_ingest import connect, example
from tests.quests.test_quests import MERGE, publish
from tests.realtime.test_socket import hear, open_socket, served, subscribe

TWICE = {
    "slug": "review-twice",
    "title": "Review twice",
    "objectives": [
        {
            "id": "review",
            "label": "Review two changes",
            "event": "activity.recorded",
            "where": "data.kind == 'github.review.submitted'",
            "count": 2,
        }
    ],
    "rewards": {"currencies": {"xp": 60, "coins": 8}},
    "auto_accept": True,
}
BADGE = {
    "slug": "first-steps",
    "name": "First steps",
    "requirements": {"event": "quest.completed", "where": "data.slug == 'merge-one'"},
    "xp_reward": 40,
}


def merged() -> dict[str, Any]:
    payload = example("pull_request", action="closed")
    # Changed: the example was closed unmerged. These are the fields that GitHub sends for a merge.
    payload["pull_request"] |= {"merged": True, "merged_at": "2026-03-02T08:00:00Z", "merged_by": payload["sender"]}
    return payload


async def test_a_merge_becomes_quest_coins_badge_level_and_a_message(hall: Hall) -> None:
    hook, manager, wren = await connect(hall)
    hall.author = manager  # type: ignore[attr-defined]
    quest = await publish(hall, MERGE)
    await publish_badge(hall, BADGE)
    async with served(hall) as address, open_socket(address, wren) as ws:
        await subscribe(ws)
        answer = await hook.send("pull_request", merged())
        assert answer.status_code == 202
        wanted = {"activity.recorded", "quest.completed", "currency.credited", "badge.earned", "level.reached"}
        heard: set[str] = set()
        # Order is promised within what one service says, not between services.
        while not wanted <= heard:
            heard.add((await hear(ws)).get("event", ""))
    await hall.drain()
    wallet = (await wren.client.get("/me/balances")).json()
    assert wallet["level"]["xp"] == 120 + 40
    chain = await why(wren, "coins")
    kinds = [step["kind"] for step in chain]
    assert kinds[:5] == ["transfer", "reward", "quest", "activity", "delivery"], kinds
    assert chain[2]["rule"] == {"kind": "quest", "id": str(quest), "title": MERGE["title"], "version": 1}
    assert chain[-1]["kind"] == "actor"
    award = (await hall.log("badge.earned"))[0]["data"]["award_id"]
    badge = (await wren.client.get(f"/why/badge/{award}")).json()["steps"]
    assert [step["kind"] for step in badge][:4] == ["badge", "quest", "activity", "delivery"]
    level = (await wren.client.get("/why/level/2")).json()["steps"]
    assert level[0]["kind"] == "level"
    assert "delivery" in [step["kind"] for step in level]
    stranger = await hall.user("ben")
    assert (await stranger.client.get(f"/why/badge/{award}")).status_code == 404
    history = [line["text"] for line in (await wren.client.get("/me/history")).json()["items"]]
    assert len(history) >= 5
    await hall.run_job(Currency, "seal_journal")
    assert (await hall.actions(Currency).verify()).problems == []


async def why(user: Any, currency: str) -> list[dict[str, Any]]:
    rows = (await user.client.get(f"/me/transactions?currency={currency}&limit=100")).json()["items"]
    row = next(row for row in rows if row["transaction_type"] == "reward" and row["reason"] == MERGE["title"])
    answer = await user.client.get(f"/why/transaction/{row['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()["steps"]


async def test_two_reviews_count_and_three_copies_of_one_do_not(hall: Hall) -> None:
    hook, manager, wren = await connect(hall)
    hall.author = manager  # type: ignore[attr-defined]
    await publish(hall, TWICE)
    payload = example("pull_request_review", action="submitted")
    for _ in range(3):
        await hook.send("pull_request_review", payload)
    await hall.drain()
    assert await hall.log("quest.completed") == []
    # Changed: a second review is another one, with an id of its own.
    payload["review"] |= {"id": payload["review"]["id"] + 1, "node_id": payload["review"]["node_id"] + "2"}
    await hook.send("pull_request_review", payload)
    await hall.drain()
    assert len(await hall.log("quest.completed")) == 1
    items = (await wren.client.get("/me/balances")).json()["items"]
    assert {item["currency"]: item["amount"] for item in items}["coins"] >= 8
