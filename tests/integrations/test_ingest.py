"""Real activity in: GitHub's own example deliveries, CloudEvents by the official SDK, and everything that is wrong."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from questhall.contracts.integrations import Integrations
from questhall.kernel.testing import Hall, HallUser

EXAMPLES = Path(__file__).parents[2] / "web/node_modules/@octokit/webhooks-examples/api.github.com/index.json"


def examples() -> list[tuple[str, dict[str, Any]]]:
    found = json.loads(EXAMPLES.read_text())
    return [(one["name"], payload) for one in found for payload in one["examples"]]


def example(event: str, **fields: Any) -> dict[str, Any]:
    for name, payload in examples():
        if name == event and all(payload.get(field) == value for field, value in fields.items()):
            return copy.deepcopy(payload)
    raise LookupError(event)


class Github:
    """A hook, as GitHub would call it."""

    def __init__(self, client: httpx.AsyncClient, secret: str, slug: str = "acme") -> None:
        self.client = client
        self.secret = secret
        self.slug = slug

    async def send(
        self, event: str, payload: Any, *, delivery: str | None = None, form: bool = False, **headers: str
    ) -> httpx.Response:
        text = json.dumps(payload)
        body = urlencode({"payload": text}).encode() if form else text.encode()
        signature = "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        all_headers = {
            "content-type": "application/x-www-form-urlencoded" if form else "application/json",
            "x-github-event": event,
            "x-github-delivery": delivery or str(uuid4()),
            "x-hub-signature-256": signature,
            **headers,
        }
        return await self.client.post(f"/ingest/{self.slug}", content=body, headers=all_headers)


async def connect(hall: Hall, *, link: str | None = "Codertocat") -> tuple[Github, HallUser, HallUser]:
    manager, wren = await hall.user("mia", role="manager"), await hall.user("wren")
    made = await manager.client.post("/sources", json={"slug": "acme", "kind": "github", "name": "Acme"})
    assert made.status_code == 201, made.text
    if link:
        body = {"account": link, "username": "wren"}
        assert (await manager.client.post("/sources/acme/links", json=body)).status_code == 201
    bare = hall.client()
    bare.headers.pop("origin")
    bare.headers.pop("sec-fetch-site")
    return Github(bare, made.json()["secret"]), manager, wren


async def test_all_of_githubs_examples_are_taken_and_counted_once(hall: Hall) -> None:
    hook, _, wren = await connect(hall)
    answers = [(name, await hook.send(name, payload)) for name, payload in examples()]
    assert len(answers) == 329
    assert [(name, a.status_code) for name, a in answers if a.status_code // 100 != 2] == []
    await hall.drain()
    recorded = [event["data"] for event in await hall.log("activity.recorded")]
    assert {event["user_id"] for event in recorded} == {str(wren.user_id)}
    assert len({event["external_id"] for event in recorded}) == len(recorded)
    kinds = [event["kind"] for event in recorded]
    assert kinds.count("github.review.submitted") == 1, "three copies of one review count once"
    assert {"github.push", "github.pull_request.opened", "github.issue.opened", "github.release.published"} <= set(
        kinds
    )
    for event in recorded:
        assert all(isinstance(value, str | int | float | bool) for value in event["attributes"].values())
    # Every one again, under other delivery ids, which no signature covers: nothing is counted anew.
    again = [await hook.send(name, payload) for name, payload in examples()]
    assert {answer.status_code // 100 for answer in again} == {2}
    await hall.drain()
    assert len(await hall.log("activity.recorded")) == len(recorded)


async def test_a_replayed_delivery_is_a_duplicate(hall: Hall) -> None:
    hook, manager, _ = await connect(hall)
    payload = example("push")
    first = await hook.send("push", payload, delivery="d-1")
    assert (first.status_code, first.json()["outcome"], first.json()["activities"]) == (202, "recorded", 1)
    second = await hook.send("push", payload, delivery="d-1")
    assert (second.status_code, second.json()["duplicate"]) == (200, True)
    assert second.json()["delivery_id"] == first.json()["delivery_id"]
    third = await hook.send("push", payload, delivery="d-2")
    assert (third.status_code, third.json()["duplicate"]) == (200, True), "another id, the same act"
    listed = (await manager.client.get("/sources/acme/deliveries")).json()["items"]
    assert [row["outcome"] for row in listed] == ["duplicate", "recorded"]
    again = await manager.client.post(f"/sources/acme/deliveries/{first.json()['delivery_id']}/redeliver")
    assert again.json()["duplicate"] is True
    await hall.drain()
    assert len(await hall.log("activity.recorded")) == 1


async def test_a_merge_is_its_authors_and_the_form_encoding_works(hall: Hall) -> None:
    hook, _, wren = await connect(hall)
    payload = example("pull_request", action="closed")
    # Changed: the example was closed unmerged; merged, when and by whom are what GitHub sends for a merge.
    payload["pull_request"] |= {"merged": True, "merged_at": "2026-03-01T10:00:00Z", "merged_by": {"login": "octocat"}}
    payload["sender"] = {"login": "octocat", "type": "User"}
    answer = await hook.send("pull_request", payload, form=True)
    assert answer.json()["outcome"] == "recorded", answer.text
    await hall.drain()
    event = (await hall.log("activity.recorded"))[0]["data"]
    assert event["kind"] == "github.pull_request.merged"
    assert event["user_id"] == str(wren.user_id)
    assert event["occurred_at"] == "2026-03-01T10:00:00Z"
    assert event["external_id"] == f"pull_request:{payload['pull_request']['node_id']}:merged"
    assert event["attributes"]["repo"] == "Codertocat/Hello-World"


async def test_bad_requests_store_nothing(hall: Hall) -> None:
    hook, manager, _ = await connect(hall)
    payload = example("push")
    wrong = await hook.send("push", payload, **{"x-hub-signature-256": "sha256=" + "0" * 64})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_signature")
    missing = await hook.send("push", payload, **{"x-hub-signature-256": ""})
    assert missing.status_code == 401
    other = await Github(hook.client, "another secret").send("push", payload)
    assert other.status_code == 401
    malformed = await hook.send("push", ["not", "an", "object"])
    assert (malformed.status_code, malformed.json()["code"]) == (400, "malformed_delivery")
    unnamed = await hook.send("", payload)
    assert unnamed.status_code == 400
    absent = await hook.client.post("/ingest/nobody", content=b"{}")
    assert (absent.status_code, absent.json()["code"]) == (404, "source_not_found")
    claimed = {"content-length": str(26 * 1024 * 1024), "x-hub-signature-256": "sha256=00"}
    large = await hook.client.post("/ingest/acme", content=b"x", headers=claimed)
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    assert (await manager.client.get("/sources/acme/deliveries")).json()["items"] == []
    off = await manager.client.patch("/sources/acme", json={"enabled": False}, headers={"if-match": '"1"'})
    assert (off.status_code, off.json()["version"]) == (200, 2)
    assert (await hook.send("push", payload)).json()["code"] == "source_disabled"
    for header, status in (({}, 428), ({"if-match": '"1"'}, 412), ({"if-match": '"2"'}, 200)):
        assert (
            await manager.client.patch("/sources/acme", json={"enabled": True}, headers=header)
        ).status_code == status
    assert (await hook.send("push", payload)).json()["outcome"] == "recorded"


async def test_ping_connects_and_bots_are_ignored(hall: Hall) -> None:
    hook, manager, _ = await connect(hall)
    assert (await hook.send("ping", example("ping"))).json()["outcome"] == "ping"
    assert (await manager.client.get("/sources/acme")).json()["connected_at"] is not None
    payload = example("push")
    payload["sender"]["type"] = "Bot"
    assert (await hook.send("push", payload)).json()["outcome"] == "ignored"


async def test_what_an_unknown_account_did_waits_for_its_link(hall: Hall) -> None:
    hook, manager, wren = await connect(hall, link=None)
    assert (await hook.send("push", example("push"))).json()["outcome"] == "waiting"
    waiting = (await manager.client.get("/sources/acme/waiting")).json()["items"]
    assert [(row["account"], row["count"]) for row in waiting] == [("codertocat", 1)]
    csv = "account,username\nCodertocat,wren\noctocat,wren\n"
    made = await manager.client.post("/sources/acme/links", json={"csv": csv})
    assert {row["account"] for row in made.json()["items"]} == {"codertocat", "octocat"}
    await hall.drain()
    event = (await hall.log("activity.recorded"))[0]
    assert (event["data"]["user_id"], event["data"]["waited"]) == (str(wren.user_id), True)
    assert (await manager.client.get("/sources/acme/waiting")).json()["items"] == []
    [shown] = (await manager.client.get("/sources/acme/deliveries")).json()["items"]
    assert (shown["outcome"], shown["detail"]) == ("recorded", "credited when its account was linked")
    assert shown["activities"] == [
        {"id": event["data"]["activity_id"], "user_id": str(wren.user_id), "kind": event["data"]["kind"]}
    ]
    bad = await manager.client.post("/sources/acme/links", json={"csv": "one,two,three"})
    assert bad.json()["code"] == "bad_links"
    nobody = await manager.client.post("/sources/acme/links", json={"account": "x", "username": "nobody"})
    assert nobody.json()["code"] == "user_not_found"


async def test_secrets_rotate_with_two_active(hall: Hall) -> None:
    hook, manager, _ = await connect(hall)
    fresh = Github(hook.client, (await manager.client.post("/sources/acme/rotate")).json()["secret"])
    assert (await hook.send("push", example("push"))).status_code == 202
    assert (await fresh.send("push", example("push"), delivery="x")).status_code == 200
    await manager.client.post("/sources/acme/rotate")
    assert (await hook.send("push", example("push"))).status_code == 401
    admin = hall.database(Integrations)
    async with admin.read() as tx:
        stored = await tx.fetchval("SELECT secrets[1] FROM sources")
    assert hook.secret.encode() not in stored
    assert fresh.secret.encode() not in stored


def cloud(number: int, **more: Any) -> CloudEvent:
    attributes = {
        "id": f"e{number}",
        "source": "https://school.example/lessons",
        "type": "school.lesson.completed",
        "specversion": "1.0",
        "time": datetime(2026, 3, 2, 8, tzinfo=UTC),
        "account": "wren@school",
        **more,
    }
    return CloudEvent(attributes=attributes, data={"lesson": "Loops", "minutes": 25, "score": {"points": 9}})


@pytest.fixture
async def school(hall: Hall) -> tuple[httpx.AsyncClient, dict[str, str], HallUser]:
    manager, wren = await hall.user("mia", role="manager"), await hall.user("wren")
    await manager.client.post("/sources", json={"slug": "school", "kind": "cloudevents", "name": "School"})
    await manager.client.post("/sources/school/links", json={"account": "wren@school", "username": "wren"})
    token = (await manager.client.post("/me/tokens", json={"name": "school", "scopes": ["ingest"]})).json()["secret"]
    return hall.client(), {"authorization": f"Bearer {token}"}, wren


async def test_cloudevents_in_all_three_modes(
    hall: Hall, school: tuple[httpx.AsyncClient, dict[str, str], HallUser]
) -> None:
    client, auth, wren = school
    binary, structured = to_binary_event(cloud(1)), to_structured_event(cloud(2))
    batch = [json.loads(to_structured_event(cloud(n)).body) for n in (2, 3, 4)]
    first = await client.post("/ingest/school", content=binary.body, headers={**binary.headers, **auth})
    second = await client.post("/ingest/school", content=structured.body, headers={**structured.headers, **auth})
    third = await client.post(
        "/ingest/school",
        content=json.dumps(batch),
        headers={"content-type": "application/cloudevents-batch+json", **auth},
    )
    assert [a.json()["activities"] for a in (first, second, third)] == [1, 1, 2], [
        a.text for a in (first, second, third)
    ]
    again = await client.post("/ingest/school", content=binary.body, headers={**binary.headers, **auth})
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    await hall.drain()
    events = [event["data"] for event in await hall.log("activity.recorded")]
    assert len(events) == 4
    assert {event["user_id"] for event in events} == {str(wren.user_id)}
    assert events[0]["attributes"] == {"lesson": "Loops", "minutes": 25, "score_points": 9}


async def test_cloudevents_need_a_token_with_the_scope(
    hall: Hall, school: tuple[httpx.AsyncClient, dict[str, str], HallUser]
) -> None:
    client, auth, wren = school
    sent = to_structured_event(cloud(1))
    assert (await client.post("/ingest/school", content=sent.body, headers=dict(sent.headers))).status_code == 401
    assert (await wren.client.post("/ingest/school", content=sent.body, headers=dict(sent.headers))).status_code == 403
    for body in (b"{", b'{"specversion": "1.0"}', b"[]"):
        headers = {"content-type": "application/cloudevents+json", **auth}
        answer = await client.post("/ingest/school", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_delivery"), answer.text
    large = b'{"x": "' + b"x" * 1_100_000 + b'"}'
    headers = {"content-type": "application/cloudevents+json", **auth}
    assert (await client.post("/ingest/school", content=large, headers=headers)).status_code == 413


async def test_a_redelivery_of_a_redelivery_counts_nothing_anew(hall: Hall) -> None:
    hook, manager, _ = await connect(hall)
    # A branch made has no number of its own: what is said of it is its key.
    first = (await hook.send("create", example("create"), delivery="made-1")).json()
    assert first["outcome"] == "recorded"
    once = (await manager.client.post(f"/sources/acme/deliveries/{first['delivery_id']}/redeliver")).json()
    twice = (await manager.client.post(f"/sources/acme/deliveries/{once['delivery_id']}/redeliver")).json()
    assert (once["duplicate"], twice["duplicate"]) == (True, True)
    await hall.drain()
    assert len(await hall.log("activity.recorded")) == 1


async def test_what_no_database_keeps_spoils_nothing(hall: Hall) -> None:
    hook, _, _ = await connect(hall)
    payload = example("issues", action="opened")
    payload["issue"] |= {"title": "zero \0 inside", "number": 10**300}
    assert (await hook.send("issues", payload)).json()["outcome"] == "recorded"
    await hall.drain()
    assert (await hall.log("activity.recorded"))[0]["data"]["attributes"]["title"] == "zero  inside"
    for body in (b"\xff{", b"[" * 20_000 + b"]" * 20_000, b"{"):
        signature = "sha256=" + hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-github-event": "push", "x-hub-signature-256": signature}
        answer = await hook.client.post("/ingest/acme", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_delivery"), answer.text


async def test_an_act_that_came_with_its_link_does_not_wait_for_ever(hall: Hall) -> None:
    hook, manager, wren = await connect(hall, link=None)
    assert (await hook.send("push", example("push"))).json()["outcome"] == "waiting"
    # As when the link is written between the batch's look at the links and its commit.
    async with hall.database(Integrations).tx() as tx:
        await tx.execute(
            "INSERT INTO links (kind, account, id, user_id, username, made_by, created_at) "
            "VALUES ('github', 'codertocat', $1, $2, 'wren', 'mia', $3)",
            uuid4(),
            wren.user_id,
            tx.now,
        )
    actions: Any = hall.actions(Integrations)
    await actions.credit_linked()
    await actions.credit_linked()
    [shown] = (await manager.client.get("/sources/acme/deliveries")).json()["items"]
    assert (shown["outcome"], len(shown["activities"])) == ("recorded", 1)
    await hall.drain()
    events = await hall.log("activity.recorded")
    assert [(event["data"]["user_id"], event["data"]["waited"]) for event in events] == [(str(wren.user_id), True)]


async def test_a_merge_queue_takes_no_credit_and_a_bots_work_is_nobodys(hall: Hall) -> None:
    hook, _, wren = await connect(hall)
    payload = example("pull_request", action="closed")
    payload["pull_request"] |= {"merged": True, "merged_at": "2026-03-01T10:00:00Z"}
    payload["sender"] = {"login": "queue[bot]", "type": "Bot"}
    assert (await hook.send("pull_request", payload)).json()["outcome"] == "recorded"
    payload["pull_request"] |= {"node_id": "another", "user": {"login": "updates[bot]", "type": "Bot"}}
    payload["sender"] = {"login": "Codertocat", "type": "User"}
    assert (await hook.send("pull_request", payload)).json()["outcome"] == "ignored"
    await hall.drain()
    events = await hall.log("activity.recorded")
    assert [event["data"]["user_id"] for event in events] == [str(wren.user_id)]
