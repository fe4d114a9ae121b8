"""Idempotency-Key: one effect and one answer a key, however often, however fast and by however many it is sent."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from questhall.contracts.identity import Identity
from questhall.kernel import idempotency as idempotency_module
from questhall.kernel import process as process_module
from questhall.kernel.database import Tx
from questhall.kernel.idempotency import Idempotent, InProgress, KeyRequired
from questhall.kernel.testing import Hall

TOKENS = "/me/tokens"


def keyed(
    hall: Hall, *, caller: str = "user:1", key: str | None = "k", body: bytes = b"{}", required: bool = False
) -> Any:
    """A request with a key, as a handler gets it."""
    return Idempotent(database=hall.database(Identity), caller=caller, key=key, required=required, request=body)


class Work:
    """An effect that takes as long as it is let, and counts how often it was begun and done."""

    def __init__(self, *, slow: bool = False) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.times = 0
        if not slow:
            self.go.set()

    async def __call__(self, tx: Tx) -> dict[str, int]:
        self.begun.set()
        await self.go.wait()
        self.times += 1
        return {"made": self.times}


async def test_64_at_once_with_one_key_make_one_thing_and_get_one_answer(hall: Hall) -> None:
    """I6."""
    wren = await hall.user("wren")
    answers = await asyncio.gather(
        *(wren.client.post(TOKENS, json={"name": "ci"}, headers={"idempotency-key": "once"}) for _ in range(64))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    waited = [answer for answer in answers if answer.status_code == 409]
    assert {(one.json()["code"], one.headers["retry-after"]) for one in waited} <= {("in_progress", "1")}
    given = [answer for answer in answers if answer.status_code == 201]
    first = [answer for answer in given if "idempotency-replayed" not in answer.headers]
    assert len(first) == 1
    assert {answer.json()["id"] for answer in given} == {first[0].json()["id"]}
    assert all(one.headers["idempotency-replayed"] == "true" for one in given if one is not first[0])
    assert len((await wren.client.get(TOKENS)).json()["items"]) == 1
    later = await wren.client.post(TOKENS, json={"name": "ci"}, headers={"idempotency-key": '"once"'})
    assert (later.status_code, later.json()["id"]) == (201, first[0].json()["id"]), "quoted or not"


async def test_a_secret_is_shown_once_and_kept_nowhere(hall: Hall) -> None:
    wren = await hall.user("wren")
    body, headers = {"name": "ci"}, {"idempotency-key": "s"}
    first = (await wren.client.post(TOKENS, json=body, headers=headers)).json()
    again = (await wren.client.post(TOKENS, json=body, headers=headers)).json()
    assert first["secret"].startswith("qh_")
    assert again == {**first, "secret": None}
    async with hall.database(Identity).read() as tx:
        rows = await tx.fetch("SELECT * FROM idempotency_keys")
    assert len(rows) == 1
    assert first["secret"] not in str(dict(rows[0]))


async def test_another_request_with_the_key_is_told_and_makes_nothing(hall: Hall) -> None:
    wren = await hall.user("wren", role="admin")
    headers = {"idempotency-key": "k"}
    await wren.client.post(TOKENS, json={"name": "one"}, headers=headers)
    for path, body in ((TOKENS, {"name": "two"}), ("/admin/invites", {"note": "one"})):
        answer = await wren.client.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused"), path
    assert [one["name"] for one in (await wren.client.get(TOKENS)).json()["items"]] == ["one"]
    assert (await wren.client.get("/admin/invites")).json()["items"] == []


async def test_a_key_belongs_to_its_caller(hall: Hall) -> None:
    wren, eve = await hall.user("wren"), await hall.user("eve")
    answers = [
        await one.client.post(TOKENS, json={"name": one.username}, headers={"idempotency-key": "k"})
        for one in (wren, eve)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.json()["name"] for answer in answers] == ["wren", "eve"]
    assert not any("idempotency-replayed" in answer.headers for answer in answers)


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "tab\there", "umlaut-ä"])
async def test_a_key_that_can_not_be_one_is_refused(hall: Hall, key: str) -> None:
    wren = await hall.user("wren")
    answer = await wren.client.post(TOKENS, json={"name": "t"}, headers={"idempotency-key": key.encode("latin-1")})  # type: ignore[dict-item]
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")
    assert (await wren.client.get(TOKENS)).json()["items"] == []
    with pytest.raises(KeyRequired):
        keyed(hall, key=None, required=True)


async def test_what_was_refused_may_be_tried_again_with_the_key(hall: Hall) -> None:
    """A refusal takes its effect back, and the key with it."""
    wren = await hall.user("wren")
    headers = {"idempotency-key": "k"}
    refused = await wren.client.post(TOKENS, json={"name": "t", "scopes": ["fly"]}, headers=headers)
    assert refused.status_code == 422
    made = await wren.client.post(TOKENS, json={"name": "t"}, headers=headers)
    assert (made.status_code, made.headers.get("idempotency-replayed")) == (201, None)


async def test_the_second_waits_for_the_first_and_gets_its_answer(hall: Hall) -> None:
    work = Work(slow=True)
    first = asyncio.create_task(keyed(hall).run(work))
    await work.begun.wait()
    second = asyncio.create_task(keyed(hall).run(work))
    await asyncio.sleep(0.3)
    assert not second.done()
    work.go.set()
    answers = await asyncio.gather(first, second)
    assert work.times == 1
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]


async def test_the_second_waits_two_seconds_and_no_longer(hall: Hall) -> None:
    assert idempotency_module.WAIT_MS == 2000
    work = Work(slow=True)
    first = asyncio.create_task(keyed(hall).run(work))
    await work.begun.wait()
    began = time.monotonic()
    with pytest.raises(InProgress) as refused:
        await keyed(hall).run(work)
    assert 1.8 < time.monotonic() - began < 4
    assert refused.value.extra == {"retry_after": 1}
    work.go.set()
    await first
    assert (await keyed(hall).run(work)).headers["idempotency-replayed"] == "true"
    assert work.times == 1


async def test_one_key_sent_often_does_not_hold_others_up(hall: Hall) -> None:
    """Who waits for a first answer holds no connection that somebody else's request needs."""
    work, other = Work(slow=True), Work()
    first = asyncio.create_task(keyed(hall).run(work))
    await work.begun.wait()
    again = [asyncio.create_task(keyed(hall).run(work)) for _ in range(8)]
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await keyed(hall, caller="user:2").run(other)
    assert time.monotonic() - began < 1
    work.go.set()
    await asyncio.gather(first, *again)
    assert (work.times, other.times) == (1, 1)


@pytest.fixture
def tidied_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "ROLL_EVERY_S", 0.1)


async def test_a_key_is_kept_for_a_day(tidied_often: None, hall: Hall) -> None:
    work = Work()
    for key, age in (("young", timedelta(hours=23, minutes=59)), ("old", timedelta(hours=24, minutes=1))):
        await keyed(hall, key=key).run(work)
        async with hall.database(Identity).tx() as tx:
            await tx.execute("UPDATE idempotency_keys SET created_at = now() - $2::interval WHERE key = $1", key, age)
    async with asyncio.timeout(10):
        while True:
            async with hall.database(Identity).read() as tx:
                left = [row["key"] for row in await tx.fetch("SELECT key FROM idempotency_keys")]
            if "old" not in left:
                break
            await asyncio.sleep(0.05)
    assert left == ["young"]
    assert (await keyed(hall, key="young").run(work)).headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in (await keyed(hall, key="old").run(work)).headers
