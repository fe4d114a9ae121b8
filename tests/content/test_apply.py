"""Applying content: what becomes a version, what is refused with its place, and that it is all or nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from questhall import starter
from questhall.contracts.achievements import Achievements
from questhall.contracts.quests import Quests, QuestSlugTaken
from questhall.kernel.contract import Cause
from questhall.kernel.database import current_cause
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall
from questhall.kernel.versions import Heads
from questhall.services.achievements import repository as badge_repository
from questhall.services.quests import repository as quest_repository
from questhall.services.quests import rules as quest_rules
from tests.achievements.test_badges import BASE
from tests.quests.test_quests import MERGE, READ, did, publish

Definition = dict[str, Any]


async def apply(hall: Hall, contract: Any, *definitions: Definition) -> dict[str, str]:
    """Applies what has no faults; answers what became of each slug."""
    plan = await hall.installation.process.stub("cli", contract).apply(list(definitions))
    assert plan.faults == []
    await hall.drain()
    return {change.slug: change.does for change in plan.changes}


async def faults(hall: Hall, contract: Any, *definitions: Definition) -> list[tuple[str, str]]:
    """Where content is refused; nothing of it is there afterwards, and ``plan`` says the same."""
    stub = hall.installation.process.stub("cli", contract)
    before = await stub.content()
    plan = await stub.apply(list(definitions))
    assert await stub.content() == before
    assert await stub.plan(list(definitions)) == plan
    assert plan.changes == []
    return [(fault.slug, fault.pointer) for fault in plan.faults]


def badge(slug: str, *needs: str, **more: Any) -> Definition:
    return {**BASE, "slug": slug, "name": slug, "prerequisites": list(needs), **more}


def quest(slug: str, *needs: str, **more: Any) -> Definition:
    return {**READ, "slug": slug, "title": slug, "prerequisites": {"quests": list(needs)}, **more}


async def test_a_change_is_a_version_once_and_a_run_finishes_under_its_own(hall: Hall) -> None:
    identifier = await publish(hall, {**MERGE, "objectives": [{**MERGE["objectives"][0], "count": 2}]})
    wren, ben = await hall.user("wren"), await hall.user("ben")
    await hall.record("integrations", did(wren))
    cause = Cause(correlation_id=new_id(), causation_id=new_id(), actor="service:cli")
    token = current_cause.set(cause)
    assert await apply(hall, Quests, MERGE) == {"merge-one": "change"}
    assert await apply(hall, Quests, MERGE) == {"merge-one": "same"}
    current_cause.reset(token)
    said = await hall.log("quest.published")
    assert [(event["data"]["version"], event["actor"]) for event in said] == [
        (1, f"admin:{hall.author.user_id}"),  # type: ignore[attr-defined]
        (2, "service:cli"),
    ]
    assert said[1]["correlation_id"] == cause.correlation_id
    await hall.record("integrations", did(ben))
    done = {event["subject"] for event in await hall.log("quest.completed")}
    assert done == {str(ben.user_id)}
    await hall.record("integrations", did(wren))
    assert len(await hall.log("quest.completed")) == 2
    view = (await ben.client.get(f"/quests/{identifier}")).json()
    assert (view["version"], view["objectives"][0]["count"]) == (2, 1)


async def test_a_badge_of_a_file_can_be_earned_and_is_told_anew(hall: Hall) -> None:
    assert await apply(hall, Achievements, badge("first")) == {"first": "create"}
    wren = await hall.user("wren")
    await hall.record("integrations", did(wren))
    assert [event["data"]["slug"] for event in await hall.log("badge.earned")] == ["first"]
    assert await apply(hall, Achievements, badge("first", description="Well done")) == {"first": "change"}
    shown = (await wren.client.get("/achievements")).json()["items"]
    assert [(one["description"], one["version"]) for one in shown] == [("Well done", 2)]


async def test_what_is_not_named_stays_and_states_move_as_authors_move_them(hall: Hall) -> None:
    stays = quest("stays", status="draft")
    assert await apply(hall, Quests, quest("aa"), stays) == {"aa": "create", "stays": "create"}
    assert await apply(hall, Quests, quest("aa", status="archived")) == {"aa": "change", "stays": "left"}
    assert await apply(hall, Quests, quest("aa")) == {"aa": "change", "stays": "left"}
    said = [(event["type"], event["data"].get("version")) for event in await hall.log() if "quest." in event["type"]]
    assert said == [("quest.published", 1), ("quest.archived", None), ("quest.published", 2)]
    content = await hall.installation.process.stub("cli", Quests).content()
    assert [(one["slug"], one.get("status")) for one in content] == [("aa", None), ("stays", "draft")]
    assert await apply(hall, Quests, quest("stays")) == {"stays": "change", "aa": "left"}
    wren = await hall.user("wren")
    assert len((await wren.client.get("/quests")).json()["items"]) == 2


async def test_changes_beside_what_is_published_are_not_played(hall: Hall) -> None:
    fields = {name: value for name, value in READ.items() if name != "slug"}
    definition = {**READ, "draft": {**fields, "title": "Read more"}}
    assert await apply(hall, Quests, definition) == {"read-pages": "create"}
    assert await apply(hall, Quests, definition) == {"read-pages": "same"}
    wren, mia = await hall.user("wren"), await hall.user("mia", role="manager")
    shown = (await wren.client.get("/quests")).json()["items"][0]
    assert (shown["title"], shown["version"]) == ("Read 20 pages", 1)
    assert (await mia.client.get(f"/quests/{shown['id']}/draft")).json()["title"] == "Read more"
    assert await apply(hall, Quests, READ) == {"read-pages": "change"}
    assert (await mia.client.get(f"/quests/{shown['id']}/draft")).json()["title"] == "Read 20 pages"
    assert len(await hall.log("quest.published")) == 1, "what players have did not change"
    assert await apply(hall, Quests, {**READ, "draft": {**fields, "prerequisites": {}}}) == {"read-pages": "same"}


async def test_what_others_wait_for_comes_first(hall: Hall) -> None:
    await apply(hall, Quests, quest("third", "second", "first"), quest("second", "first"), quest("first"))
    await apply(hall, Achievements, badge("cc", "bb"), badge("bb", requirements={"badge": "aa"}), badge("aa"))
    assert [event["data"]["slug"] for event in await hall.log("quest.published")] == ["first", "second", "third"]
    assert [event["data"]["slug"] for event in await hall.log("achievement.published")] == ["aa", "bb", "cc"]
    # Who waits for whom may be turned round in one go, though no order of single publications allows it in a circle.
    await apply(hall, Quests, quest("first", "second", "third"), quest("second", "third"), quest("third"))
    await apply(hall, Achievements, badge("aa", "bb"), badge("bb", "cc"), badge("cc"))


async def test_every_fault_is_told_with_its_place_and_nothing_is_written(hall: Hall) -> None:
    await apply(hall, Quests, quest("was-published"))
    wrong = [
        quest("good"),
        quest("no-field", nonsense=1),
        {**READ, "slug": "no-kind", "kind": "hourly"},
        {"title": "No slug", "objectives": []},
        quest("good"),
        quest("bad-status", status="gone"),
        quest("bad-draft", draft={"title": "x", "objectives": [{"id": "a", "label": 3}]}),
        quest("slug-in-draft", draft={**READ}),
        quest("draft-of-draft", status="draft", draft={"title": "x", "objectives": READ["objectives"]}),
        quest("was-published", status="draft"),
    ]
    assert await faults(hall, Quests, *wrong) == [
        ("no-field", "#"),
        ("no-kind", "#/kind"),
        ("number 4", "#"),
        ("good", "#/slug"),
        ("bad-status", "#/status"),
        ("bad-draft", "#/draft/objectives/0/label"),
        ("slug-in-draft", "#/draft/slug"),
        ("draft-of-draft", "#/draft"),
        ("was-published", "#/status"),
    ]
    played_wrong = [
        quest("good"),
        quest("lost", "nowhere"),
        quest("pays", rewards={"currencies": {"gold": 5, "xp": -1}}),
        quest("draft", status="draft", objectives=[]),
        quest("since", draft={"title": "x", "objectives": []}),
    ]
    assert sorted(await faults(hall, Quests, *played_wrong)) == [
        ("draft", "#/objectives"),
        ("lost", "#/prerequisites/quests/0"),
        ("pays", "#/rewards/currencies/gold"),
        ("pays", "#/rewards/currencies/xp"),
        ("since", "#/draft/objectives"),
    ]
    assert await faults(hall, Achievements, badge("good"), badge("bad", requirements={"level": 3, "count": 2})) == [
        ("bad", "#/requirements/count")
    ]
    assert await faults(hall, Achievements, badge("good"), badge("lost", "nowhere")) == [("lost", "#/prerequisites/0")]


@pytest.mark.parametrize(("contract", "make"), [(Quests, quest), (Achievements, badge)])
async def test_a_cycle_is_refused_also_through_what_is_there(hall: Hall, contract: Any, make: Any) -> None:
    await apply(hall, contract, make("aa"), make("bb", "aa"))
    found = await faults(hall, contract, make("xx"), make("aa", "cc"), make("cc", "bb"))
    assert found in ([("aa", "#")], [("cc", "#")])
    assert await faults(hall, contract, make("own", "own")) == [("own", "#")]


async def test_what_was_saved_before_a_rule_was_stricter_is_no_fault_until_it_changes(hall: Hall) -> None:
    await apply(hall, Quests, quest("needed"), quest("waits", "needed"))
    assert await apply(hall, Quests, quest("needed", status="archived"), quest("waits", "needed")) == {
        "needed": "change",
        "waits": "same",
    }
    assert await faults(hall, Quests, quest("waits", "needed", title="W")) == [("waits", "#/prerequisites/quests/0")]


async def test_two_who_apply_at_once_make_it_once(hall: Hall) -> None:
    content = [quest(f"q-{n}") for n in range(20)], [badge(f"b-{n}") for n in range(20)]
    for contract, definitions in zip((Quests, Achievements), content, strict=True):
        done = await asyncio.gather(*(apply(hall, contract, *definitions) for _ in range(4)))
        assert sorted(one[definitions[0]["slug"]] for one in done) == ["create", "same", "same", "same"]
    assert len(await hall.log("quest.published")) == len(await hall.log("achievement.published")) == 20


async def until_blocked(hall: Hall, blocked: int) -> None:
    """Until so many of this installation's connections wait for a lock."""
    admin = await asyncpg.connect(hall.admin_url)
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while await admin.fetchval(query) < blocked:
        await asyncio.sleep(0.01)
    await admin.close()


@pytest.mark.parametrize(
    ("contract", "heads", "make"),
    [(Quests, quest_repository.HEADS, quest), (Achievements, badge_repository.HEADS, badge)],
)
async def test_an_author_s_save_under_way_is_waited_for(hall: Hall, contract: Any, heads: Heads, make: Any) -> None:
    await apply(hall, contract, make("aa"), make("bb"))
    go = asyncio.Event()

    async def later() -> dict[str, str]:
        await go.wait()
        return await apply(hall, contract, make("aa", category="streak"), make("new"))

    applying = asyncio.create_task(later())
    async with hall.database(contract).tx() as tx:
        for row in await heads.every(tx):
            await heads.change(tx, row["id"], row["edit"], {"description": "saved meanwhile"})
        go.set()
        await asyncio.wait_for(until_blocked(hall, 1), 30)
    assert await applying == {"aa": "change", "new": "create", "bb": "left"}


async def test_a_slug_that_an_author_makes_meanwhile_is_refused_and_nothing_is_written(hall: Hall) -> None:
    await apply(hall, Quests, quest("aa"))
    go = asyncio.Event()

    async def later() -> dict[str, str]:
        await go.wait()
        return await apply(hall, Quests, quest("aa", category="other"), quest("new"))

    applying = asyncio.create_task(later())
    async with hall.database(Quests).tx() as tx:
        theirs = quest_rules.Definition(slug="new", title="Theirs", objectives=[])
        await quest_repository.HEADS.add(tx, quest_repository.columns(theirs))
        go.set()
        await asyncio.wait_for(until_blocked(hall, 1), 30)
    with pytest.raises(QuestSlugTaken, match="somebody made new meanwhile"):
        await applying
    content = await hall.installation.process.stub("cli", Quests).content()
    assert [(one["slug"], one.get("category"), one["title"]) for one in content] == [
        ("aa", None, "aa"),
        ("new", None, "Theirs"),
    ]


async def test_an_author_who_saves_after_it_is_told(hall: Hall) -> None:
    identifier = await publish(hall, READ)
    mia = hall.author.client  # type: ignore[attr-defined]
    edit = (await mia.get(f"/quests/{identifier}")).headers["etag"]
    await apply(hall, Quests, {**READ, "title": "Of the file"})
    saved = await mia.patch(f"/quests/{identifier}", json={**READ, "title": "Mine"}, headers={"if-match": edit})
    assert (saved.status_code, saved.json()["code"]) == (412, "stale")


async def test_the_pack_leaves_out_what_waits_for_what_was_archived(hall: Hall) -> None:
    await apply(hall, Quests, {**MERGE, "slug": "merge-a-pull-request", "status": "archived"})
    assert await starter.install(hall.installation.process) == 6 + 16
    slugs = {one["slug"] for one in await hall.installation.process.stub("cli", Quests).content()}
    assert "from-idea-to-merge" not in slugs


async def test_templates_are_the_pack_and_for_authors(hall: Hall) -> None:
    mia, wren = await hall.user("mia", role="manager"), await hall.user("wren")
    for path, name in (("/quests", "quests"), ("/achievements", "achievements")):
        items = (await mia.client.get(f"{path}/templates")).json()["items"]
        assert [one["slug"] for one in items] == [one["slug"] for one in starter.pack(name)]
        assert (await wren.client.get(f"{path}/templates")).status_code == 403
        made = await mia.client.post(path, json=items[0])
        assert made.status_code == 201, made.text
