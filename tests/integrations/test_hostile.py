"""Requests that mean no good: refused before they cost anything, stored nowhere, and no harm to who is beside them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_structured_event

from questhall.contracts.integrations import Integrations
from questhall.kernel.testing import Hall
from questhall.services.integrations import rules
from tests.integrations.test_ingest import cloud, connect, example, school

__all__ = ["school"]
MIB = 1024 * 1024


async def call(hall: Hall, slug: str, headers: dict[str, str], parts: list[bytes]) -> tuple[int, dict[str, Any], int]:
    """Status, answer and how many parts of the body were read; parts as a client without content-length sends them."""
    read = 0
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": parts[read - 1], "more_body": read < len(parts)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/api/v1/ingest/{slug}",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
    }
    await hall.installation.app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"]), read


async def test_nothing_is_read_of_what_is_refused_anyway(hall: Hall) -> None:
    _, manager, _ = await connect(hall)
    await manager.client.post("/sources", json={"slug": "school", "kind": "cloudevents", "name": "School"})
    body = [b"x" * MIB] * 30
    unsigned = await call(hall, "acme", {"x-github-event": "push"}, body)
    assert (unsigned[0], unsigned[1]["code"], unsigned[2]) == (401, "bad_signature", 0)
    nobody = await call(hall, "school", {"content-type": "application/cloudevents+json"}, body)
    assert (nobody[0], nobody[2]) == (401, 0)
    signed = {"x-github-event": "push", "x-hub-signature-256": "sha256=0"}
    endless = await call(hall, "acme", signed, body)
    assert (endless[0], endless[1]["code"], endless[2]) == (413, "too_large", 26), "25 MiB, and not a part more"


async def test_cloudevents_are_cut_off_at_one_mebibyte(hall: Hall, school: Any) -> None:
    _, auth, _ = school
    headers = {"content-type": "application/cloudevents+json", **auth}
    refused = await call(hall, "school", headers, [b"x" * (MIB // 2)] * 40)
    assert (refused[0], refused[1]["code"], refused[2]) == (413, "too_large", 3)
    declared = await call(hall, "school", {**headers, "content-length": str(2 * MIB)}, [b"x"])
    assert declared[0] == 413


async def test_a_token_without_the_scope_is_not_enough(hall: Hall, school: Any) -> None:
    client, auth, wren = school
    sent = to_structured_event(cloud(1))
    mia = hall.client()
    await mia.post("/auth/login", json={"username": "mia", "password": "correct horse battery"})
    other = (await mia.post("/me/tokens", json={"name": "x", "scopes": ["sources:read"]})).json()["secret"]
    headers = {**sent.headers, "authorization": f"Bearer {other}"}
    assert (await client.post("/ingest/school", content=sent.body, headers=headers)).status_code == 403
    players = await wren.client.post("/me/tokens", json={"name": "x", "scopes": ["ingest"]})
    assert players.status_code == 422, "not what the role does not have"
    ended = {**sent.headers, "authorization": "Bearer " + "x" * 40}
    assert (await client.post("/ingest/school", content=sent.body, headers=ended)).status_code == 401
    assert (await mia.get("/sources/school/deliveries")).json()["items"] == []
    assert (await client.post("/ingest/school", content=sent.body, headers={**sent.headers, **auth})).status_code == 202


async def test_one_bad_event_and_nothing_of_the_batch_is_taken(hall: Hall, school: Any) -> None:
    client, auth, _ = school
    batch = [json.loads(to_structured_event(cloud(n)).body) for n in (1, 2, 3)]
    del batch[1]["type"]
    headers = {"content-type": "application/cloudevents-batch+json", **auth}
    answer = await client.post("/ingest/school", content=json.dumps(batch), headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "event 2 of 3: type is missing; nothing of the batch was taken"
    batch[1]["type"] = "school.lesson.completed"
    mended = await client.post("/ingest/school", content=json.dumps([*batch, batch[0]]), headers=headers)
    assert (mended.json()["activities"], mended.json()["outcome"]) == (3, "recorded")
    many = await client.post("/ingest/school", content=json.dumps([batch[0]] * 1001), headers=headers)
    assert (many.status_code, many.json()["code"]) == (400, "malformed_delivery")
    for kind in ("application/cloudevents+avro", "text/plain", ""):
        wrong = await client.post("/ingest/school", content=b"{}", headers={"content-type": kind, **auth})
        assert wrong.status_code == 400, kind


async def test_who_waits_in_a_batch_is_named(hall: Hall, school: Any) -> None:
    client, auth, _ = school
    batch = [
        json.loads(to_structured_event(cloud(n, account=who)).body) for n, who in ((1, "wren@school"), (2, "eve@x"))
    ]
    headers = {"content-type": "application/cloudevents-batch+json", **auth}
    answer = await client.post("/ingest/school", content=json.dumps(batch), headers=headers)
    assert (answer.json()["outcome"], answer.json()["activities"]) == ("recorded", 1)
    async with hall.database(Integrations).read() as tx:
        assert await tx.fetchval("SELECT detail FROM deliveries") == "waits for an account link: eve@x"


async def test_a_poisonous_delivery_harms_none_beside_it(hall: Hall) -> None:
    hook, _, _ = await connect(hall)
    poisonous = example("push")
    # What no index holds, and not to be compressed into it.
    poisonous["ref"] = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(2000))
    endless = example("star", action="created")
    endless["sender"]["login"] = "x" * 100_000
    odd = example("issues", action="opened") | {"issue": [1], "repository": 7}
    good = [example("push") | {"after": f"{n:040x}"} for n in range(8)]
    sent = [("push", poisonous), ("star", endless), ("issues", odd), *(("push", one) for one in good)]
    answers = await asyncio.gather(*(hook.send(name, payload) for name, payload in sent))
    assert {answer.status_code for answer in answers} == {202}
    outcomes = [answer.json()["outcome"] for answer in answers]
    assert outcomes[0] == "recorded"
    assert outcomes[1] == "ignored", "no login is that long"
    assert outcomes[3:] == ["recorded"] * 8


@pytest.mark.parametrize("delivery", ["again:", "again:1", "again:1:d-1", "x" * 4000, "two words", "a:b"])
async def test_a_delivery_id_that_is_none_names_nothing(hall: Hall, delivery: str) -> None:
    hook, manager, _ = await connect(hall)
    first = await hook.send("push", example("push"), delivery=delivery)
    assert first.json()["outcome"] == "recorded"
    assert (await hook.send("push", example("push"), delivery=delivery)).json()["duplicate"] is True
    listed = (await manager.client.get("/sources/acme/deliveries")).json()["items"]
    assert len(listed) == 1
    assert delivery not in listed[0]["external_id"]
    again = await manager.client.post(f"/sources/acme/deliveries/{listed[0]['id']}/redeliver")
    assert (again.status_code, again.json()["duplicate"]) == (200, True)


@pytest.mark.parametrize("event", ["Push", "pu sh", "push;drop", "é", "x" * 61])
async def test_an_event_that_is_no_name_is_refused(hall: Hall, event: str) -> None:
    hook, _, _ = await connect(hall)
    body = json.dumps(example("push")).encode()
    signature = "sha256=" + hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-github-event": event.encode("latin-1"), "x-hub-signature-256": signature.encode()}
    answer = await hook.client.post("/ingest/acme", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_delivery")


async def test_one_delivery_twenty_times_at_once_counts_once(hall: Hall) -> None:
    hook, manager, _ = await connect(hall)
    same = await asyncio.gather(*(hook.send("push", example("push"), delivery="d-1") for _ in range(10)))
    others = await asyncio.gather(*(hook.send("push", example("push")) for _ in range(10)))
    assert sum(answer.json()["activities"] for answer in [*same, *others]) == 1
    assert sorted(answer.status_code for answer in same) == [200] * 9 + [202]
    assert len({answer.json()["delivery_id"] for answer in same}) == 1
    await hall.drain()
    assert len(await hall.log("activity.recorded")) == 1
    pages: list[str] = []
    after = ""
    while True:
        page = (await manager.client.get(f"/sources/acme/deliveries?limit=4{after}")).json()
        pages += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(pages) == len(set(pages)) == 11


NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, NOW),
        (NOW - timedelta(days=29), NOW - timedelta(days=29)),
        (NOW - timedelta(days=31), NOW - timedelta(days=30)),
        (NOW + timedelta(minutes=1), NOW + timedelta(minutes=1)),
        (NOW + timedelta(days=400), NOW + timedelta(minutes=2)),
        (datetime.fromisoformat("0001-01-01T00:00:00+23:59"), NOW - timedelta(days=30)),
        (datetime.fromisoformat("9999-12-31T23:59:59-23:59"), NOW + timedelta(minutes=2)),
    ],
)
async def test_when_it_occurred_stays_within_bounds(
    hall: Hall,
    school: Any,
    said: datetime | None,
    meant: datetime,
) -> None:
    assert rules.clamped(said, NOW) == meant
    client, auth, _ = school
    event = json.loads(to_structured_event(cloud(1)).body)
    event["time"] = None if said is None else said.isoformat()
    headers = {"content-type": "application/cloudevents+json", **auth}
    answer = await client.post("/ingest/school", content=json.dumps(event), headers=headers)
    assert answer.json()["outcome"] == "recorded", answer.text
    await hall.drain()
    data = (await hall.log("activity.recorded"))[0]["data"]
    assert datetime.fromisoformat(data["occurred_at"]) == meant
    assert datetime.fromisoformat(data["recorded_at"]) == NOW


async def test_only_an_admin_makes_a_source_that_is_believed_about_old_times(hall: Hall) -> None:
    manager, admin = await hall.user("mia", role="manager"), await hall.user("ada", role="admin")
    await hall.user("wren")
    history = {"slug": "history", "kind": "cloudevents", "name": "History", "past_days": 120}
    refused = await manager.client.post("/sources", json=history)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    for days in (29, 401):
        assert (await admin.client.post("/sources", json={**history, "past_days": days})).status_code == 422
    assert await hall.log("source.changed") == []
    made = await admin.client.post("/sources", json=history)
    assert (made.status_code, made.json()["past_days"]) == (201, 120)
    usual = await manager.client.post("/sources", json={**history, "slug": "usual", "past_days": 30})
    assert (usual.status_code, usual.json()["past_days"]) == (201, 30)
    said = [(event["data"]["slug"], event["data"].get("past_days")) for event in await hall.log("source.changed")]
    assert said == [("history", 120), ("usual", None)]
    changed = await admin.client.patch(
        "/sources/usual", json={"past_days": 120}, headers={"if-match": str(usual.json()["version"])}
    )
    assert changed.status_code == 422, "it is settled when the source is made"
    await admin.client.post("/sources/usual/links", json={"account": "wren@school", "username": "wren"})
    headers = {"content-type": "application/cloudevents+json"}
    for number, (slug, ago) in enumerate((("history", 100), ("history", 200), ("usual", 100))):
        event = {"specversion": "1.0", "id": str(number), "source": "/x", "type": "a.b", "account": "wren@school"}
        event["time"] = (NOW - timedelta(days=ago)).isoformat()
        answer = await admin.client.post(f"/ingest/{slug}", content=json.dumps(event), headers=headers)
        assert answer.json()["outcome"] == "recorded", answer.text
    # What waited for its account is held to thirty days whoever brought it: nobody said whose it was.
    event = {**event, "id": "3", "account": "nobody@school"}
    assert (await admin.client.post("/ingest/history", content=json.dumps(event), headers=headers)).status_code == 202
    await admin.client.post("/sources/history/links", json={"account": "nobody@school", "username": "wren"})
    await hall.drain()
    when = [NOW - datetime.fromisoformat(row["data"]["occurred_at"]) for row in await hall.log("activity.recorded")]
    assert [moment.days for moment in when] == [100, 120, 30, 30]
