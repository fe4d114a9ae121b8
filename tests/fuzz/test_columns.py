"""Mass assignment: each body with the name of each column added. What is no declared input is refused, nothing kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from questhall.kernel.testing import PASSWORD, Hall
from tests.achievements.test_badges import BASE
from tests.fuzz.driving import without_limits
from tests.fuzz.world import World, columns, made, state
from tests.integrations.test_json import BODY, MAPPING
from tests.quests.test_quests import MERGE, READ

ROOT = "http://localhost:8000"


def published(world: World) -> dict[str, str]:
    return world.published


class Good(msgspec.Struct, frozen=True):
    """A body that its route takes, and what it answers to it."""

    body: dict[str, Any]
    status: int = 200
    signed_in: bool = True
    ids: Callable[[World], dict[str, str]] = lambda _: {}
    version: str = '"1"'


BODIES = {
    "POST /api/v1/achievements": Good({**BASE, "slug": "another"}, 201),
    "PATCH /api/v1/achievements/{achievement_id}": Good({**BASE, "slug": "unpublished", "name": "Changed"}),
    "POST /api/v1/admin/currencies": Good({"code": "shells", "name": "Shells"}, 201),
    "PATCH /api/v1/admin/currencies/{code}": Good({"name": "Crowns"}),
    "POST /api/v1/admin/transactions": Good(
        {"username": "ada", "currency": "coins", "amount": 5, "reason": "a gift"}, 201
    ),
    "POST /api/v1/achievements/{achievement_id}/award": Good(
        {"username": "eve", "reason": "well done"}, 201, ids=published
    ),
    "POST /api/v1/achievements/{achievement_id}/revoke": Good(
        {"username": "wren", "reason": "a mistake"}, ids=published
    ),
    "PUT /api/v1/me/showcase": Good({"achievement_ids": []}),
    "POST /api/v1/transfers": Good({"to": "eve", "currency": "coins", "amount": 1}, 201),
    "POST /api/v1/admin/transactions/{transaction_id}/reverse": Good({"reason": "a mistake"}, 201),
    "POST /api/v1/admin/invites": Good({"role": "player"}, 201),
    "PATCH /api/v1/admin/registration": Good({"mode": "open"}),
    "PATCH /api/v1/admin/users/{user_id}": Good({"reason": "well done", "role": "moderator"}, version='"2"'),
    "POST /api/v1/me/tokens": Good({"name": "t"}, 201),
    "PATCH /api/v1/me": Good({"display_name": "Ada"}, version='"2"'),
    "POST /api/v1/auth/email/change": Good({"email": "ada@example.com", "password": PASSWORD}, 202),
    "POST /api/v1/auth/password/forgot": Good({"email": "ada@example.org"}, 202, signed_in=False),
    "POST /api/v1/auth/login": Good({"username": "ada", "password": PASSWORD}, signed_in=False),
    "POST /api/v1/auth/register": Good(
        {"username": "newcomer", "email": "newcomer@example.org", "password": PASSWORD}, 201, signed_in=False
    ),
    "POST /api/v1/auth/first-admin": Good(
        {"token": "none", "username": "newcomer2", "email": "newcomer2@example.org", "password": PASSWORD},
        410,
        signed_in=False,
    ),
    "POST /api/v1/auth/password/reset": Good({"token": "none", "password": PASSWORD}, 410, signed_in=False),
    "POST /api/v1/auth/email/verify": Good({"token": "none"}, 410, signed_in=False),
    "POST /api/v1/sources": Good({"slug": "acme", "kind": "github", "name": "Acme"}, 201),
    "PATCH /api/v1/sources/{slug}": Good({"name": "The school"}),
    "POST /api/v1/sources/{slug}/links": Good({"account": "eve@school", "username": "eve"}, 201),
    "POST /api/v1/sources/try": Good({"mapping": MAPPING, "sample": json.dumps(BODY)}),
    "POST /api/v1/quests": Good({**READ, "slug": "another"}, 201),
    "PATCH /api/v1/quests/{quest_id}": Good({**MERGE, "slug": "unpublished", "title": "Changed"}),
    "POST /api/v1/quests/check": Good({"where": "true"}),
    "POST /api/v1/quests/{quest_id}/complete": Good({}, ids=lambda world: {"quest_id": world.manual_quest}),
    "POST /api/v1/me/streaks/leave": Good({"until": "2026-03-10"}, 204),
    "POST /api/v1/admin/users/{user_id}/erase": Good({"reason": "they asked"}, 202),
    "DELETE /api/v1/me": Good({"password": PASSWORD}, 409),  # who asks is the last admin
    # Last: it ends the session that all of this is asked with.
    "POST /api/v1/auth/password/change": Good({"current": PASSWORD, "password": f"{PASSWORD} indeed"}, 204),
}
"""Every route with a JSON body but one: what comes to `/ingest/{slug}` is another's, with whatever fields they have."""


async def operations(hall: Hall) -> dict[str, Any]:
    """Operations with a body, by method and template, with the names of its fields."""
    document = (await hall.client().get(f"{ROOT}/api/openapi.json")).json()
    found = {}
    for template, item in document["paths"].items():
        for method, operation in item.items():
            if "requestBody" in operation and template != "/api/v1/ingest/{slug}":
                ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                found[f"{method.upper()} {template}"] = document["components"]["schemas"][ref.rpartition("/")[2]]
    return found


async def test_no_column_is_taken_that_is_no_input(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    without_limits(monkeypatch)
    world, names, schemas = await made(hall), await columns(hall), await operations(hall)
    assert set(schemas) == set(BODIES), "a new route with a body says what a good one is"
    assert len(names) > 200
    before, tried = await state(hall), 0
    for route, good in BODIES.items():
        declared = set(schemas[route]["properties"])
        for name in set(names) - declared:
            answer = await ask(hall, world, route, good, {**good.body, name: 1})
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (422, "invalid"), (route, name, answer.text)
            assert [error["pointer"] for error in problem["errors"]] == [f"#/{name}"], (route, answer.text)
            tried += 1
    assert await state(hall) == before
    assert tried > 5000


async def test_the_bodies_are_good(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the names above would not be all that is wrong with them."""
    without_limits(monkeypatch)
    world = await made(hall)
    for route, good in BODIES.items():
        answer = await ask(hall, world, route, good, good.body)
        assert answer.status_code == good.status, (route, answer.text)


async def ask(hall: Hall, world: World, route: str, good: Good, body: dict[str, Any]) -> httpx.Response:
    method, _, template = route.partition(" ")
    client = world.admin.client if good.signed_in else hall.client()
    path = template.removeprefix("/api/v1").format(**{**world.ids, **good.ids(world)})
    headers = {"if-match": good.version, "idempotency-key": route}
    return await client.request(method, path, json=body, headers=headers)
