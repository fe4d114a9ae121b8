"""achievements at its edge: what may be saved, who may see what, secrets, paging, the tables of the seed."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import msgspec

from questhall.contracts.achievements import Achievements
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall
from tests.achievements.test_badges import BASE, acts, publish, view

COUNT = {"event": "activity.recorded"}


def nested(depth: int) -> dict[str, Any]:
    rule: dict[str, Any] = COUNT
    for _ in range(depth):
        rule = {"all": [rule]}
    return rule


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"requirements": {"event": "mentorship.dreamed"}}, "#/requirements/event"),
    ({"requirements": {**COUNT, "count": 0}}, "#/requirements/count"),
    ({"requirements": {**COUNT, "count": -1}}, "#/requirements/count"),
    ({"requirements": {**COUNT, "count": 2**63}}, "#/requirements/count"),
    ({"requirements": {**COUNT, "streak": 1}}, "#/requirements/streak"),
    ({"requirements": {**COUNT, "streak": 3, "window": "P1D"}}, "#/requirements/window"),
    ({"requirements": {**COUNT, "streak": 3, "distinct": "data.kind"}}, "#/requirements/distinct"),
    ({"requirements": {**COUNT, "window": "P0D"}}, "#/requirements/window"),
    ({"requirements": {**COUNT, "window": "P9999D"}}, "#/requirements/window"),
    ({"requirements": {**COUNT, "window": "P1D", "count": 501}}, "#/requirements/count"),
    ({"requirements": {**COUNT, "window": "P1D"}, "tiers": [{"name": "a", "count": 501}]}, "#/tiers/0/count"),
    ({"requirements": {**COUNT, "window": "P1D", "distinct": "data.kind"}}, "#/requirements/distinct"),
    ({"requirements": {**COUNT, "sum": "data.kind"}}, "#/requirements/sum"),
    ({"requirements": {**COUNT, "sum": "data.attributes.n", "distinct": "data.kind"}}, "#/requirements/sum"),
    ({"requirements": {**COUNT, "where": "data.kind"}}, "#/requirements/where"),
    ({"requirements": {**COUNT, "where": "nobody.kind == 1"}}, "#/requirements/where"),
    ({"requirements": {"level": 1}}, "#/requirements/level"),
    ({"requirements": {"level": 3, "count": 2}}, "#/requirements/count"),
    ({"requirements": {"streak": 3}}, "#/requirements"),
    ({"requirements": {"manual": False}}, "#/requirements/manual"),
    ({"requirements": {"all": []}}, "#/requirements/all"),
    ({"requirements": {"of": [COUNT]}}, "#/requirements/n_of"),
    (
        {"requirements": {"any": [COUNT, {"all": [COUNT, {"level": 2, "badge": "xy"}]}]}},
        "#/requirements/any/1/all/1",
    ),
    ({"requirements": {"any": [COUNT, {**COUNT, "where": "1 +"}]}}, "#/requirements/any/1/where"),
    ({"requirements": {"n_of": 1, "of": [{"all": [{"event": "x"}]}]}}, "#/requirements/of/0/all/0/event"),
    ({"requirements": nested(5)}, "#/requirements/all/0/all/0/all/0/all/0/all/0"),
    ({"requirements": nested(200)}, "#/requirements/all/0/all/0/all/0/all/0/all/0"),
    ({"requirements": {"all": [COUNT] * 21}}, "#/requirements"),
    ({"requirements": {"all": [{}] * 5000}}, "#/requirements/all/0"),
    ({"requirements": {**COUNT, "nonsense": 1}}, "#/requirements/nonsense"),
    ({"tiers": [{"name": "a", "count": n} for n in range(1, 30)]}, "#/tiers"),
    ({"tiers": [{"name": "A b", "count": 1}]}, "#/tiers/0/name"),
    ({"requirements": {**COUNT, "streak": 3}, "tiers": [{"name": "a", "count": 1}]}, "#/tiers/0/count"),
    ({"category": "magic"}, "#/category"),
    ({"xp_reward": -5}, "#/xp_reward"),
    ({"xp_reward": 2**63}, "#/xp_reward"),
    ({"slug": "No Slug"}, "#/slug"),
    ({"name": "   "}, "#/name"),
    ({"name": "a\u0000b"}, "#/name"),
    ({"description": "x\u0000"}, "#/description"),
    ({"requirements": {**COUNT, "where": "data.kind == 'a\u0000'"}}, "#/requirements/where"),
    ({"requirements": {"badge": "a\u0000b"}}, "#/requirements/badge"),
    ({"prerequisites": ["x\u0000"]}, "#/prerequisites/0"),
    ({"icon": "../../x"}, "#/icon"),
    ({"prerequisites": ["gate", "gate"]}, "#/prerequisites"),
    ({"holders": 4}, "#/holders"),
    ({"id": "0190a1b2-0000-7000-8000-000000000000"}, "#/id"),
]


async def test_nonsense_is_refused_where_it_stands(hall: Hall) -> None:
    author = await hall.user("mia", role="manager")
    for change, pointer in NONSENSE:
        answer = await author.client.post("/achievements", json={**BASE, **change})
        assert answer.status_code == 422, (change, answer.text)
        found = [error["pointer"] for error in answer.json()["errors"]]
        assert pointer in found, (change, answer.json())
        assert len(found) <= 20
    assert (await author.client.get("/achievements?status=draft")).json()["items"] == []


async def test_a_body_nested_without_end_is_refused(hall: Hall) -> None:
    author = await hall.user("mia", role="manager")
    rule = '{"all":[' * 40_000 + "]}" * 40_000
    body = '{"slug":"deep","name":"Deep","requirements":' + rule + "}"
    answer = await author.client.post("/achievements", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422), answer.text[:300]


async def test_a_badge_that_there_is_not_and_too_long_a_row_are_not_published(hall: Hall) -> None:
    author = await hall.user("mia", role="manager")
    draft = await author.client.post(
        "/achievements", json={**BASE, "requirements": {"any": [{"badge": "nobody"}, COUNT]}}
    )
    refused = await author.client.post(f"/achievements/{draft.json()['id']}/publish")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/requirements/any/0/badge")
    itself = {**BASE, "slug": "itself", "prerequisites": ["itself"]}
    draft = await author.client.post("/achievements", json=itself)
    refused = await author.client.post(f"/achievements/{draft.json()['id']}/publish")
    assert refused.json()["cycle"] == ["itself", "itself"]
    answers = []
    for n in range(7):
        rule = {"badge": f"row-{n - 1}"} if n else COUNT
        draft = await author.client.post("/achievements", json={**BASE, "slug": f"row-{n}", "requirements": rule})
        answers.append((await author.client.post(f"/achievements/{draft.json()['id']}/publish")).status_code)
    assert answers == [200] * 6 + [422]


async def test_a_cycle_is_refused_whichever_half_is_published_last_and_at_once(hall: Hall) -> None:
    author = await hall.user("mia", role="manager")
    ids = []
    for slug, other in (("aa", "bb"), ("bb", "aa")):
        body = {**BASE, "slug": slug, "requirements": {"all": [{"badge": other}, COUNT]}}
        ids.append((await author.client.post("/achievements", json=body)).json()["id"])
    answers = await asyncio.gather(*(author.client.post(f"/achievements/{one}/publish") for one in ids))
    assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_authoring_is_for_managers_and_a_stale_change_is_refused(hall: Hall) -> None:
    author, wren = await hall.user("mia", role="manager"), await hall.user("wren")
    made = await author.client.post("/achievements", json=BASE, headers={"idempotency-key": "one-badge"})
    again = await author.client.post("/achievements", json=BASE, headers={"idempotency-key": "one-badge"})
    assert (again.status_code, again.json(), again.headers["idempotency-replayed"]) == (201, made.json(), "true")
    assert (await author.client.post("/achievements", json=BASE)).json()["code"] == "slug_taken"
    badge = made.json()["id"]
    for method, path in (
        ("POST", "/achievements"),
        ("PATCH", f"/achievements/{badge}"),
        ("POST", f"/achievements/{badge}/publish"),
        ("POST", f"/achievements/{badge}/archive"),
        ("GET", f"/achievements/{badge}/draft"),
        ("GET", "/achievements?status=draft"),
    ):
        answer = await wren.client.request(method, path, json=BASE if method != "GET" else None)
        assert answer.status_code == 403, (method, path)
    assert (await wren.client.get(f"/achievements/{badge}")).status_code == 404, "a draft"
    assert (await author.client.get(f"/achievements/{badge}")).json()["status"] == "draft"
    assert (await author.client.patch(f"/achievements/{badge}", json=BASE)).status_code == 428
    changed = await author.client.patch(
        f"/achievements/{badge}", json={**BASE, "name": "A"}, headers={"if-match": made.headers.get("etag", '"1"')}
    )
    assert (changed.status_code, changed.json()["name"], changed.headers["etag"]) == (200, "A", '"2"')
    stale = await author.client.patch(f"/achievements/{badge}", json=BASE, headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    renamed = await author.client.patch(
        f"/achievements/{badge}", json={**BASE, "slug": "b2"}, headers={"if-match": '"2"'}
    )
    assert renamed.json()["code"] == "slug_taken"
    nobody = new_id()
    for method, path in (("GET", ""), ("GET", "/draft"), ("POST", "/publish"), ("POST", "/archive")):
        assert (await author.client.request(method, f"/achievements/{nobody}{path}")).status_code == 404
    assert (await author.client.post(f"/achievements/{badge}/archive")).status_code == 404, "a draft can't be archived"


async def test_pages_hold_each_badge_once(hall: Hall) -> None:
    await hall.actions(Achievements).install([{**BASE, "slug": f"b-{n}", "name": f"B {n}"} for n in range(7)])
    wren = await hall.user("wren")
    await acts(hall, wren, {})
    for path in ("/achievements", "/users/wren/achievements"):
        found: list[str] = []
        after = ""
        while True:
            page = (await wren.client.get(f"{path}?limit=3{after}")).json()
            found += [item["slug"] for item in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert found == [f"b-{n}" for n in range(7)], path
        assert (await wren.client.get(f"{path}?limit=0")).status_code == 422
        assert (await wren.client.get(f"{path}?after=nonsense")).json()["code"] == "bad_cursor"
    assert (await wren.client.get("/achievements?category=magic")).status_code == 422
    assert (await wren.client.get("/achievements?earned=false")).json()["items"] == []


async def test_what_is_closest_comes_first(hall: Hall) -> None:
    for slug, count in (("far", 10), ("near", 3), ("done", 1)):
        await publish(hall, {**BASE, "slug": slug, "requirements": {**COUNT, "count": count}})
    await publish(hall, {**BASE, "slug": "hidden", "secret": True, "requirements": {**COUNT, "count": 4}})
    wren = await hall.user("wren")
    await acts(hall, wren, {}, {})
    items = (await wren.client.get("/me/achievements/closest")).json()["items"]
    assert [(item["slug"], item["mine"]["have"]) for item in items] == [("near", 2), ("far", 2)]


async def test_a_secret_stays_one_for_whoever_has_not_earned_it(hall: Hall) -> None:
    secret = {**BASE, "slug": "whisperer", "name": "Whisperer", "description": "Told nobody", "series": "quiet"}
    tiers = [{"name": "hush", "count": 2, "xp_reward": 7}]
    badge = await publish(hall, {**secret, "requirements": COUNT, "secret": True, "tiers": tiers})
    needs = {"all": [{"badge": "whisperer"}, COUNT]}
    named = await publish(hall, {**BASE, "slug": "named", "requirements": needs, "prerequisites": ["whisperer"]})
    wren, ben = await hall.user("wren"), await hall.user("ben")
    await acts(hall, ben, {})

    async def seen(user: Any) -> str:
        paths = ["/achievements", f"/achievements/{badge}", f"/achievements/{named}", "/me/achievements/closest"]
        paths += ["/users/wren/achievements", "/users/ben/achievements", "/achievements?q=whisper", "/me/history"]
        return "".join([(await user.client.get(path)).text for path in paths])

    words = ("whisperer", "Whisperer", "Told nobody", "quiet", "hush")
    said = [msgspec.json.encode(event["data"]).decode() for event in await hall.log("badge.progressed")]
    said += [msgspec.json.encode(event["data"]).decode() for event in await hall.log("achievement.published")]
    for text in (await seen(wren), await seen(ben), *said):
        assert not [word for word in words if word in text]
    await acts(hall, wren, {}, {})
    assert "Told nobody" in await seen(wren)
    assert not [word for word in words if word in await seen(ben)], "also in the case of who has it"
    shown = await view(ben, badge)
    assert (shown["mine"]["have"], shown["mine"]["need"], shown["xp_reward"], shown["requirements"]) == (0, 1, 0, None)
    assert (await view(ben, named))["requirements"]["all"][0]["badge"] == shown["slug"]


async def test_only_what_is_ones_own_can_be_opened(hall: Hall) -> None:
    badge, wren = await publish(hall, BASE), await hall.user("wren")
    ben = await hall.user("ben")
    await acts(hall, wren, {})
    assert (await ben.client.post(f"/me/achievements/{badge}/reveal")).status_code == 409
    assert (await ben.client.post(f"/me/achievements/{new_id()}/reveal")).status_code == 404
    first = (await wren.client.post(f"/me/achievements/{badge}/reveal")).json()["mine"]["revealed_at"]
    again = (await wren.client.post(f"/me/achievements/{badge}/reveal")).json()["mine"]["revealed_at"]
    assert first == again is not None
    award = (await view(wren, badge))["mine"]["awards"][0]["award_id"]
    assert (await ben.client.get(f"/why/badge/{award}")).status_code == 404
    assert (await ben.client.get("/users/nobody/achievements")).status_code == 404


async def test_a_sign_in_and_a_quest_are_heard(hall: Hall) -> None:
    await publish(hall, {**BASE, "requirements": {"event": "user.login"}})
    wren = await hall.user("wren")
    await wren.client.get("/me")
    await hall.drain()
    assert [event["subject"] for event in await hall.log("badge.earned")].count(str(wren.user_id)) == 1


async def test_the_tables_have_the_columns_of_the_founding_document(hall: Hall) -> None:
    wanted = {
        "achievements": "id name description icon_url category requirements xp_reward rarity secret tiers series "
        "prerequisites version status",
        "user_achievements": "user_id achievement_id earned_date progress revealed_at showcased",
        "achievement_awards": "rule_version causation_id awarded_at revoked_at",
    }
    admin = await asyncpg.connect(hall.admin_url)
    for table, columns in wanted.items():
        rows = await admin.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'achievements' AND table_name = $1",
            table,
        )
        assert set(columns.split()) <= {row[0] for row in rows}, table
    await admin.close()


async def test_text_that_a_database_would_not_take_parks_nobody(hall: Hall) -> None:
    rule = {**COUNT, "distinct": "data.attributes.value", "count": 3}
    badge, wren = await publish(hall, {**BASE, "requirements": rule}), await hall.user("wren")
    await acts(hall, wren, {"value": "é" * 5000}, {"value": "שלום"}, {"value": ["a", {"b": 1}]})
    assert (await view(wren, badge))["mine"]["fraction"] == 1.0
