"""achievements: races and redelivery, versions, undo and what it takes along, the cost of a batch, floods, the cache."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from questhall.contracts.achievements import Achievements
from questhall.contracts.identity import UserUpdated
from questhall.kernel.ids import new_id
from questhall.kernel.testing import START, Hall, HallUser
from questhall.services.achievements import rules
from tests.achievements.test_badges import BASE, acts, publish, view
from tests.achievements.test_models import BEGAN, Act, deliver, envelope
from tests.quests.test_quests import did

DAY = timedelta(days=1)


async def change(hall: Hall, badge: Any, definition: dict[str, Any]) -> None:
    author: HallUser = hall.author  # type: ignore[attr-defined]
    edit = (await author.client.get(f"/achievements/{badge}/draft")).headers["etag"]
    saved = await author.client.patch(f"/achievements/{badge}", json=definition, headers={"if-match": edit})
    assert saved.status_code == 200, saved.text
    done = await author.client.post(f"/achievements/{badge}/publish")
    assert done.status_code == 200, done.text


async def xp(user: HallUser) -> int:
    return (await user.client.get("/me/balances")).json()["level"]["xp"]


# Once, whatever races


async def test_one_delivery_sixty_four_times_at_once_counts_once(hall: Hall) -> None:
    badge = await publish(hall, {**BASE, "requirements": {"event": "activity.recorded", "count": 2}})
    wren = await hall.user("wren")
    one = envelope(wren.user_id, Act("a", BEGAN, "x", 1, False))
    consumer = hall.installation.process.running["achievements"].consumer
    await asyncio.gather(*(consumer.take([one, one]) for _ in range(64)))
    assert (await view(wren, badge))["mine"]["have"] == 1
    others = [envelope(wren.user_id, Act("a", BEGAN, "x", 1, False)) for _ in range(64)]
    await asyncio.gather(*(consumer.take([other]) for other in others))
    await asyncio.gather(*(consumer.take([other]) for other in others))
    await hall.drain()
    assert len(await hall.log("badge.earned")) == 1
    assert await xp(wren) == 25


async def test_a_big_event_gives_several_tiers_at_once_each_paid_once(hall: Hall) -> None:
    rule = {"event": "activity.recorded", "sum": "data.attributes.n"}
    tiers = [{"name": n, "count": c, "xp_reward": c} for n, c in (("bronze", 10), ("silver", 20), ("gold", 40))]
    badge, wren = await publish(hall, {**BASE, "requirements": rule, "tiers": tiers}), await hall.user("wren")
    said = await hall.record("integrations", did(wren, n=25))
    assert [e["data"]["tier"] for e in await hall.log("badge.earned")] == ["bronze", "silver"]
    assert await xp(wren) == 30
    await acts(hall, wren, {"n": 2**60}, {"n": 15})
    assert (await view(wren, badge))["mine"]["tier"] == "gold"
    await hall.actions(Achievements).revert([said[0].id])
    await hall.drain()
    assert (await view(wren, badge))["mine"]["tier"] == "bronze", "15 are left"
    assert await xp(wren) == 10


# Versions


async def test_a_new_version_goes_on_with_what_counts_the_same_and_begins_anew_with_what_does_not(hall: Hall) -> None:
    merged = {"event": "activity.recorded", "where": "data.kind == 'k'", "count": 2}
    badge, wren = await publish(hall, {**BASE, "requirements": merged}), await hall.user("wren")
    await acts(hall, wren, {"kind": "k"}, {"kind": "other"})
    await change(hall, badge, {**BASE, "requirements": {"any": [{"level": 40}, {**merged, "count": 3}]}})
    await acts(hall, wren, {"kind": "k"})
    assert await hall.log("badge.earned") == [], "three are asked for now"
    await acts(hall, wren, {"kind": "k"})
    assert [e["data"]["version"] for e in await hall.log("badge.earned")] == [2]
    ben = await hall.user("ben")
    await acts(hall, ben, {"kind": "k"})
    await change(hall, badge, {**BASE, "requirements": {**merged, "where": "data.kind == 'l'"}})
    assert (await view(ben, badge))["mine"]["have"] == 0
    mine = (await view(wren, badge))["mine"]
    assert (mine["fraction"], [award["rule_version"] for award in mine["awards"]]) == (1.0, [2])


async def test_a_longer_window_count_looks_back_at_what_was_counted(hall: Hall) -> None:
    rule = {"event": "activity.recorded", "window": "P7D"}
    badge, wren = await publish(hall, {**BASE, "requirements": {**rule, "count": 8}}), await hall.user("wren")
    tight = {**BASE, "requirements": {**rule, "count": 3}}
    await change(hall, badge, {**tight, "prerequisites": []})
    await change(hall, badge, {**BASE, "requirements": {**rule, "count": 6}})
    await acts(hall, wren, *({"at": START + timedelta(hours=h)} for h in range(4)))
    await change(hall, badge, {**BASE, "requirements": {**rule, "count": 9}})
    await acts(hall, wren, *({"at": START + timedelta(hours=h)} for h in range(4, 8)))
    assert await hall.log("badge.earned") == []
    await acts(hall, wren, {"at": START + timedelta(hours=8)})
    assert len(await hall.log("badge.earned")) == 1


async def test_an_award_is_judged_by_the_version_that_made_it(hall: Hall) -> None:
    first = {**BASE, "requirements": {"event": "activity.recorded", "where": "data.kind == 'k'"}}
    badge, wren = await publish(hall, first), await hall.user("wren")
    said = await hall.record("integrations", did(wren, kind="k"), did(wren, kind="k"))
    await change(hall, badge, {**first, "requirements": {"event": "activity.recorded", "count": 500}})
    actions = hall.actions(Achievements)
    assert (await actions.revert([said[0].id])).undone == [], "one is left, and one was enough"
    archived = await hall.author.client.post(f"/achievements/{badge}/archive")  # type: ignore[attr-defined]
    assert archived.status_code == 200
    assert len((await actions.revert([said[1].id])).undone) == 1
    await hall.drain()
    assert await xp(wren) == 0


async def test_publishing_what_is_published_already_makes_no_version(hall: Hall) -> None:
    badge = await publish(hall, BASE)
    again = await hall.author.client.post(f"/achievements/{badge}/publish")  # type: ignore[attr-defined]
    assert (again.status_code, again.json()["version"]) == (200, 1)
    assert len(await hall.log("achievement.published")) == 1


# Undo, and what stood on it


async def test_an_undo_of_later_acts_leaves_a_window_and_a_streak_that_were_full_once(hall: Hall) -> None:
    rule = {
        "all": [
            {"event": "activity.recorded", "count": 3, "window": "PT3H"},
            {"event": "activity.recorded", "streak": 3},
        ]
    }
    badge, wren = await publish(hall, {**BASE, "requirements": rule}), await hall.user("wren")
    early = [did(wren, at=START + timedelta(hours=h)) for h in (0, 1, 2, 24, 48)]
    await hall.record("integrations", *early)
    late = await hall.record("integrations", *(did(wren, at=START + d * DAY) for d in (9, 20)))
    assert len(await hall.log("badge.earned")) == 1
    assert (await hall.actions(Achievements).revert([event.id for event in late])).undone == []
    assert (await view(wren, badge))["mine"]["fraction"] == 1.0


async def test_what_stood_on_a_badge_or_a_level_goes_with_it(hall: Hall) -> None:
    await publish(hall, {**BASE, "xp_reward": 100})
    await publish(hall, {**BASE, "slug": "on-it", "name": "On it", "requirements": {"badge": "first-merge"}})
    await publish(hall, {**BASE, "slug": "second", "name": "Second level", "requirements": {"level": 2}})
    gated = {**BASE, "slug": "gated", "name": "Gated", "prerequisites": ["on-it"]}
    await publish(hall, gated)
    wren = await hall.user("wren")
    said = await hall.record("integrations", did(wren))
    slugs = {"first-merge", "on-it", "second", "gated"}
    assert {e["data"]["slug"] for e in await hall.log("badge.earned")} == slugs
    assert await xp(wren) == 175
    for _ in range(2):
        await hall.actions(Achievements).revert([said[0].id])
        await hall.drain()
        assert {e["data"]["slug"] for e in await hall.log("badge.revoked")} == slugs
        assert await xp(wren) == 0
    assert len(await hall.log("badge.revoked")) == 4
    assert (await wren.client.get("/users/wren/achievements")).json()["items"] == []


async def test_what_stood_on_a_lost_level_comes_back_with_it_and_counts_it_once(hall: Hall) -> None:
    reached = {"event": "level.reached"}
    await publish(hall, {**BASE, "xp_reward": 100})
    await publish(hall, {**BASE, "slug": "second", "name": "Second level", "requirements": {"level": 2}})
    counted = await publish(hall, {**BASE, "slug": "rise", "name": "Rise", "requirements": {**reached, "count": 3}})
    told = {**reached, "where": "data.level == 2", "distinct": "data.level"}
    await publish(hall, {**BASE, "slug": "two", "name": "Two", "requirements": told})
    wren, actions = await hall.user("wren"), hall.actions(Achievements)
    for number in (1, 2):
        said = await hall.record("integrations", did(wren))
        assert len([e for e in await hall.log("badge.earned") if e["data"]["slug"] == "second"]) == number
        assert (await view(wren, counted))["mine"]["have"] == 1, "what counts the level has it already"
        await actions.revert([said[0].id])
        await hall.drain()
        revoked = [e for e in await hall.log("badge.revoked") if e["data"]["slug"] == "second"]
        assert [e["causation_id"] for e in revoked] == [e["id"] for e in await hall.log("level.lost")], "that took it"
        assert len(revoked) == number
    assert len([e for e in await hall.log("badge.earned") if e["data"]["slug"] == "two"]) == 1
    await actions.revert([event["id"] for event in await hall.log("level.reached")])
    await hall.record("integrations", did(wren))
    assert (await view(wren, counted))["mine"]["have"] == 1, "what was undone is counted anew"
    assert len([e for e in await hall.log("badge.earned") if e["data"]["slug"] == "two"]) == 2


async def test_a_badge_that_is_published_later_knows_the_level_and_the_badges_a_player_has(hall: Hall) -> None:
    await publish(hall, {**BASE, "xp_reward": 100})
    wren = await hall.user("wren")
    await acts(hall, wren, {})
    rule = {"all": [{"badge": "first-merge"}, {"level": 2}, {"event": "activity.recorded"}]}
    late = await publish(hall, {**BASE, "slug": "late", "name": "Late", "requirements": rule})
    assert (await view(wren, late))["mine"]["have"] == 2
    await acts(hall, wren, {})
    assert (await view(wren, late))["mine"]["fraction"] == 1.0


async def test_prerequisites_hold_back_the_award_and_not_the_counter(hall: Hall) -> None:
    await publish(hall, {**BASE, "slug": "gate", "name": "Gate", "requirements": {"event": "quest.completed"}})
    badge = await publish(hall, {**BASE, "prerequisites": ["gate"]})
    wren = await hall.user("wren")
    await acts(hall, wren, {})
    assert (await view(wren, badge))["mine"]["earned_date"] is None
    gate = next(i for i, slug in hall.actions(Achievements).book.slugs.items() if slug == "gate")
    await change(
        hall,
        gate,
        {
            **BASE,
            "slug": "gate",
            "name": "Gate",
            "requirements": {"event": "activity.recorded", "where": "data.kind == 'k'"},
        },
    )
    await acts(hall, wren, {"kind": "k"})
    assert (await view(wren, badge))["mine"]["earned_date"] is not None


# Days


async def test_a_streak_of_days_in_the_players_zone_over_a_change_of_clocks_and_of_zone(hall: Hall) -> None:
    rule = {"event": "activity.recorded", "streak": 3}
    badge, wren = await publish(hall, {**BASE, "requirements": rule}), await hall.user("wren", timezone="Europe/Berlin")
    # 28 March 23:30, 29 March 00:30 (the clocks go forward that night), in Berlin; both are the 28th in UTC.
    first = START.replace(month=3, day=28, hour=22, minute=30)
    await acts(hall, wren, {"at": first}, {"at": first + timedelta(hours=1)})
    assert (await view(wren, badge))["mine"]["have"] == 2 or hall.clock.now() > first + 2 * DAY
    # Flying from Pago Pago to Kiritimati skips a day.
    ben = await hall.user("ben", timezone="Pacific/Pago_Pago")
    east = START.replace(month=3, day=10, hour=11, minute=0)  # midnight in Pago Pago
    moved = UserUpdated(
        user_id=ben.user_id,
        username="ben",
        display_name="ben",
        timezone="Pacific/Kiritimati",
        locale="en",
        zone_from=east,
    )
    await acts(hall, ben, {"at": east - timedelta(hours=30)}, {"at": east - timedelta(hours=2)})
    await hall.record("identity", moved)
    await acts(hall, ben, {"at": east + timedelta(hours=2)})
    assert [e["subject"] for e in await hall.log("badge.earned")] == [str(ben.user_id)]


async def test_what_waited_for_its_account_is_no_part_of_a_streak_but_counts(hall: Hall) -> None:
    days = await publish(hall, {**BASE, "requirements": {"event": "activity.recorded", "streak": 2}})
    count = await publish(
        hall, {**BASE, "slug": "two", "name": "Two", "requirements": {"event": "activity.recorded", "count": 2}}
    )
    wren = await hall.user("wren")
    await acts(hall, wren, {"waited": True, "at": START - DAY}, {"at": START})
    assert (await view(wren, days))["mine"]["have"] == 1
    assert (await view(wren, count))["mine"]["have"] == 2


async def test_a_window_slides_on_and_a_streak_ends_while_nothing_comes(hall: Hall) -> None:
    window = await publish(hall, {**BASE, "requirements": {"event": "activity.recorded", "count": 5, "window": "P1D"}})
    days = await publish(
        hall, {**BASE, "slug": "days", "name": "Days", "requirements": {"event": "activity.recorded", "streak": 5}}
    )
    wren = await hall.user("wren")
    await acts(hall, wren, {"at": START - DAY + timedelta(hours=1)}, {"at": START})
    assert [(await view(wren, badge))["mine"]["have"] for badge in (window, days)] == [2, 2]
    hall.clock.set(START + timedelta(hours=12))
    assert [(await view(wren, badge))["mine"]["have"] for badge in (window, days)] == [1, 2]
    hall.clock.set(START + 3 * DAY)
    assert [(await view(wren, badge))["mine"]["have"] for badge in (window, days)] == [0, 0]


# Cost


class Counted:
    """A Tx that counts its statements."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.statements = 0

    def __getattr__(self, name: str) -> Any:
        if name in ("fetch", "fetchrow", "fetchval", "execute", "executemany"):
            self.statements += 1
        return getattr(self._tx, name)


async def test_a_batch_takes_the_same_statements_however_long_it_is(hall: Hall) -> None:
    await publish(hall, {**BASE, "requirements": {"event": "activity.recorded", "count": 3}})
    more: list[dict[str, Any]] = [
        {"requirements": {"event": "activity.recorded", "distinct": "data.attributes.value", "count": 2}},
        {"requirements": {"event": "activity.recorded", "window": "P1D", "count": 2}},
        {"requirements": {"event": "activity.recorded", "streak": 2}},
        {"requirements": {"event": "activity.recorded"}, "prerequisites": ["first-merge"]},
        {"requirements": {"all": [{"level": 2}, {"badge": "first-merge"}, {"event": "activity.recorded"}]}},
    ]
    for number, rule in enumerate(more):
        await publish(hall, {**BASE, "slug": f"more-{number}", "name": f"More {number}", **rule})
    players = [await hall.user(f"player{n}") for n in range(4)]
    actions, counts = hall.actions(Achievements), []
    for size in (2, 200):
        events = [
            envelope(players[n % 4].user_id, Act("a", BEGAN + timedelta(hours=n % 70), f"v{n % 9}", n, False))
            for n in range(size)
        ]
        async with hall.database(Achievements).tx() as tx:
            counted = Counted(tx)
            await actions.count_events(counted, events)
        counts.append(counted.statements)
    assert counts[1] <= 12
    assert counts[1] - counts[0] <= 3, "an award, a late window and what is made the first time, and no more"


async def test_a_type_that_no_rule_names_costs_nothing(hall: Hall) -> None:
    await publish(hall, {**BASE, "requirements": {"event": "quest.completed"}})
    wren = await hall.user("wren")
    async with hall.database(Achievements).tx() as tx:
        counted = Counted(tx)
        await hall.actions(Achievements).count_events(
            counted, [envelope(wren.user_id, Act("a", BEGAN, "x", 1, False)) for _ in range(50)]
        )
    assert counted.statements == 0


async def test_a_thousand_events_say_progress_a_bounded_number_of_times(hall: Hall) -> None:
    tiers = [{"name": "bronze", "count": 400}, {"name": "silver", "count": 5000}]
    badge, wren = await publish(hall, {**BASE, "tiers": tiers}), await hall.user("wren")
    events = [envelope(wren.user_id, Act("a", BEGAN, "x", 1, False)) for _ in range(1000)]
    async with asyncio.timeout(120):
        await deliver(hall, events, 1)
    said = [e["data"] for e in await hall.log("badge.progressed")]
    assert 30 < len(said) <= 2 * 50
    assert [one["have"] for one in said] == sorted(one["have"] for one in said)
    assert {one["need"] for one in said} == {400, 5000}
    assert (await view(wren, badge))["mine"]["have"] == 1000


# What all see alike


async def test_the_catalogue_is_read_from_the_cache_and_renewed_by_what_is_authored(hall: Hall) -> None:
    badge, wren = await publish(hall, BASE), await hall.user("wren")
    assert (await view(wren, badge))["name"] == "First merge"
    async with hall.database(Achievements).tx() as tx:
        await tx.execute("UPDATE achievements SET edit = 77")
    assert (await view(wren, badge))["edit"] != 77, "from the cache"
    await hall.run_job(Achievements, "count_holders")
    assert (await view(wren, badge))["edit"] == 77, "told anew by the job"
    await change(hall, badge, {**BASE, "name": "Anew"})
    assert (await view(wren, badge))["name"] == "Anew"


async def test_without_redis_badges_are_read_from_the_database(hall: Hall) -> None:
    badge, wren = await publish(hall, BASE), await hall.user("wren")
    actions = hall.actions(Achievements)
    actions.at.cache._away_until = float("inf")
    await acts(hall, wren, {})
    seen = await view(wren, badge)
    assert (seen["name"], seen["mine"]["fraction"]) == ("First merge", 1.0)
    await change(hall, badge, {**BASE, "name": "Anew"})
    assert (await view(wren, badge))["name"] == "Anew", "what was kept in memory was renewed too"


@pytest.mark.parametrize(
    ("rule", "done", "wanted"),
    [
        ({"any": [{"all": [{"level": 5}, {"badge": "ex"}]}, {"all": [{"level": 9}, {"badge": "ex"}]}]}, {"ex"}, (1, 2)),
        ({"all": [{"any": [{"badge": "ex"}, {"badge": "why"}]}, {"level": 5}]}, {"ex", "why"}, (1, 2)),
        ({"n_of": 2, "of": [{"badge": "ex"}, {"badge": "why"}, {"level": 5}]}, {"why"}, (1, 2)),
        ({"n_of": 1, "of": [{"badge": "ex"}, {"all": [{"badge": "why"}, {"level": 5}]}]}, {"why"}, (1, 2)),
        ({"badge": "ex"}, {"ex"}, (1, 1)),
        ({"manual": True}, set(), (0, 1)),
    ],
)
def test_how_far_a_rule_is_never_says_more_than_it_holds(
    rule: dict[str, Any], done: set[str], wanted: tuple[int, int]
) -> None:
    d = msgspec.convert({**BASE, "requirements": rule}, rules.Definition)
    badge = rules.compiled(new_id(), 1, d)
    assert rules.standing(badge, {}, rules.State(held=done)) == wanted
