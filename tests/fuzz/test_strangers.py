"""Each path with an id, called by who has no business there. Generated from the document: a new path has to say its id."""

from __future__ import annotations

import re
from typing import Any

import httpx
import msgspec
import pytest

from questhall.kernel.testing import Hall, HallUser
from tests.fuzz.driving import without_limits
from tests.fuzz.world import World, made, state

ROOT = "http://localhost:8000"
NOWHERE = {"username": "nobody-here", "slug": "no-such-source", "code": "no_such_currency", "kind": "transaction"}
"""What names nothing, where an id is no UUID."""
ADMINS = {"/api/v1/jobs/{job_id}"}
"""Paths for everybody who is signed in, whose id here is the admin's."""
OPEN = {"/api/v1/ingest/{slug}"}
"""Paths that tell a thing from none to everybody: a sender has to learn that an address is wrong."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A method of a path with an id."""

    method: str
    template: str
    operation: dict[str, Any]

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.template)

    @property
    def permission(self) -> str:
        return self.operation["x-permission"]

    def path(self, ids: dict[str, str]) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: ids[found.group(1)], self.template).removeprefix("/api/v1")

    async def by(self, client: httpx.AsyncClient, ids: dict[str, str]) -> httpx.Response:
        body = {"json": {}} if "requestBody" in self.operation else {}
        headers = {"if-match": '"1"', "idempotency-key": "stranger"}
        return await client.request(self.method, self.path(ids), headers=headers, **body)


async def calls(hall: Hall) -> list[Call]:
    """All of them, those that end things last."""
    document = (await hall.client().get(f"{ROOT}/api/openapi.json")).json()
    found = [
        Call(method=method.upper(), template=template, operation=operation)
        for template, item in document["paths"].items()
        if "{" in template
        for method, operation in item.items()
    ]
    return sorted(found, key=lambda call: ("GET", "PATCH", "POST", "DELETE").index(call.method))


def nowhere(call: Call) -> dict[str, str]:
    """Ids that name nothing."""
    return {name: NOWHERE.get(name, "0199ffff-0000-7000-8000-000000000001") for name in call.parameters}


async def test_the_id_of_every_path_is_made_here(hall: Hall) -> None:
    world = await made(hall)
    named = {name for call in await calls(hall) for name in call.parameters}
    assert named == set(world.ids)


async def test_who_has_no_business_there_is_refused_and_changes_nothing(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_limits(monkeypatch)
    world = await made(hall)
    asked, before = await calls(hall), await state(hall)
    assert len(asked) >= 34
    for call in asked:
        answers = [await call.by(hall.client(), world.ids), await call.by(world.stranger.client, world.ids)]
        case = (call.method, call.template, [answer.text for answer in answers])
        statuses = [answer.status_code for answer in answers]
        own = call.permission == "signed_in"
        assert statuses == [401, 404 if own else 403], case
        assert {str(status) for status in statuses} <= set(call.operation["responses"]), case
    assert await state(hall) == before


async def test_what_is_anothers_looks_like_what_there_is_not(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    without_limits(monkeypatch)
    world = await made(hall)
    for call in await calls(hall):
        if call.template in OPEN:
            continue
        there = await call.by(world.stranger.client, world.ids)
        none = await call.by(world.stranger.client, nowhere(call))
        seen = told(there, call.path(world.ids)), told(none, call.path(nowhere(call)))
        assert seen[0] == seen[1], (call.method, call.template)


def told(answer: httpx.Response, path: str) -> dict[str, Any]:
    """All that an answer says, but for its own trace and what was asked."""
    problem = answer.json()
    problem.pop("instance")
    text = msgspec.json.encode(problem).decode()
    for word in path.split("/"):
        if len(word) > 3:
            text = text.replace(word, "*")
    return msgspec.json.decode(text)


async def test_the_ids_are_real(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose they are, or who may see all, finds each of them: else the tests above would ask for nothing."""
    without_limits(monkeypatch)
    world = await made(hall)
    for call in await calls(hall):
        if call.template not in OPEN:
            client = rightful(world, call).client
            answer = await call.by(client, world.ids)
            if answer.status_code == 404:  # no draft is meant, but what is published
                answer = await call.by(client, {**world.ids, **world.published})
            assert answer.status_code not in (401, 403, 404), (call.method, call.template, answer.text)


def rightful(world: World, call: Call) -> HallUser:
    return world.owner if call.permission == "signed_in" and call.template not in ADMINS else world.admin
