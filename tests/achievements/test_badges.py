"""achievements: the rule language, tiers, secrets, once only."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from questhall.contracts.achievements import Achievements
from questhall.kernel.ids import new_id
from questhall.kernel.testing import START, Hall, HallUser
from tests.quests.test_quests import did

HOUR = timedelta(hours=1)
BASE = {"slug": "first-merge", "name": "First merge", "requirements": {"event": "activity.recorded"}, "xp_reward": 25}


async def publish(hall: Hall, definition: dict[str, Any]) -> UUID:
    author = getattr(hall, "author", None) or await hall.user("mia", role="manager")
    hall.author = author  # type: ignore[attr-defined]
    made = await author.client.post("/achievements", json=definition)
    assert made.status_code == 201, made.text
    done = await author.client.post(f"/achievements/{made.json()['id']}/publish")
    assert done.status_code == 200, done.text
    return UUID(made.json()["id"])


async def view(user: HallUser, badge: UUID) -> dict[str, Any]:
    return (await user.client.get(f"/achievements/{badge}")).json()


async def acts(hall: Hall, user: HallUser, *acts: dict[str, Any]) -> None:
    await hall.record("integrations", *(did(user, **act) for act in acts))


async def test_a_badge_is_earned_once_and_pays(hall: Hall) -> None:
    badge, wren = (
        await publish(hall, {**BASE, "requirements": {"event": "activity.recorded", "count": 2}}),
        await hall.user("wren"),
    )
    await acts(hall, wren, {})
    assert (await view(wren, badge))["mine"]["fraction"] == 0.5
    assert [e["data"]["have"] for e in await hall.log("badge.progressed")] == [1]
    await asyncio.gather(*(acts(hall, wren, {}) for _ in range(64)))
    assert len(await hall.log("badge.earned")) == 1
    mine = (await view(wren, badge))["mine"]
    assert (mine["fraction"], len(mine["awards"]), mine["revealed_at"]) == (1.0, 1, None)
    assert (await wren.client.get("/me/balances")).json()["level"]["xp"] == 25
    opened = await wren.client.post(f"/me/achievements/{badge}/reveal")
    assert opened.json()["mine"]["revealed_at"] is not None
    ben = await hall.user("ben")
    unearned = await ben.client.post(f"/me/achievements/{badge}/reveal")
    assert (unearned.status_code, unearned.json()["code"]) == (409, "not_earned")
    nothing = await ben.client.post(f"/me/achievements/{new_id()}/reveal")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "achievement_not_found")
    await hall.run_job(Achievements, "count_holders")
    assert (await view(ben, badge))["holders_percent"] == pytest.approx(33.3)
    case = (await ben.client.get("/users/wren/achievements")).json()["items"]
    assert [item["slug"] for item in case] == ["first-merge"]


@pytest.mark.parametrize(
    ("rule", "steps", "earned_after"),
    [
        (
            {"event": "activity.recorded", "where": "data.kind == 'k'", "count": 2},
            [{}, {"kind": "k"}, {"kind": "k"}],
            3,
        ),
        (
            {"event": "activity.recorded", "count": 2, "distinct": "data.attributes.repo"},
            [{"repo": "a"}, {"repo": "a"}, {}, {"repo": "b"}],
            4,
        ),
        (
            {"event": "activity.recorded", "count": 100, "sum": "data.attributes.minutes"},
            [{"minutes": 60}, {"minutes": -5}, {"minutes": "x"}, {"minutes": 40}],
            4,
        ),
        (
            {"event": "activity.recorded", "count": 2, "window": "PT2H"},
            [{"at": START}, {"at": START + timedelta(hours=3)}, {"at": START + timedelta(hours=4)}],
            3,
        ),
        (
            {"event": "activity.recorded", "streak": 3},
            [{"at": START + timedelta(days=d)} for d in (0, 1, 3, 4, 4, 5)],
            6,
        ),
        (
            {"any": [{"level": 50}, {"event": "activity.recorded", "where": "data.kind == 'k'"}]},
            [{}, {"kind": "k"}],
            2,
        ),
        (
            {"n_of": 2, "of": [{"event": "activity.recorded", "where": f"data.kind == '{k}'"} for k in "abc"]},
            [{"kind": "a"}, {"kind": "a"}, {"kind": "c"}],
            3,
        ),
    ],
)
async def test_the_rule_language(
    hall: Hall, rule: dict[str, Any], steps: list[dict[str, Any]], earned_after: int
) -> None:
    await publish(hall, {**BASE, "requirements": rule})
    wren = await hall.user("wren")
    for number, step in enumerate(steps, 1):
        await acts(hall, wren, step)
        assert len(await hall.log("badge.earned")) == (number >= earned_after), (number, step)


async def test_levels_and_badges_open_badges(hall: Hall) -> None:
    await publish(hall, {**BASE, "xp_reward": 100})
    rule = {"all": [{"badge": "first-merge"}, {"level": 2}]}
    await publish(hall, {**BASE, "slug": "both", "name": "Both", "requirements": rule})
    wren = await hall.user("wren")
    await acts(hall, wren, {})
    assert {e["data"]["slug"] for e in await hall.log("badge.earned")} == {"first-merge", "both"}


async def test_tiers_share_one_counter(hall: Hall) -> None:
    tiers = [{"name": n, "count": c, "xp_reward": c} for n, c in (("bronze", 1), ("silver", 3), ("gold", 5))]
    badge, wren = await publish(hall, {**BASE, "tiers": tiers}), await hall.user("wren")
    await acts(hall, wren, {}, {}, {})
    assert [e["data"]["tier"] for e in await hall.log("badge.earned")] == ["bronze", "silver"]
    seen = (await view(wren, badge))["mine"]
    assert (seen["tier"], seen["have"], seen["need"]) == ("silver", 3, 5)
    assert (await wren.client.get("/me/balances")).json()["level"]["xp"] == 4


async def test_a_secret_is_veiled_until_it_is_earned(hall: Hall) -> None:
    badge, wren = await publish(hall, {**BASE, "secret": True}), await hall.user("wren")
    shown = await view(wren, badge)
    assert (shown["name"], shown["requirements"], shown["icon"]) == ("???", None, "locked")
    assert "first-merge" not in str(shown)
    await acts(hall, wren, {})
    assert (await view(wren, badge))["name"] == "First merge"


async def test_badges_that_wait_for_each_other_are_refused(hall: Hall) -> None:
    author = await hall.user("mia", role="manager")
    ids = []
    for slug, other in (("aa", "bb"), ("bb", "cc"), ("cc", "aa")):
        body = {**BASE, "slug": slug, "requirements": {"badge": other}}
        ids.append((await author.client.post("/achievements", json=body)).json()["id"])
    answers = [await author.client.post(f"/achievements/{identifier}/publish") for identifier in ids]
    assert [answer.status_code for answer in answers] == [200, 200, 422]
    assert answers[2].json()["cycle"] == ["aa", "bb", "cc", "aa"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"requirements": {}}, "#/requirements"),
        ({"requirements": {"event": "user.login", "level": 3}}, "#/requirements"),
        ({"requirements": {"event": "nope"}}, "#/requirements/event"),
        ({"requirements": {"all": [{"event": "user.login", "where": "1 +"}]}}, "#/requirements/all/0/where"),
        ({"requirements": {"event": "user.login", "window": "7 days"}}, "#/requirements/window"),
        ({"requirements": {"n_of": 3, "of": [{"level": 2}]}}, "#/requirements/n_of"),
        ({"tiers": [{"name": "a", "count": 5}, {"name": "b", "count": 5}]}, "#/tiers"),
        ({"requirements": {"level": 2}, "tiers": [{"name": "a", "count": 5}]}, "#/tiers"),
        ({"rarity": "mythic"}, "#/rarity"),
    ],
)
async def test_what_cant_be_earned_cant_be_saved(hall: Hall, change: dict[str, Any], pointer: str) -> None:
    author = await hall.user("mia", role="manager")
    answer = await author.client.post("/achievements", json={**BASE, **change})
    assert answer.status_code == 422, answer.text
    assert any(error["pointer"].startswith(pointer) for error in answer.json()["errors"]), answer.json()


async def test_revert_takes_a_badge_back_once(hall: Hall) -> None:
    badge, wren = await publish(hall, BASE), await hall.user("wren")
    said = (await hall.record("integrations", did(wren)))[0]
    actions = hall.actions(Achievements)
    assert len((await actions.revert([said.id])).undone) == 1
    assert (await actions.revert([said.id])).undone == []
    await hall.drain()
    assert (await view(wren, badge))["mine"]["earned_date"] is None
    assert len(await hall.log("badge.revoked")) == 1
    assert (await wren.client.get("/me/balances")).json()["level"]["xp"] == 0, "what it paid went with it"


async def test_undone_acts_count_no_more_and_a_badge_can_be_earned_again(hall: Hall) -> None:
    rule = {"event": "activity.recorded", "count": 2}
    badge, wren = await publish(hall, {**BASE, "requirements": rule}), await hall.user("wren")
    said = await hall.record("integrations", did(wren), did(wren), did(wren))
    actions = hall.actions(Achievements)
    assert (await actions.revert([said[0].id])).undone == [], "two are left: the badge stays"
    assert len((await actions.revert([said[0].id, said[1].id])).undone) == 1
    assert (await actions.revert([said[0].id, said[1].id])).undone == []
    await hall.drain()
    assert (await view(wren, badge))["mine"]["have"] == 1
    await acts(hall, wren, {})
    assert len(await hall.log("badge.earned")) == 2
    assert len((await view(wren, badge))["mine"]["awards"]) == 1


@pytest.mark.parametrize(
    ("rule", "steps", "left"),
    [
        # The second of the two that tell the same still counts.
        (
            {"event": "activity.recorded", "count": 3, "distinct": "data.attributes.repo"},
            [{"repo": r} for r in "aab"],
            2,
        ),
        ({"event": "activity.recorded", "count": 100, "sum": "data.attributes.n"}, [{"n": n} for n in (5, 6, 7)], 13),
        (
            {"event": "activity.recorded", "count": 4, "window": "PT9H"},
            [{"at": START + timedelta(hours=h)} for h in (0, 1, 2)],
            2,
        ),
        ({"event": "activity.recorded", "streak": 5}, [{"at": START + timedelta(days=d)} for d in (0, 1, 2)], 2),
    ],
)
async def test_every_kind_of_counter_can_be_taken_back(
    hall: Hall, rule: dict[str, Any], steps: list[dict[str, Any]], left: int
) -> None:
    badge, wren = await publish(hall, {**BASE, "requirements": rule}), await hall.user("wren")
    said = await hall.record("integrations", *(did(wren, **step) for step in steps))
    await hall.actions(Achievements).revert([said[0].id])
    assert (await view(wren, badge))["mine"]["have"] == left
    if "streak" not in rule:
        await acts(hall, wren, steps[0])
        again = 0 if "distinct" in rule else steps[0].get("n", 1)
        assert (await view(wren, badge))["mine"]["have"] == left + again, "it counts again"


async def test_a_revoked_badge_closes_what_it_opened(hall: Hall) -> None:
    await publish(hall, BASE)
    await publish(hall, {**BASE, "slug": "other", "name": "Other", "requirements": {"event": "quest.completed"}})
    both = await publish(
        hall,
        {
            **BASE,
            "slug": "both",
            "name": "Both",
            "requirements": {"all": [{"badge": "first-merge"}, {"badge": "other"}]},
        },
    )
    wren = await hall.user("wren")
    said = await hall.record("integrations", did(wren))
    assert (await view(wren, both))["mine"]["have"] == 1
    await hall.actions(Achievements).revert([said[0].id])
    await hall.drain()
    assert (await view(wren, both))["mine"]["have"] == 0
