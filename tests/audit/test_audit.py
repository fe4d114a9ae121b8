"""audit: the log, its search, its seals; history; why."""

from __future__ import annotations

import hmac
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from questhall.contracts.audit import Audit
from questhall.contracts.currency import Currency
from questhall.contracts.identity import UserUpdated
from questhall.contracts.integrations import ActivityRecorded
from questhall.contracts.quests import QuestCompleted, QuestProgressed
from questhall.contracts.rewards import Reason, RewardGranted, RewardPart
from questhall.kernel.contract import Cause, Envelope
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall, HallUser
from questhall.services.audit import repository


def activity(user_id: UUID, *, delivery: UUID | None = None) -> ActivityRecorded:
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    return ActivityRecorded(
        activity_id=new_id(),
        user_id=user_id,
        source="acme",
        source_id=new_id(),
        kind="github.pull_request.merged",
        external_id=f"pull_request:{new_id()}:merged",
        occurred_at=moment,
        recorded_at=moment,
        delivery_id=delivery or new_id(),
        attributes={"repo": "octo/hall", "number": 12, "title": "Fix the door"},
    )


def completed(user_id: UUID) -> QuestCompleted:
    return QuestCompleted(
        user_id=user_id,
        quest_id=new_id(),
        slug="merge-one",
        title="Merge one",
        icon="scroll",
        category="code",
        difficulty="easy",
        kind="repeatable",
        completion_id=new_id(),
        version=4,
        completed_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        local_day=date(2026, 3, 2),
    )


def granted(user_id: UUID, quest: QuestCompleted, xp: int = 50) -> RewardGranted:
    grant = new_id()
    return RewardGranted(
        grant_id=grant,
        user_id=user_id,
        parts=[
            RewardPart(id=f"{grant}:0", kind="currency", what="xp", amount=xp, base=xp),
            RewardPart(id=f"{grant}:1", kind="currency", what="coins", amount=10, base=10),
        ],
        reason=Reason(kind="quest", id=quest.quest_id, title=quest.title, version=4, ref=str(quest.completion_id)),
    )


async def cascade(hall: Hall, user: HallUser, *, xp: int = 50) -> list[Envelope[Any]]:
    """An act and what follows, as the services say it; currency really pays."""
    delivery = new_id()
    first = Cause(correlation_id=delivery, causation_id=delivery, actor=f"source:{new_id()}")
    [act] = await hall.record("identity", activity(user.user_id, delivery=delivery), cause=first)
    quest = completed(user.user_id)
    [done] = await hall.record("identity", quest, cause=act.cause())
    [reward] = await hall.record("identity", granted(user.user_id, quest, xp), cause=done.cause())
    return [act, done, reward]


async def newest(user: HallUser, currency: str) -> dict[str, Any]:
    rows = (await user.client.get(f"/me/transactions?currency={currency}")).json()["items"]
    return rows[0]


async def as_admin(hall: Hall, *statements: str) -> None:
    """Runs statements as the database's superuser, past every trigger: what an intruder with the disk could do."""
    connection = await asyncpg.connect(hall.admin_url)
    await connection.execute("SET session_replication_role = replica; SET search_path TO audit")
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def test_every_event_is_there_once_in_the_order_of_commits(hall: Hall) -> None:
    wren = await hall.user("wren")
    said = await cascade(hall, wren)
    rows = await hall.log()
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    assert {envelope.id for envelope in said} <= {row["id"] for row in rows}
    act = next(row for row in rows if row["type"] == "activity.recorded")
    assert (act["source"], act["subject"], act["depth"]) == ("identity", str(wren.user_id), 1)
    assert act["correlation_id"] == act["causation_id"] == UUID(act["data"]["delivery_id"])
    consumer = hall.installation.process.running["audit"].consumer
    await consumer.take(said)
    await consumer.take([*said, *said])
    assert await hall.log() == rows, "a second delivery changes nothing"
    assert await hall.actions(Audit).position() == len(rows)


async def test_the_log_can_only_grow(hall: Hall) -> None:
    await hall.user("wren")
    async with hall.database(Audit).read() as tx:
        partitions = await repository.partitions(tx)
    assert any(name.endswith(f"{datetime.now(UTC):%Y%m}") for name in partitions)
    for table in ("event_log", "seals", *partitions):
        for statement in ("UPDATE {} SET {}", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"):
            column = "number = 0" if table == "seals" else "actor = 'nobody'"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with hall.database(Audit).tx() as tx:
                    await tx.execute(statement.format(table, column))


@pytest.mark.tampers
async def test_an_edited_a_removed_and_a_slipped_in_row_are_named(hall: Hall) -> None:
    wren = await hall.user("wren")
    await cascade(hall, wren)
    actions = hall.actions(Audit)
    assert await actions.verify() == []
    await hall.run_job(Audit, "seal_event_log")
    await cascade(hall, wren)
    await hall.run_job(Audit, "seal_event_log")
    assert await actions.seal() == 0, "nothing is new"
    assert await actions.verify() == []
    rows = await hall.log()
    lasting = [row["position"] for row in rows if row["class"] == "lasting"]
    edited, removed = lasting[2], lasting[-2]
    await as_admin(
        hall,
        f"""UPDATE event_log SET data = data || '{{"amount": 1000000}}' WHERE position = {edited}""",
        f"DELETE FROM event_log WHERE position = {removed}",
        "INSERT INTO event_log SELECT class, overlay(id::text placing 'ffff' from 20)::uuid, position, type, source, "
        'subject, "time", sequence, correlation_id, causation_id, actor, depth, traceparent, data FROM event_log '
        f"WHERE position = {lasting[0]}",
    )
    found = {broken.position: broken.detail for broken in await actions.verify()}
    assert found[edited] == "the row was changed"
    assert found[removed] == "the row is gone"
    assert lasting[0] in found, "two rows at one position"
    assert set(found) == {lasting[0], edited, removed}


@pytest.mark.tampers
async def test_an_edited_seal_is_found(hall: Hall) -> None:
    wren = await hall.user("wren")
    for _ in range(2):
        await cascade(hall, wren)
        await hall.run_job(Audit, "seal_event_log")
    await as_admin(hall, "UPDATE seals SET hash = sha256('x') WHERE number = 1 AND partition LIKE 'event_log_lasting%'")
    details = [broken.detail for broken in await hall.actions(Audit).verify()]
    assert details == ["the seal of block 1 was changed", "block 2 does not follow the one before"]
    await as_admin(hall, "DELETE FROM seals WHERE number = 1 AND partition LIKE 'event_log_lasting%'")
    details = [broken.detail for broken in await hall.actions(Audit).verify()]
    assert details == ["the seal of block 1 is gone"]


async def test_search_is_for_those_who_may(hall: Hall) -> None:
    mia, wren = await hall.user("mia", role="manager"), await hall.user("wren")
    said = await cascade(hall, wren)
    assert (await wren.client.get("/audit/events")).status_code == 403
    assert (await hall.client().get("/audit/events")).status_code == 401
    queries = {
        "type=quest.completed": ["quest.completed"],
        f"subject={wren.user_id}&type=reward.granted": ["reward.granted"],
        f"correlation={said[0].correlation_id}&type=activity.recorded": ["activity.recorded"],
        f"actor={said[0].actor}&type=activity.recorded": ["activity.recorded"],
        "since=2030-01-01T00:00:00Z": [],
        "until=2020-01-01T00:00:00Z": [],
        "type=nothing.like.it": [],
    }
    for query, kinds in queries.items():
        answer = await mia.client.get(f"/audit/events?{query}")
        assert answer.status_code == 200, answer.text
        assert [row["type"] for row in answer.json()["items"]] == kinds, query
    everything: list[int] = []
    after = ""
    while True:
        page = (await mia.client.get(f"/audit/events?limit=3{after}")).json()
        everything += [row["position"] for row in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert everything == list(range(len(everything), 0, -1))
    for bad in ("since=2026-01-01T00:00:00", "until=2026-01-01T00:00:00", "since=5", "until=2026-01-01", "since="):
        refused = await mia.client.get(f"/audit/events?{bad}")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), bad
        assert [error["pointer"] for error in refused.json()["errors"]] == [f"#/{bad[:5]}"]
    assert (await mia.client.get("/audit/events?correlation=x")).status_code == 422
    assert (await mia.client.get("/audit/events?after=!!!")).json()["code"] == "bad_cursor"


async def test_history_is_ones_own_in_plain_words(hall: Hall) -> None:
    wren, eve = await hall.user("wren"), await hall.user("eve")
    await cascade(hall, wren)
    progress = QuestProgressed(
        user_id=wren.user_id,
        quest_id=new_id(),
        title="Noise",
        category="code",
        difficulty="easy",
        completion_id=new_id(),
        objective="one",
        have=1,
        need=2,
    )
    await hall.record("identity", progress)
    items = (await wren.client.get("/me/history?limit=50")).json()["items"]
    texts = [item["text"] for item in items]
    assert "Your pull request was merged" in texts
    assert "You completed “Merge one”" in texts
    assert "You received 10 coins for Merge one" in texts
    assert texts[-1] == "You arrived at the camp"
    assert "Noise" not in "".join(texts)
    assert texts.index("You received 10 coins for Merge one") < texts.index("You completed “Merge one”"), "newest first"
    coins = next(item for item in items if item["text"].startswith("You received 10 coins"))
    assert coins["link"] == {"kind": "transaction", "id": (await newest(wren, "coins"))["id"]}
    assert [item["text"] for item in (await eve.client.get("/me/history")).json()["items"]] == [
        "You arrived at the camp"
    ]
    one = (await wren.client.get("/me/history?limit=1")).json()
    two = (await wren.client.get(f"/me/history?limit=1&after={one['next']}")).json()
    assert [one["items"][0]["id"], two["items"][0]["id"]] == [items[0]["id"], items[1]["id"]]


async def test_why_goes_from_the_balance_down_to_the_actor(hall: Hall) -> None:
    wren, eve, mia = await hall.user("wren"), await hall.user("eve"), await hall.user("mia", role="manager")
    said = await cascade(hall, wren)
    transfer = (await newest(wren, "coins"))["id"]
    answer = await wren.client.get(f"/why/transaction/{transfer}")
    assert answer.status_code == 200, answer.text
    chain = answer.json()
    assert set(chain) == {"kind", "id", "steps"}
    steps = chain["steps"]
    assert [step["kind"] for step in steps] == ["transfer", "reward", "quest", "activity", "actor"]
    assert [step["event_id"] for step in steps[1:4]] == [str(envelope.id) for envelope in reversed(said)]
    assert steps[1]["rule"]["version"] == steps[2]["rule"]["version"] == 4
    assert steps[3]["title"] == "A pull request was merged"
    assert steps[3]["detail"] == "octo/hall #12, Fix the door"
    assert (steps[4]["title"], steps[4]["detail"]) == ("wren", "did it")
    assert steps[0]["title"] == "+10 coins"
    beside = (await newest(wren, "xp"))["id"]
    leg = (await wren.client.get(f"/why/transaction/{beside}")).json()["steps"]
    assert (leg[0]["title"], leg[1:]) == ("+50 XP", steps[1:]), "the leg that was asked for"
    whole = (await newest(wren, "xp"))["transaction_id"]
    both = (await wren.client.get(f"/why/transaction/{whole}")).json()["steps"]
    assert both[0]["title"] == "+50 XP, +10 coins", "of a transaction all legs"
    assert (await eve.client.get(f"/why/transaction/{transfer}")).status_code == 404, "somebody else's"
    assert (await mia.client.get(f"/why/transaction/{transfer}")).json()["steps"][1:] == steps[1:], "audit:read"
    assert (await hall.client().get(f"/why/transaction/{transfer}")).status_code == 401


async def test_why_a_level(hall: Hall) -> None:
    wren, eve, mia = await hall.user("wren"), await hall.user("eve"), await hall.user("mia", role="manager")
    await cascade(hall, wren, xp=500)
    level = (await wren.client.get("/me/balances")).json()["level"]["level"]
    assert level > 1
    steps = (await wren.client.get(f"/why/level/{level}")).json()["steps"]
    kinds = [step["kind"] for step in steps]
    assert kinds[0] == "level"
    assert kinds[-4:] == ["reward", "quest", "activity", "actor"]
    assert (await eve.client.get(f"/why/level/{level}")).status_code == 404
    assert (await eve.client.get(f"/why/level/{wren.user_id}:{level}")).status_code == 404
    assert (await mia.client.get(f"/why/level/{wren.user_id}:{level}")).status_code == 200


@pytest.mark.parametrize(
    "path", ["transaction/x", "transaction/00000000-0000-7000-8000-000000000000", "level/99", "moon/1", "level/x"]
)
async def test_why_of_nothing(hall: Hall, path: str) -> None:
    wren = await hall.user("wren")
    answer = await wren.client.get(f"/why/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_why_of_what_an_admin_gave_by_hand(hall: Hall) -> None:
    ada, wren = await hall.user("ada", role="admin"), await hall.user("wren")
    body = {"username": "wren", "currency": "coins", "amount": 25, "reason": "a lovely talk"}
    answer = await ada.client.post("/admin/transactions", json=body, headers={"idempotency-key": "k1"})
    assert answer.status_code in (200, 201), answer.text
    await hall.drain()
    row = await newest(wren, "coins")
    steps = (await wren.client.get(f"/why/transaction/{row['id']}")).json()["steps"]
    assert [step["kind"] for step in steps] == ["transfer", "actor"]
    assert (steps[-1]["title"], steps[-1]["detail"]) == ("ada", "did it by hand")
    assert steps[0]["facts"]["reason"] == "a lovely talk"


@pytest.mark.tampers
async def test_why_waits_for_a_log_that_is_behind(hall: Hall) -> None:
    wren = await hall.user("wren")
    said = await cascade(hall, wren)
    transfer = (await newest(wren, "coins"))["id"]
    # As if the log had not taken this event over yet.
    await as_admin(hall, f"DELETE FROM event_log WHERE id = '{said[1].id}'")
    answer = await wren.client.get(f"/why/transaction/{transfer}")
    assert answer.status_code == 202
    assert answer.json() == {"status": "catching_up", "position": await hall.actions(Audit).position()}
    assert answer.headers["retry-after"] == "1"
    await hall.installation.process.running["audit"].consumer.take(said)
    assert (await wren.client.get(f"/why/transaction/{transfer}")).status_code == 200
    await as_admin(hall, f"DELETE FROM event_log WHERE id = '{said[0].id}'")
    hall.clock.advance(timedelta(minutes=11))
    steps = (await wren.client.get(f"/why/transaction/{transfer}")).json()["steps"]
    assert [step["kind"] for step in steps] == ["transfer", "reward", "quest", "actor"], "what is left of the chain"


async def test_of_others_a_chain_shows_only_that_something_happened(hall: Hall) -> None:
    """A chain may pass through what somebody else did: no facts of theirs."""
    wren, eve = await hall.user("wren"), await hall.user("eve")
    delivery = new_id()
    first = Cause(correlation_id=delivery, causation_id=delivery, actor="system")
    [theirs] = await hall.record("identity", activity(eve.user_id, delivery=delivery), cause=first)
    quest = completed(wren.user_id)
    await hall.record("identity", granted(wren.user_id, quest), cause=theirs.cause())
    transfer = (await newest(wren, "coins"))["id"]
    body = (await wren.client.get(f"/why/transaction/{transfer}")).text
    assert "Fix the door" not in body
    assert str(eve.user_id) not in body


async def test_a_missing_currency_is_no_reason_to_fail(hall: Hall) -> None:
    wren = await hall.user("wren")
    del hall.installation.process.actions[Currency.name]
    assert (await wren.client.get(f"/why/transaction/{new_id()}")).status_code == 404


async def test_partitions_are_made_ahead_and_once(hall: Hall) -> None:
    actions = hall.actions(Audit)
    async with hall.database(Audit).read() as tx:
        before = await repository.partitions(tx)
    await actions.roll()
    await hall.run_job(Audit, "roll_event_log")
    async with hall.database(Audit).read() as tx:
        assert await repository.partitions(tx) == before
    month = datetime.now(UTC).date().replace(day=1)
    following = (month + timedelta(days=32)).replace(day=1)
    for moment in (month, following):
        for kind in ("lasting", "passing"):
            assert f"event_log_{kind}_{moment:%Y%m}" in before
    await hall.user("wren")
    async with hall.database(Audit).read() as tx:
        stray = await tx.fetchval("SELECT count(*) FROM event_log_lasting_default")
    assert stray == 0, "each event finds its month"


@pytest.mark.tampers
async def test_ten_thousand_events_in_batches(hall: Hall) -> None:
    """Correct at size; how fast is measured in bench/."""
    wren = await hall.user("wren")
    consumer = hall.installation.process.running["audit"].consumer
    [pattern] = await hall.record(
        "identity",
        UserUpdated(user_id=wren.user_id, username="wren", display_name="W", timezone="UTC", locale="en"),
    )
    before = await hall.actions(Audit).position()
    for _ in range(40):
        await consumer.take([copied(pattern) for _ in range(250)])
    assert await hall.actions(Audit).position() == before + 10_000
    made = await hall.actions(Audit).seal()
    assert made >= 10
    assert await hall.actions(Audit).verify() == []


def copied(envelope: Envelope[Any]) -> Envelope[Any]:
    fields = {name: getattr(envelope, name) for name in envelope.__struct_fields__}
    return Envelope(**{**fields, "id": new_id()})


async def test_why_from_a_real_delivery(hall: Hall) -> None:
    """Every service for real: a signed webhook, a quest, its reward; and back from the coins to who merged."""
    mia, wren = await hall.user("mia", role="manager"), await hall.user("wren")
    quest = {
        "slug": "merge-one",
        "title": "Merge one",
        "objectives": [
            {
                "id": "merge",
                "label": "Merge",
                "event": "activity.recorded",
                "where": "data.kind == 'github.pull_request.merged'",
            }
        ],
        "rewards": {"currencies": {"xp": 500, "coins": 15}},
        "auto_accept": True,
    }
    made = (await mia.client.post("/quests", json=quest)).json()
    assert (await mia.client.post(f"/quests/{made['id']}/publish")).status_code == 200
    source = (await mia.client.post("/sources", json={"slug": "acme", "kind": "github", "name": "Acme"})).json()
    link = {"account": "wren-gh", "username": "wren"}
    assert (await mia.client.post("/sources/acme/links", json=link)).status_code == 201
    person = {"login": "wren-gh", "type": "User"}
    pull = {"node_id": "PR_1", "number": 12, "title": "Fix the door", "merged": True, "user": person}
    repository_ = {"full_name": "octo/hall", "name": "hall"}
    payload = {"action": "closed", "pull_request": pull, "repository": repository_, "sender": person}
    body = msgspec.json.encode(payload)
    headers = {
        "content-type": "application/json",
        "x-github-event": "pull_request",
        "x-github-delivery": str(new_id()),
        "x-hub-signature-256": "sha256=" + hmac.new(source["secret"].encode(), body, "sha256").hexdigest(),
    }
    answer = await hall.client().post("/ingest/acme", content=body, headers=headers)
    assert answer.status_code == 202, answer.text
    await hall.drain()
    for path in (f"transaction/{(await newest(wren, 'coins'))['id']}", "level/2"):
        steps = (await wren.client.get(f"/why/{path}")).json()["steps"]
        assert [step["kind"] for step in steps][-5:] == ["reward", "quest", "activity", "delivery", "actor"], path
        assert steps[-5]["rule"]["version"] == steps[-4]["rule"]["version"] == 1
        assert steps[-3]["facts"]["delivery_id"] == steps[-2]["facts"]["delivery_id"] == answer.json()["delivery_id"]
        assert (steps[-3]["title"], steps[-3]["detail"]) == ("A pull request was merged", "octo/hall #12, Fix the door")
        assert steps[-2]["title"] == "GitHub told us: a pull request was merged in octo/hall"
        assert {step["actor_name"] for step in steps[:-1] if step["actor"] != "system"} == {"Acme"}
        assert (steps[-1]["title"], steps[-1]["detail"]) == ("wren", "did it on GitHub")
    texts = [item["text"] for item in (await wren.client.get("/me/history")).json()["items"]]
    assert "You received 15 coins for Merge one" in texts
    assert "Your pull request was merged" in texts


async def test_a_text_that_says_sealed_is_no_sealed_text(hall: Hall) -> None:
    wren = await hall.user("sealed")
    boss = await hall.user("boss", role="admin")
    async with hall.database(Audit).read() as tx:
        rows = [
            {"id": new_id(), "type": "currency.credited", "subject": str(wren.user_id), "actor": "system", "data": data}
            for data in ('{"user_id": "x", "note": "", "reason": "sealed"}',)
        ]
        opened = await hall.actions(Audit)._people.open(tx, rows)
    assert opened == rows
    assert (await wren.client.get("/me/history")).status_code == 200
    assert (await boss.client.get("/audit/events")).status_code == 200
