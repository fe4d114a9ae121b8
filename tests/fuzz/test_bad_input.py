"""S5: what a careless or hostile caller sends beside what its routes' own tests send: a problem that says why, or taken."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from questhall.kernel import expressions, selectors
from questhall.kernel.testing import Hall
from tests.achievements.test_badges import BASE
from tests.fuzz.driving import without_limits
from tests.fuzz.world import World, made, state
from tests.integrations.test_json import BODY, MAPPING
from tests.kernel.test_expressions import nested
from tests.quests.test_quests import MERGE

NUMBERS = [0, -1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**400]
"""No number of these is a count, an amount or days of anything that is asked for below."""
TEXTS = ["\u202egnp.exe", "a\0b", "\u200b", " ", "a\nb"]
"""No name is one of these."""
PARTS = "!true" + " || true" * (expressions.NODES_MAX // 2 - 1)
"""CEL with as many parts as it may have."""


def changed(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**body, **more}


def quest(where: str) -> dict[str, Any]:
    return {**MERGE, "slug": "odd", "objectives": [{**MERGE["objectives"][0], "where": where}]}  # type: ignore[index]


def badge(where: str) -> dict[str, Any]:
    return {**BASE, "slug": "odd", "requirements": {"event": "activity.recorded", "where": where}}


def trial(**mapping: Any) -> dict[str, Any]:
    return {"mapping": {**MAPPING, **mapping}, "sample": msgspec.json.encode(BODY).decode()}


REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    *(("POST", "/transfers", {"to": "eve", "currency": "coins", "amount": n}) for n in (*NUMBERS[:2], *NUMBERS[3:])),
    *(("POST", "/admin/invites", {"uses": n}) for n in NUMBERS),
    *(("POST", "/admin/invites", {"expires_in_days": n}) for n in NUMBERS),
    *(("POST", "/me/tokens", {"name": "t", "expires_in_days": n}) for n in NUMBERS),
    *(("POST", "/achievements", changed(BASE, slug="odd", xp_reward=n)) for n in NUMBERS[1:]),
    *(("POST", "/quests", changed(MERGE, slug="odd", cooldown_s=n)) for n in NUMBERS[1:]),
    *(("POST", "/quests", changed(MERGE, slug="odd", rewards={"currencies": {"coins": n}})) for n in NUMBERS[1:2]),
    *(("POST", "/quests", changed(MERGE, slug="odd", rewards={"currencies": {"coins": n}})) for n in NUMBERS[3:]),
    *(("POST", "/quests", changed(MERGE, slug="odd", title=text)) for text in TEXTS),
    *(("POST", "/achievements", changed(BASE, slug="odd", name=text)) for text in TEXTS),
    *(("POST", "/sources", {"slug": "odd", "kind": "github", "name": text}) for text in TEXTS),
    *(("POST", "/me/tokens", {"name": text}) for text in TEXTS),
    *(("POST", route, body(where)) for route, body in (("/quests", quest), ("/achievements", badge)) for where in (
        PARTS[1:] + " || true", nested(expressions.MACRO_DEPTH_MAX + 1), "'" + "x" * expressions.LENGTH_MAX, "data.", "\0",
    )),
    ("POST", "/sources/try", trial(account="user" + ".name" * selectors.NODES_MAX)),
    ("POST", "/sources/try", trial(account="user.name" + " " * selectors.LENGTH_MAX)),
    ("POST", "/sources", {"slug": "odd", "kind": "json", "name": "Odd", "mapping": trial(account="user.")["mapping"]}),
]  # fmt: skip
TAKEN: list[tuple[str, str, dict[str, Any]]] = [
    *(
        ("PATCH", "/me", {"display_name": name})
        for name in ("😀 Ada 👩‍👩‍👧‍👦", "שלום עולם", "مرحبا", "Zoë", "李", '"}</script>')
    ),
    ("POST", "/quests/check", {"where": PARTS}),
    ("POST", "/quests/check", {"where": nested(expressions.MACRO_DEPTH_MAX)}),
    ("POST", "/sources/try", trial(account="user.name" + " " * (selectors.LENGTH_MAX - len("user.name")))),
]


@pytest.fixture
async def world(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> World:
    without_limits(monkeypatch)
    return await made(hall)


async def test_it_is_refused_with_its_place_and_nothing_is_stored(hall: Hall, world: World) -> None:
    before = await state(hall)
    for number, (method, path, body) in enumerate(REFUSED):
        headers = {"idempotency-key": f"k{number}", "if-match": '"2"'}
        answer = await world.admin.client.request(method, path, json=body, headers=headers)
        problem = answer.json()
        assert answer.status_code == 422, (path, str(body)[:300], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["detail"], answer.text
        if problem["code"] == "invalid":
            assert problem["errors"][0]["pointer"].startswith("#"), answer.text
    assert await state(hall) == before


async def test_what_is_only_unusual_is_taken_and_given_back_as_it_was(hall: Hall, world: World) -> None:
    version = 2
    for method, path, body in TAKEN:
        headers = {"if-match": f'"{version}"'}
        answer = await world.admin.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 200, (path, body, answer.text)
        if path == "/me":
            version += 1
            assert answer.json()["display_name"] == body["display_name"]
