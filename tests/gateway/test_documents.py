"""The two documents say all that is there, and hold together; the reader shows them without a script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from questhall.contracts.realtime import CLIENT_SAYS, SERVER_SAYS
from questhall.kernel.service import discover
from questhall.kernel.testing import Hall

ROOT = "http://localhost:8000"


def refs(node: Any) -> list[str]:
    """Every reference in a document."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in refs(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in refs(value)]
    return []


def at(document: Any, ref: str) -> Any:
    """What a reference leads to. KeyError if it leads nowhere."""
    for word in ref.removeprefix("#/").split("/"):
        document = document[word]
    return document


def patterns(node: Any) -> set[str]:
    """Every pattern in a document."""
    if isinstance(node, dict):
        own = {node["pattern"]} if isinstance(node.get("pattern"), str) else set()
        return own.union(*(patterns(value) for value in node.values()))
    return set().union(*(patterns(value) for value in node)) if isinstance(node, list) else set()


async def test_no_pattern_takes_a_line_end_after_what_it_takes(hall: Hall) -> None:
    found = patterns((await hall.client().get(f"{ROOT}/api/openapi.json")).json())
    anchored = {pattern for pattern in found if pattern.startswith("^")}
    assert len(anchored) > 5
    for pattern in anchored:
        assert re.search(pattern, "ab"), pattern
        assert not re.search(pattern, "ab\n"), pattern


async def test_each_route_documents_its_problems_and_headers(hall: Hall) -> None:
    document = (await hall.client().get(f"{ROOT}/api/openapi.json")).json()
    for ref in refs(document):
        at(document, ref)
    routes = {(route.method, route.template): route for route in hall.installation.gateway._public.routes}
    for (method, path), route in routes.items():
        if method == "WEBSOCKET":
            continue
        operation = document["paths"][path][method.lower()]
        case = f"{method} {path}"
        answers, names = operation["responses"], {one["name"]: one for one in operation["parameters"]}
        assert {"429", "500", "503"} <= set(answers), case
        assert "default" not in answers, "each status is named"
        assert (operation["security"] == []) == (route.permission == "public"), case
        if route.permission != "public":
            assert {"401", "403"} <= set(answers), case
        for name in re.findall(r"\{(\w+)\}", path):
            assert names[name]["in"] == "path", case
            assert "404" in answers or "422" in answers, case
        if "requestBody" in operation:
            assert {"400", "408", "413"} <= set(answers), case
        assert ("Idempotency-Key" in names) == (route.idempotency is not None), case
        if route.idempotency is not None:
            assert names["Idempotency-Key"]["required"] == (route.idempotency == "required"), case
        good = next(answer for status, answer in answers.items() if status.startswith("2"))
        assert {"RateLimit", "RateLimit-Policy"} <= set(good["headers"]), case
    versioned = {path for (method, path), route in routes.items() if route.versioned}
    assert {"/api/v1/me", "/api/v1/quests/{quest_id}"} <= versioned
    change = document["paths"]["/api/v1/me"]["patch"]
    assert [one["name"] for one in change["parameters"] if one["in"] == "header"] == ["If-Match"]
    assert {"412", "428"} <= set(change["responses"])


async def test_a_body_has_the_fields_that_are_named_and_no_others(hall: Hall) -> None:
    document = (await hall.client().get(f"{ROOT}/api/openapi.json")).json()
    bodies, open_, seen = 0, [], set()
    todo = [op["requestBody"] for item in document["paths"].values() for op in item.values() if "requestBody" in op]
    while todo:
        node = todo.pop()
        for ref in refs(node):
            if ref not in seen:
                seen.add(ref)
                todo.append(at(document, ref))
                bodies += "properties" in todo[-1]
                if "properties" in todo[-1] and todo[-1].get("additionalProperties") is not False:
                    open_.append(ref)
    assert open_ == []
    assert bodies > 30
    for item in document["paths"].values():
        for operation in item.values():
            assert "content" not in operation["responses"].get("204", {}), operation["operationId"]


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/services", "200 500"),
        ("get", "/auth/registration", "200 429 500 503"),
        ("get", "/me/balances", "200 401 403 429 500 503"),
        ("get", "/quests", "200 401 403 422 429 500 503"),
        ("get", "/quests/{quest_id}", "200 401 403 404 429 500 503"),
        ("get", "/why/{kind}/{effect_id}", "200 202 401 403 404 422 429 500 503"),
        ("delete", "/me/tokens/{token_id}", "204 401 403 404 429 500 503"),
        ("patch", "/me", "200 400 401 403 408 409 412 413 415 422 428 429 500 503"),
        ("post", "/auth/logout", "204 401 403 404 408 413 415 429 500 503"),
        ("post", "/auth/login", "200 400 401 403 408 413 415 422 429 500 503"),
        ("post", "/auth/password/reset", "204 400 403 408 410 413 415 422 429 500 503"),
        ("post", "/quests/{quest_id}/accept", "200 400 401 403 404 408 409 413 415 422 429 500 503"),
        ("post", "/ingest/{slug}", "200 202 400 401 403 404 408 413 422 429 500 503"),
    ],
)
async def test_each_route_names_each_status_that_it_may_answer(
    hall: Hall, method: str, path: str, statuses: str
) -> None:
    document = (await hall.client().get(f"{ROOT}/api/openapi.json")).json()
    assert sorted(document["paths"][f"/api/v1{path}"][method]["responses"]) == statuses.split()


async def test_an_answer_that_is_not_in_the_document_fails_its_test(hall: Hall) -> None:
    wren = await hall.user("wren")
    await wren.client.request("GET", "/me", content="text", headers={"content-type": "text/plain"})
    assert hall.undocumented == {"GET /api/v1/me answered 415"}
    hall.undocumented.clear()


async def test_what_is_answered_is_documented(hall: Hall) -> None:
    document = (await hall.client().get(f"{ROOT}/api/openapi.json")).json()
    wren = await hall.user("wren")
    for path, item in document["paths"].items():
        if "get" not in item or "{" in path:
            continue
        answer = await wren.client.get(path.removeprefix("/api/v1"))
        described = item["get"]["responses"].get(str(answer.status_code))
        assert described is not None, (path, answer.status_code)
        if answer.status_code == 200:
            schema = described["content"]["application/json"]["schema"]
            Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())


async def test_asyncapi_describes_every_event_and_every_word_of_the_socket(hall: Hall) -> None:
    document = (await hall.client().get(f"{ROOT}/api/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0"
    assert document["servers"]["public"] == {"host": "localhost:8000", "protocol": "ws"}
    for ref in refs(document):
        at(document, ref)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    events = {event.type for service in discover() for event in service.contract.events}
    spoken = {f"socket.{kind.__struct_config__.tag}" for kind in (*CLIENT_SAYS, *SERVER_SAYS)}
    assert set(document["channels"]) == events | {"socket"}
    assert set(document["components"]["messages"]) == events | spoken
    assert set(document["channels"]["socket"]["messages"]) == spoken
    for name, channel in document["channels"].items():
        assert channel["address"], name
    for name, operation in document["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        own = set(at(document, operation["channel"]["$ref"])["messages"])
        assert {ref["$ref"].rpartition("/")[2] for ref in operation["messages"]} <= own, name
    covered = {ref["$ref"].rpartition("/")[2] for one in document["operations"].values() for ref in one["messages"]}
    assert covered == events | spoken


async def test_an_event_that_was_said_fits_its_description(hall: Hall) -> None:
    await hall.user("wren")
    document = (await hall.client().get(f"{ROOT}/api/asyncapi.json")).json()
    said = (await hall.log("user.registered"))[0]
    schema = at(
        document,
        document["components"]["messages"]["user.registered"]["payload"]["allOf"][1]["properties"]["data"]["$ref"],
    )
    Draft202012Validator({**schema, "components": document["components"]}).validate(said["data"])


async def test_the_reader_explains_each_problem_without_a_script(hall: Hall) -> None:
    client = hall.client()
    answer = await client.get(f"{ROOT}/api/docs")
    text = answer.text
    assert not re.search(r"<script|<style| style=| on\w+=|https?://", text)
    refused = (await client.get("/me")).json()
    assert f"id='{refused['type'].partition('#')[2]}'" in text, "a problem's type leads to its meaning"
    for service in discover():
        for refusal in service.contract.refusals:
            assert f"id='{refusal.code}'" in text, refusal
    for code in ("internal", "invalid", "rate_limited", "too_large", "idempotency_key_reused", "stale"):
        assert f"id='{code}'" in text, code
    assert "/api/v1/quests/{quest_id}" in text
    css = await client.get(f"{ROOT}/api/docs.css")
    assert css.headers["content-type"].startswith("text/css")
