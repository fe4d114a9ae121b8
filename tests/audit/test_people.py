"""What is personal in the log is sealed with the keys of whom it concerns; without one of them it stands empty."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
import pytest

from questhall.contracts.audit import Audit
from questhall.contracts.identity import TokenCreated
from questhall.contracts.integrations import ActivityRecorded
from questhall.contracts.quests import Quests
from questhall.kernel.contract import Envelope
from questhall.kernel.forgetting import forget_traces
from questhall.kernel.ids import new_id
from questhall.kernel.personal import blanked, concerned, personal_fields
from questhall.kernel.testing import Hall, HallUser
from tests.quests.test_quests import did


async def kept(hall: Hall, event_type: str) -> list[str]:
    """The data of events as the table has it."""
    admin = await asyncpg.connect(hall.admin_url)
    rows = await admin.fetch("SELECT data::text FROM audit.event_log WHERE type = $1 ORDER BY position", event_type)
    await admin.close()
    return [row[0] for row in rows]


async def forget(hall: Hall, user: HallUser) -> None:
    await hall.actions(Audit).forget(user.user_id, [], None)


async def read(hall: Hall, event_type: str) -> list[Envelope[Any]]:
    actions = hall.actions(Audit)
    return list((await actions.read_log([event_type], await actions.position(), None, 100)).events)


def test_what_is_personal_is_tagged_in_the_class() -> None:
    assert personal_fields("activity.recorded") == {"external_id", "attributes"}
    assert personal_fields("quest.completed") == personal_fields("unheard.of") == frozenset()
    raw = b'{"user_id":"x","name":"a token","scopes":null,"more":1}'
    assert msgspec.json.decode(blanked("token.created", raw) or b"") == {
        "user_id": "x",
        "name": "",
        "scopes": None,
        "more": 1,
    }
    assert blanked("token.created", b"no json") is blanked("quest.completed", b"{}") is None
    giver, taker = sorted([new_id(), new_id()])
    gift = ("currency.debited", str(giver), f"user:{giver}", {"source": f"user:{taker}"})
    assert concerned(*gift) == [giver, taker], "who is given to is concerned by the giver's side too"
    assert concerned("activity.recorded", str(giver), "source:x", {"source": "acme"}) == [giver]


async def test_it_is_sealed_as_it_is_kept_and_whole_as_it_is_read(hall: Hall) -> None:
    wren = await hall.user("wren")
    await hall.record("integrations", did(wren, repo="octo/hall"))
    [row] = await kept(hall, "activity.recorded")
    assert "octo" not in row
    assert msgspec.json.decode(row)["attributes"] == {}
    [event] = await read(hall, "activity.recorded")
    assert msgspec.json.decode(event.raw, type=ActivityRecorded).attributes == {"repo": "octo/hall"}
    assert '"sealed"' not in event.raw.decode()


async def test_without_a_key_it_reads_as_empty_and_the_chain_holds(hall: Hall) -> None:
    wren, ben = await hall.user("wren"), await hall.user("ben")
    await hall.record("integrations", did(wren, repo="octo/hall"), did(ben, repo="octo/hall"))
    await hall.actions(Audit).seal()
    await forget(hall, wren)
    events = {
        event.subject: msgspec.json.decode(event.raw, type=ActivityRecorded)
        for event in await read(hall, "activity.recorded")
    }
    assert events[str(wren.user_id)].attributes == {}, "a rule reads it, and does not match"
    assert events[str(ben.user_id)].attributes == {"repo": "octo/hall"}
    assert await hall.actions(Audit).verify() == []


async def test_no_key_is_made_again(hall: Hall) -> None:
    wren = await hall.user("wren")
    await forget(hall, wren)
    await hall.record("integrations", did(wren, repo="octo/late"))
    [row] = await kept(hall, "activity.recorded")
    assert msgspec.json.decode(row)["sealed"] == ""
    await forget(hall, wren)
    assert "octo" not in (await read(hall, "activity.recorded"))[0].raw.decode()


@pytest.mark.tampers  # with an event that nobody has said
async def test_a_key_whose_transaction_came_to_nothing_seals_nothing(hall: Hall) -> None:
    actions = hall.actions(Audit)
    stranger = new_id()

    async def append(name: str, *, fails: bool) -> None:
        async with hall.database(Audit).tx() as tx:
            event = tx.emit(TokenCreated(user_id=stranger, token_id=new_id(), name=name))
            del tx._emitted[:]  # it is only to be logged
            await actions.append(tx, [event])
            if fails:
                raise ValueError("taken back")

    with pytest.raises(ValueError, match="taken back"):
        await append("first", fails=True)
    await append("second", fails=False)
    assert msgspec.json.decode((await read(hall, "token.created"))[0].raw)["name"] == "second"


async def test_what_waits_in_a_service_is_emptied_and_still_handled(hall: Hall) -> None:
    wren, ben = await hall.user("wren"), await hall.user("ben")
    raw = msgspec.json.encode(did(wren, repo="octo/waits")).decode()
    other = msgspec.json.encode(did(ben, repo="octo/stays")).decode()
    async with hall.database(Quests).tx() as tx:
        for user, text in ((wren, raw), (ben, other)):
            await tx.execute(
                "INSERT INTO kept (consumer, position, id, aggregatetype, aggregateid, type, payload, sequence, time, "
                "correlation_id, causation_id, actor, depth) VALUES ('gone', $1, $2, 'integrations', $3, 'activity.recorded', "
                "$4, 1, now(), $2, $2, 'system', 1)",
                user.user_id.int % 10**9,
                new_id(),
                str(user.user_id),
                text,
            )
            await tx.execute(
                "INSERT INTO idempotency_keys (caller, key, fingerprint, status, headers, body) "
                "VALUES ($1, 'k', '', 201, '{}', 'mine'), ('user:other', $2, '', 201, '{}', $3)",
                f"user:{user.user_id}",
                user.username,
                f'{{"to":"{user.username}","note":"dear"}}'.encode(),
            )
        answer = await forget_traces(tx, wren.user_id, [wren.username])
        payloads = [row[0] for row in await tx.fetch("SELECT payload FROM kept ORDER BY aggregateid")]
        bodies = {
            row[0]: row[1]
            for row in await tx.fetch("SELECT key, body FROM idempotency_keys WHERE caller = 'user:other'")
        }
        callers = [row[0] for row in await tx.fetch("SELECT caller FROM idempotency_keys WHERE key = 'k'")]
        await tx.execute("DELETE FROM kept; DELETE FROM idempotency_keys")
    assert answer == 1, "one event of theirs is still on its way"
    assert sum("octo/waits" in text for text in payloads) == 0
    assert sum("octo/stays" in text for text in payloads) == 1
    assert all(msgspec.json.decode(text, type=ActivityRecorded) for text in payloads)
    assert bodies == {"wren": b'{"erased":true}', "ben": b'{"to":"ben","note":"dear"}'}
    assert callers == [f"user:{ben.user_id}"]
