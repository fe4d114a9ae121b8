"""Sources of any JSON: a mapping that is tried and saved, signed deliveries, and everything that is wrong."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from questhall.contracts.integrations import Integrations
from questhall.kernel.testing import Hall, HallUser
from tests.integrations.test_hostile import MIB, call

MAPPING = {
    "kind": "join('.', ['lesson', action])",
    "account": "user.name",
    "external_id": "id",
    "occurred_at": "at",
    "attributes": {"minutes": "minutes"},
}
BODY = {"id": 77, "action": "done", "user": {"name": "Wren@school"}, "at": "2026-03-02T08:00:00Z", "minutes": 25}


class Service:
    """A service that signs what it sends."""

    def __init__(self, client: httpx.AsyncClient, secret: str, slug: str = "school") -> None:
        self.client = client
        self.secret = secret
        self.slug = slug

    def signature(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    async def send(self, body: Any, **headers: str) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = {"content-type": "application/json", "x-questhall-signature-256": self.signature(raw), **headers}
        return await self.client.post(f"/ingest/{self.slug}", content=raw, headers=signed)


async def connect(hall: Hall, *, link: str | None = "wren@school") -> tuple[Service, HallUser, HallUser]:
    manager, wren = await hall.user("mia", role="manager"), await hall.user("wren")
    wanted = {"slug": "school", "kind": "json", "name": "School", "mapping": MAPPING}
    made = await manager.client.post("/sources", json=wanted)
    assert made.status_code == 201, made.text
    if link:
        body = {"account": link, "username": "wren"}
        assert (await manager.client.post("/sources/school/links", json=body)).status_code == 201
    bare = hall.client()
    bare.headers.pop("origin")
    bare.headers.pop("sec-fetch-site")
    return Service(bare, made.json()["secret"]), manager, wren


async def test_an_act_is_recorded_once_for_ever(hall: Hall) -> None:
    service, manager, wren = await connect(hall)
    first = await service.send(BODY)
    assert (first.status_code, first.json()["outcome"], first.json()["activities"]) == (202, "recorded", 1)
    again = await service.send(BODY)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    other = await service.send(BODY | {"minutes": 30, "action": "seen"})
    assert (other.status_code, other.json()["duplicate"]) == (200, True), "said otherwise, the same act"
    assert (await service.send(BODY | {"id": "78"})).json()["outcome"] == "recorded"
    redelivered = await manager.client.post(f"/sources/school/deliveries/{first.json()['delivery_id']}/redeliver")
    assert redelivered.json()["duplicate"] is True
    await hall.drain()
    events = [event["data"] for event in await hall.log("activity.recorded")]
    assert [event["external_id"] for event in events] == ["json:school:77", "json:school:78"]
    assert (events[0]["user_id"], events[0]["kind"]) == (str(wren.user_id), "lesson.done")
    assert (events[0]["occurred_at"], events[0]["attributes"]) == ("2026-03-02T08:00:00Z", {"minutes": 25})
    assert (await manager.client.get("/sources/school")).json()["connected_at"] is not None
    listed = (await manager.client.get("/sources/school/deliveries")).json()["items"]
    assert listed[-1]["event"] == "lesson.done"


async def test_one_act_twenty_times_at_once_counts_once(hall: Hall) -> None:
    service, _, _ = await connect(hall)
    answers = await asyncio.gather(*(service.send(BODY | {"noise": n % 2}) for n in range(20)))
    assert sum(answer.json()["activities"] for answer in answers) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [202]
    await hall.drain()
    assert len(await hall.log("activity.recorded")) == 1


async def test_who_is_not_known_waits_for_a_link_of_that_source_alone(hall: Hall) -> None:
    service, manager, wren = await connect(hall, link=None)
    wanted = {"slug": "club", "kind": "json", "name": "Club", "mapping": MAPPING}
    club = Service(service.client, (await manager.client.post("/sources", json=wanted)).json()["secret"], "club")
    assert (await service.send(BODY)).json()["outcome"] == "waiting"
    assert (await club.send(BODY)).json()["outcome"] == "waiting"
    waiting = (await manager.client.get("/sources/school/waiting")).json()["items"]
    assert [(row["account"], row["count"]) for row in waiting] == [("wren@school", 1)]
    made = await manager.client.post("/sources/school/links", json={"account": "WREN@school", "username": "wren"})
    assert [row["kind"] for row in made.json()["items"]] == ["json:school"]
    assert (await manager.client.get("/sources/school/waiting")).json()["items"] == []
    assert len((await manager.client.get("/sources/club/waiting")).json()["items"]) == 1, "another service's wren"
    assert (await wren.client.get("/me/links")).json()["items"][0]["account"] == "wren@school"
    await hall.drain()
    events = [event["data"] for event in await hall.log("activity.recorded")]
    assert [(event["source"], event["user_id"], event["waited"]) for event in events] == [
        ("school", str(wren.user_id), True)
    ]
    link = made.json()["items"][0]["id"]
    assert (await manager.client.delete(f"/sources/club/links/{link}")).status_code == 404
    assert (await manager.client.delete(f"/sources/school/links/{link}")).status_code == 204
    assert (await service.send(BODY | {"id": 78})).json()["outcome"] == "waiting"


async def test_nothing_is_stored_of_what_is_not_signed_or_not_understood(hall: Hall) -> None:
    service, manager, _ = await connect(hall)
    for headers in (
        {"x-questhall-signature-256": "sha256=" + "0" * 64},
        {"x-questhall-signature-256": ""},
        {"x-questhall-signature-256": service.signature(b"another body")},
        {"x-questhall-signature-256": service.signature(json.dumps(BODY).encode()).removeprefix("sha256=")},
        {"x-questhall-signature-256": "", "x-hub-signature-256": service.signature(json.dumps(BODY).encode())},
    ):
        wrong = await service.send(BODY, **headers)
        assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_signature"), headers
    assert (await Service(service.client, "another secret").send(BODY)).status_code == 401
    token = (await manager.client.post("/me/tokens", json={"name": "s", "scopes": ["ingest"]})).json()["secret"]
    body = json.dumps(BODY).encode()
    unsigned = await service.client.post(
        "/ingest/school", content=body, headers={"authorization": f"Bearer {token}", "content-type": "application/json"}
    )
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "bad_signature")
    for malformed in (b"", b"{", b"\xff{", b"[" * 20_000 + b"]" * 20_000, b"null", BODY | {"user": None}, [BODY]):
        answer = await service.send(malformed)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_delivery"), malformed
    missing = await service.send(BODY | {"user": {}})
    assert missing.json()["detail"] == "account: it finds nothing here; nothing of the body was taken"
    assert (await manager.client.get("/sources/school/deliveries")).json()["items"] == []
    assert (await manager.client.get("/sources/school")).json()["connected_at"] is None
    off = await manager.client.patch("/sources/school", json={"enabled": False}, headers={"if-match": '"1"'})
    assert off.status_code == 200
    assert (await service.send(BODY)).json()["code"] == "source_disabled"


async def test_what_is_refused_anyway_is_not_read_and_the_rest_up_to_one_mebibyte(hall: Hall) -> None:
    await connect(hall)
    body = [b"x" * MIB] * 30
    unsigned = await call(hall, "school", {"content-type": "application/json"}, body)
    assert (unsigned[0], unsigned[1]["code"], unsigned[2]) == (401, "bad_signature", 0)
    endless = await call(hall, "school", {"x-questhall-signature-256": "sha256=0"}, body)
    assert (endless[0], endless[1]["code"], endless[2]) == (413, "too_large", 2)


async def test_secrets_rotate_with_two_active(hall: Hall) -> None:
    service, manager, _ = await connect(hall)
    fresh = Service(service.client, (await manager.client.post("/sources/school/rotate")).json()["secret"])
    assert (await service.send(BODY)).status_code == 202
    assert (await fresh.send(BODY)).status_code == 200
    await manager.client.post("/sources/school/rotate")
    assert (await service.send(BODY)).status_code == 401


async def test_odd_acts_harm_none_beside_them(hall: Hall) -> None:
    service, _, _ = await connect(hall)
    odd = [
        BODY | {"id": 2**63, "minutes": 2**63},
        BODY | {"id": "zero \0 inside", "minutes": "a\0b"},
        BODY | {"id": "🎉", "minutes": "🎉"},
        BODY | {"id": "x" * 300, "minutes": "y" * 60_000},
        BODY | {"id": "large", "minutes": "y" * 100_000},
        BODY | {"id": "late", "at": 4102444800},
    ]
    answers = await asyncio.gather(*(service.send(body) for body in [*odd, BODY]))
    assert [answer.json()["outcome"] for answer in answers] == ["recorded"] * 7, [answer.text for answer in answers]
    await hall.drain()
    events = {event["data"]["external_id"]: event["data"] for event in await hall.log("activity.recorded")}
    assert events[f"json:school:{2**63}"]["attributes"] == {}
    assert events["json:school:zero  inside"]["attributes"] == {"minutes": "ab"}
    assert events["json:school:🎉"]["attributes"] == {"minutes": "🎉"}
    assert len(events[f"json:school:{'x' * 300}"]["attributes"]["minutes"]) == 500
    assert events["json:school:large"]["attributes"] == {}
    assert events["json:school:late"]["occurred_at"] == "2026-03-02T09:02:00Z", "two minutes ahead at most"


async def test_several_acts_in_a_body_are_taken_whole_or_not_at_all(hall: Hall) -> None:
    service, manager, _ = await connect(hall)
    change = {"mapping": MAPPING | {"items": "events"}}
    changed = await manager.client.patch("/sources/school", json=change, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.json()["mapping"]["items"]) == (200, "events")
    acts = [BODY | {"id": n} for n in (1, 2, 3)]
    broken = await service.send({"events": [acts[0], acts[1] | {"action": None}, acts[2]]})
    assert broken.status_code == 400
    assert "kind: join can't be done with nothing" in broken.json()["detail"]
    assert "(act 2 of 3); nothing of the body was taken" in broken.json()["detail"]
    assert (await service.send({"events": acts})).json()["activities"] == 3
    again = await service.send({"events": acts, "sent": "again"})
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    both = await service.send({"events": [acts[0], BODY | {"id": 4}]})
    assert (both.json()["activities"], both.json()["outcome"]) == (1, "recorded")
    none = await service.send({"ping": True})
    assert (none.status_code, none.json()["outcome"]) == (202, "ignored")
    await hall.drain()
    assert [event["data"]["change"] for event in await hall.log("source.changed")] == ["made", "mapped_anew"]


async def test_a_body_is_read_anew_once_its_mapping_is_mended(hall: Hall) -> None:
    service, manager, _ = await connect(hall)
    headers = iter(f'"{n}"' for n in range(1, 9))

    async def remap(**parts: str) -> None:
        change = {"mapping": MAPPING | parts}
        answer = await manager.client.patch("/sources/school", json=change, headers={"if-match": next(headers)})
        assert answer.status_code == 200, answer.text

    await remap(items="things")
    ignored = await service.send({"events": [BODY, BODY | {"id": 78}]})
    assert ignored.json()["outcome"] == "ignored"
    await remap(items="events")
    assert (await service.send({"events": [BODY, BODY | {"id": 78}]})).json()["activities"] == 2, "sent again"
    path = f"/sources/school/deliveries/{ignored.json()['delivery_id']}/redeliver"
    assert (await manager.client.post(path)).json()["duplicate"] is True


def pointers(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


async def test_a_mapping_belongs_to_this_kind_and_is_checked(hall: Hall) -> None:
    manager, wren = await hall.user("mia", role="manager"), await hall.user("wren")
    source = {"slug": "school", "kind": "json", "name": "School"}
    without = await manager.client.post("/sources", json=source)
    assert (pointers(without), without.json()["code"]) == (
        {"#/mapping": "a source of kind json needs one"},
        "bad_mapping",
    )
    github = await manager.client.post("/sources", json=source | {"kind": "github", "mapping": MAPPING})
    assert pointers(github) == {"#/mapping": "a source of kind github is read as it is"}
    wrong = await manager.client.post("/sources", json=source | {"mapping": MAPPING | {"kind": "lower(a)"}})
    assert pointers(wrong) == {"#/mapping/kind": "there is no function lower"}
    for part, pointer in (
        ({"kind": "x" * 513}, "#/mapping/kind"),
        ({"kind": ""}, "#/mapping/kind"),
        ({"account": None}, "#/mapping/account"),
        ({"secret": "x"}, "#/mapping/secret"),
        ({"attributes": {f"a{n}": "id" for n in range(33)}}, "#/mapping/attributes"),
        ({"attributes": {"a": "x" * 513}}, "#/mapping/attributes/a"),
        ({"attributes": {"a b": "x"}}, "#/mapping/attributes"),
        ({"kind": "a\0"}, "#/mapping/kind"),
    ):
        bad = await manager.client.post("/sources", json=source | {"mapping": MAPPING | part})
        assert list(pointers(bad)) == [pointer], part
    assert (await manager.client.get("/sources")).json()["items"] == []
    made = await manager.client.post("/sources", json=source | {"mapping": MAPPING})
    assert made.json()["mapping"] == MAPPING | {"items": None}
    change = {"mapping": MAPPING | {"external_id": "number"}}
    for header, status in (({}, 428), ({"if-match": '"7"'}, 412), ({"if-match": '"1"'}, 200)):
        assert (await manager.client.patch("/sources/school", json=change, headers=header)).status_code == status
    assert (await manager.client.get("/sources/school")).json()["mapping"]["external_id"] == "number"
    bad = await manager.client.patch(
        "/sources/school", json={"mapping": MAPPING | {"kind": "a."}}, headers={"if-match": '"2"'}
    )
    assert pointers(bad) == {"#/mapping/kind": "something is missing at its end"}
    await manager.client.post("/sources", json={"slug": "acme", "kind": "github", "name": "Acme"})
    other = await manager.client.patch("/sources/acme", json={"mapping": MAPPING}, headers={"if-match": '"1"'})
    assert pointers(other) == {"#/mapping": "a source of kind github is read as it is"}
    assert (await wren.client.post("/sources/try", json={"mapping": MAPPING, "sample": "{}"})).status_code == 403


async def test_a_mapping_is_tried_on_a_sample_and_nothing_is_stored(hall: Hall) -> None:
    manager = await hall.user("mia", role="manager")

    async def tried(mapping: dict[str, Any], sample: str) -> httpx.Response:
        return await manager.client.post("/sources/try", json={"mapping": mapping, "sample": sample})

    found = await tried(MAPPING, json.dumps(BODY | {"id": 2**64 + 1}))
    assert (found.status_code, found.json()["acts"]) == (
        200,
        [
            {
                "kind": "lesson.done",
                "account": "Wren@school",
                "external_id": "18446744073709551617",
                "occurred_at": "2026-03-02T08:00:00Z",
                "attributes": {"minutes": 25},
            }
        ],
    )
    assert (await tried(MAPPING | {"items": "events"}, "{}")).json()["acts"] == []
    assert set(pointers(await tried(MAPPING, "{}"))) == {"#/mapping/kind", "#/mapping/account", "#/mapping/external_id"}
    assert set(pointers(await tried(MAPPING | {"kind": "(", "account": ")"}, "{"))) == {
        "#/mapping/kind",
        "#/mapping/account",
    }
    for sample in ("", "{", "[" * 50_000, '"\\ud800"'):
        assert list(pointers(await tried(MAPPING, sample))) == ["#/sample"], sample[:9]
    assert list(pointers(await tried(MAPPING, " " * 100_001))) == ["#/sample"]
    dear = MAPPING | {"attributes": {"a": "list[*].a | [0]"}}
    slow = await tried(dear, json.dumps(BODY | {"list": [{"a": 1}] * 2_000}))
    assert pointers(slow) == {"#/mapping/attributes/a": "it takes more than 1000 steps"}
    unknown = await manager.client.post("/sources/try", json={"mapping": MAPPING, "sample": "{}", "slug": "x"})
    assert list(pointers(unknown)) == ["#/slug"]
    async with hall.database(Integrations).read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM sources") == 0


@pytest.mark.parametrize("kind", ["github", "cloudevents"])
async def test_other_kinds_have_no_mapping(hall: Hall, kind: str) -> None:
    manager = await hall.user("mia", role="manager")
    made = await manager.client.post("/sources", json={"slug": "acme", "kind": kind, "name": "Acme"})
    assert (made.status_code, made.json()["mapping"]) == (201, None)
