"""Badges by hand, the showcase, the rare board."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from questhall.contracts.achievements import Achievements
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall, HallUser
from tests.achievements.test_badges import acts, publish, view

_MINUTE = timedelta(minutes=1)
KIND: dict[str, Any] = {"slug": "kind", "name": "Kind", "requirements": {"manual": True}, "xp_reward": 30}
BUSY: dict[str, Any] = {
    "slug": "busy",
    "name": "Busy",
    "requirements": {"event": "activity.recorded"},
    "xp_reward": 20,
}


def author_of(hall: Hall) -> HallUser:
    author: HallUser = hall.author  # type: ignore[attr-defined]
    return author


async def by_hand(hall: Hall, what: str, badge: UUID, **more: Any) -> httpx.Response:
    body = {"username": "wren", "reason": "helped a newcomer", **more}
    key = body.pop("key", None)
    headers = {} if key is None else {"idempotency-key": key}
    return await author_of(hall).client.post(f"/achievements/{badge}/{what}", json=body, headers=headers)


async def xp(user: HallUser) -> int:
    return (await user.client.get("/me/balances")).json()["level"]["xp"]


async def test_a_badge_given_by_hand_pays_and_says_why(hall: Hall) -> None:
    badge, wren = await publish(hall, KIND), await hall.user("wren")
    made = await by_hand(hall, "award", badge, key="one")
    again = await by_hand(hall, "award", badge, key="one")
    assert (made.status_code, made.json()) == (201, again.json())
    twice = await by_hand(hall, "award", badge)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_earned")
    await hall.drain()
    assert await xp(wren) == 30
    mine = (await view(wren, badge))["mine"]
    assert [(award["by_hand"], award["reason"]) for award in mine["awards"]] == [(True, "helped a newcomer")]
    [shown] = (await author_of(hall).client.get("/users/wren/achievements")).json()["items"]
    assert [(award["by_hand"], award["reason"]) for award in shown["mine"]["awards"]] == [(True, None)], "to its holder"
    why = (await wren.client.get(f"/why/badge/{made.json()['award_ids'][0]}")).json()
    assert why["steps"][0]["detail"] == "by hand: helped a newcomer"
    [earned] = await hall.log("badge.earned")
    assert earned["actor"] == f"admin:{author_of(hall).user_id}"


async def test_64_at_once_give_it_once(hall: Hall) -> None:
    badge, wren = await publish(hall, KIND), await hall.user("wren")
    answers = await asyncio.gather(*(by_hand(hall, "award", badge) for _ in range(64)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 63]
    await hall.drain()
    assert await xp(wren) == 30


async def test_what_a_hand_took_back_only_a_hand_gives_again(hall: Hall) -> None:
    badge, wren = await publish(hall, BUSY), await hall.user("wren")
    await acts(hall, wren, {})
    assert await xp(wren) == 20
    gone = await by_hand(hall, "revoke", badge, reason="made by a script")
    assert gone.status_code == 200
    await hall.drain()
    assert await xp(wren) == 0, "what it paid went with it"
    await acts(hall, wren, {}, {})
    mine = (await view(wren, badge))["mine"]
    assert (mine["earned_date"], await xp(wren)) == (None, 0), "no rule gives it again"
    none = await by_hand(hall, "revoke", badge)
    assert (none.status_code, none.json()["code"]) == (409, "not_earned")
    assert (await by_hand(hall, "award", badge)).status_code == 201
    await hall.drain()
    assert await xp(wren) == 20
    [revoked] = await hall.log("badge.revoked")
    assert revoked["data"]["reason"] == "made by a script"


async def test_no_rule_takes_back_what_a_hand_gave_and_an_undo_does(hall: Hall) -> None:
    late = {**KIND, "slug": "late", "requirements": {"event": "activity.recorded", "count": 50}}
    badge, wren = await publish(hall, late), await hall.user("wren")
    await acts(hall, wren, {})
    [act] = await hall.log("activity.recorded")
    assert (await by_hand(hall, "award", badge)).status_code == 201
    await hall.drain()
    await hall.actions(Achievements).revert([act["id"]])
    assert (await view(wren, badge))["mine"]["earned_date"] is not None
    [earned] = await hall.log("badge.earned")
    undone = await hall.actions(Achievements).revert([earned["causation_id"]])
    assert len(undone.undone) == 1
    await hall.drain()
    assert await xp(wren) == 0


async def test_tiers_by_hand(hall: Hall) -> None:
    tiers = [{"name": "bronze", "count": 5, "xp_reward": 1}, {"name": "gold", "count": 50, "xp_reward": 7}]
    requirements = {"event": "activity.recorded", "count": 50}
    badge = await publish(hall, {**BUSY, "requirements": requirements, "tiers": tiers})
    wren = await hall.user("wren")
    for wrong in (None, "silver"):
        refused = await by_hand(hall, "award", badge, tier=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_tier")
    assert (await by_hand(hall, "award", badge, tier="gold")).status_code == 201
    assert (await by_hand(hall, "award", badge, tier="bronze")).status_code == 201
    await hall.drain()
    assert await xp(wren) == 8
    assert (await by_hand(hall, "revoke", badge, tier="gold")).status_code == 200
    await hall.drain()
    assert await xp(wren) == 1
    assert len((await by_hand(hall, "revoke", badge)).json()["award_ids"]) == 1


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({"username": "nobody"}, "user_not_found", 404),
        ({"reason": "  "}, "invalid", 422),
        ({"reason": "x" * 201}, "invalid", 422),
        ({"award_id": "x"}, "invalid", 422),
    ],
)
async def test_bad_hands(hall: Hall, body: dict[str, Any], code: str, status: int) -> None:
    badge, wren = await publish(hall, KIND), await hall.user("wren")
    for what in ("award", "revoke"):
        answer = await by_hand(hall, what, badge, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        missing = await by_hand(hall, what, new_id())
        assert missing.json()["code"] == "achievement_not_found"
        own = await wren.client.post(f"/achievements/{badge}/{what}", json={"username": "wren", "reason": "me me"})
        assert own.status_code == 403


# Showcase


async def test_a_showcase_holds_what_was_earned_in_the_players_order(hall: Hall) -> None:
    badges = [await publish(hall, {**KIND, "slug": f"kind-{n}", "name": f"Kind {n}"}) for n in range(3)]
    wren, ben = await hall.user("wren"), await hall.user("ben")
    for badge in badges[:2]:
        await by_hand(hall, "award", badge)
    chosen = [str(badges[1]), str(badges[0])]
    assert (await wren.client.put("/me/showcase", json={"achievement_ids": chosen})).status_code == 200

    async def shown() -> dict[str, int | None]:
        case = (await ben.client.get("/users/wren/achievements")).json()["items"]
        return {item["id"]: item["mine"]["showcased"] for item in case}

    assert await shown() == {chosen[0]: 1, chosen[1]: 2}
    for ids, status in (
        ([*chosen, str(badges[2])], 409),
        ([chosen[0], chosen[0]], 422),
        ([str(new_id())], 409),
        ([chosen[0]] * 7, 422),
    ):
        assert (await wren.client.put("/me/showcase", json={"achievement_ids": ids})).status_code == status
    assert await shown() == {chosen[0]: 1, chosen[1]: 2}, "what was refused changed nothing"
    await by_hand(hall, "revoke", badges[1])
    assert (await wren.client.put("/me/showcase", json={"achievement_ids": chosen[1:]})).status_code == 200
    assert await shown() == {chosen[1]: 1}
    assert (await wren.client.put("/me/showcase", json={"achievement_ids": []})).status_code == 200
    assert await shown() == {chosen[1]: None}


# The rare board


async def test_the_board_weighs_rarity_and_ties_go_to_the_earlier(hall: Hall) -> None:
    for rarity in ("common", "rare", "epic", "legendary"):
        await publish(hall, {**KIND, "slug": rarity, "name": rarity, "rarity": rarity})
    page = await author_of(hall).client.get("/achievements", params={"limit": 100})
    ids = {item["slug"]: UUID(item["id"]) for item in page.json()["items"]}
    users = {name: await hall.user(name) for name in ("wren", "ben", "cleo", "dora", "emil")}
    holdings = [("ben", "rare"), ("wren", "rare"), ("cleo", "legendary"), ("dora", "epic"), ("dora", "common")]
    for number, (name, slug) in enumerate(holdings):
        hall.clock.advance(_MINUTE * number)
        assert (await by_hand(hall, "award", ids[slug], username=name)).status_code == 201
    etag = (await users["dora"].client.get("/me")).headers["etag"]
    await users["dora"].client.patch("/me", json={"look": {"hair": "bun"}}, headers={"if-match": etag})
    await hall.run_job(Achievements, "count_holders")
    board = (await users["wren"].client.get("/achievements/rare-board")).json()
    assert [line["look"] and line["look"]["hair"] for line in board["items"]] == [None, "bun", None, None]
    assert [(line["rank"], line["username"], line["points"]) for line in board["items"]] == [
        (1, "cleo", 125),
        (2, "dora", 26),
        (3, "ben", 5),
        (4, "wren", 5),
    ]
    assert board["mine"]["rank"] == 4
    assert (board["items"][1]["epic"], board["items"][1]["common"]) == (1, 1)
    assert (await users["emil"].client.get("/achievements/rare-board")).json()["mine"] is None
    etag = (await users["cleo"].client.get("/me")).headers["etag"]
    hidden = await users["cleo"].client.patch("/me", json={"private": True}, headers={"if-match": etag})
    assert hidden.status_code == 200
    await by_hand(hall, "revoke", ids["rare"], username="ben")
    await hall.run_job(Achievements, "count_holders")
    board = (await users["cleo"].client.get("/achievements/rare-board?limit=1")).json()
    assert [line["username"] for line in board["items"]] == ["dora"], "who is private is on no board"
    assert board["mine"] is None
    assert (await hall.client().get("/achievements/rare-board")).status_code == 401
