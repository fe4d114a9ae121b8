"""What every answer of the gateway is like, whatever was asked and however badly."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from questhall.kernel.settings import Settings
from questhall.kernel.telemetry import configure_logs
from questhall.kernel.testing import PASSWORD, Hall
from questhall.kernel.versions import Heads

ROOT = "http://localhost:8000"
JSON = {"content-type": "application/json"}


async def broken(*_: object, **__: object) -> None:
    canary = "canary-in-a-local-variable"
    raise ZeroDivisionError(f"inside {len(canary)}")


async def test_every_kind_of_answer_is_guarded_and_named(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    wren = await hall.user("wren")
    monkeypatch.setattr(Heads, "every", broken)
    found = [
        (method, path, status, await wren.client.request(method, f"{ROOT}{path}"))
        for method, path, status in (
            ("GET", "/", 200),
            ("GET", "/quests/some-page", 200),
            ("GET", "/missing.js", 404),
            ("POST", "/", 405),
            ("GET", "/api/docs", 200),
            ("GET", "/api/docs.css", 200),
            ("GET", "/api/openapi.json", 200),
            ("GET", "/.well-known/jwks.json", 200),
            ("POST", "/api/openapi.json", 405),
            ("GET", "/api", 404),
            ("GET", "/api/nothing", 404),
            ("GET", "/api/v1", 404),
            ("GET", "/api/v1/nothing", 404),
            ("GET", "/api/v1/services", 200),
            ("GET", "/metrics", 404),
            ("GET", "/healthz", 404),
            ("POST", "/internal/identity/resolve", 404),
            ("GET", "/api/v1/me", 200),
            ("GET", "/api/v1/admin/users", 403),
            ("PUT", "/api/v1/me", 405),
            ("GET", "/api/v1/quests", 500),
        )
    ]
    for method, path, status, answer in found:
        case = f"{method} {path}"
        assert answer.status_code == status, (case, answer.text[:200])
        csp = answer.headers["content-security-policy"]
        for rule in (
            "default-src 'none'",
            "script-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ):
            assert rule in csp, case
        assert "unsafe" not in csp, case
        assert answer.headers["x-content-type-options"] == "nosniff", case
        assert "camera=()" in answer.headers["permissions-policy"], case
        assert len(answer.headers.get_list("x-request-id")) == 1, case
        assert answer.headers["x-request-id"] in answer.headers["traceparent"], case
        assert answer.headers["cache-control"], case
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json", case
            assert answer.json()["instance"] == f"urn:trace:{answer.headers['x-request-id']}", case
            assert answer.json()["type"] == f"/api/docs#{answer.json()['code']}", case
        assert "canary" not in answer.text


async def test_hsts_behind_tls_alone(hall: Hall) -> None:
    from questhall.gateway.page import Page

    assert not [name for name, _ in Page(https=False).security_headers if name == b"strict-transport-security"]
    assert [name for name, _ in Page(https=True).security_headers if name == b"strict-transport-security"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/me", "DELETE, GET, HEAD, PATCH"),
        ("OPTIONS", "/me", "DELETE, GET, HEAD, PATCH"),
        ("DELETE", "/me/tokens", "GET, HEAD, POST"),
        ("POST", f"{ROOT}/api/docs", "GET, HEAD"),
        ("DELETE", f"{ROOT}/", "GET, HEAD"),
        ("GET", "/quests/check", "POST"),
    ],
)
async def test_another_method_is_told_which_there_are(hall: Hall, method: str, path: str, allow: str) -> None:
    answer = await hall.client().request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allow


async def test_head_is_get_without_the_body(hall: Hall) -> None:
    wren = await hall.user("wren")
    for path in ("/me", f"{ROOT}/api/openapi.json", f"{ROOT}/"):
        got, head = await wren.client.get(path), await wren.client.head(path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["content-length"] == got.headers["content-length"], path
    plain = await wren.client.get("/ws")
    assert (plain.status_code, plain.json()["code"]) == (426, "upgrade_required")


DEEP = b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "headers", "status", "code", "pointer"),
    [
        (b'{"name":"x"}', {"content-type": "text/plain"}, 415, "unsupported_media_type", None),
        (b"name=x", {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", None),
        (b'{"name":"x"}', {}, 415, "unsupported_media_type", None),
        (b'{"name":', JSON, 400, "malformed_body", None),
        (b"[" * 100_000, JSON, 400, "malformed_body", None),
        (DEEP, JSON, 400, "malformed_body", None),
        (b'{"name":"\xff"}', JSON, 400, "malformed_body", None),
        (b'{"name":"\\ud800"}', JSON, 400, "malformed_body", None),
        (b"", JSON, 422, "invalid", "#"),
        (b"null", JSON, 422, "invalid", "#"),
        (b"[]", JSON, 422, "invalid", "#"),
        (b"{}", JSON, 422, "invalid", "#/name"),
        (b'{"name":"x","user_id":1}', JSON, 422, "invalid", "#/user_id"),
        (b'{"name":"x","scopes":["player",7]}', JSON, 422, "invalid", "#/scopes/1"),
        (b'{"name":"x","expires_in_days":%d}' % 2**63, JSON, 422, "invalid", "#/expires_in_days"),
        (b'{"name":"x","expires_in_days":"7"}', JSON, 422, "invalid", "#/expires_in_days"),
        (b'{"name":"a\\u0000b"}', JSON, 422, "invalid", None),
    ],
)
async def test_bad_bodies_are_told_apart_and_nothing_is_stored(
    hall: Hall, body: bytes, headers: dict[str, str], status: int, code: str, pointer: str | None
) -> None:
    wren = await hall.user("wren")
    answer = await wren.client.post("/me/tokens", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if pointer is not None:
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await wren.client.get("/me/tokens")).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("POST", "/admin/transactions", {"currency": "coins", "amount": "10", "reason": "why not"}, "#/amount"),
        ("POST", "/admin/currencies", {"code": "shells", "name": "Shells", "transferable": "true"}, "#/transferable"),
        ("POST", "/admin/currencies", {"code": "shells", "name": "Shells", "spendable": 1}, "#/spendable"),
        ("POST", "/admin/invites", {"uses": "5"}, "#/uses"),
        ("PATCH", "/me", {"private": "true"}, "#/private"),
        ("PATCH", "/me", {"look": {"hair_hue": "30"}}, "#/look/hair_hue"),
    ],
)
async def test_a_number_and_a_boolean_of_a_body_are_no_text(
    hall: Hall, method: str, path: str, body: dict[str, Any], pointer: str
) -> None:
    ada = await hall.user("ada", role="admin")
    own = {**body, "username": "ada"} if "amount" in body else body
    headers = {"idempotency-key": "k", "if-match": '"1"'}
    answer = await ada.client.request(method, path, json=own, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await ada.client.get("/achievements?limit=5&earned=false")).status_code == 200, "a query is text"


async def test_a_place_in_a_nested_body_is_pointed_at(hall: Hall) -> None:
    wren = await hall.user("wren")
    answer = await wren.client.patch("/me", json={"look": {"crown": 1}}, headers={"if-match": '"1"'})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/look/crown"]
    for path in ("/admin/users?q=%00", "/users/%00"):
        admin = await hall.user("ada" if "admin" in path else "eve", role="admin")
        assert (await admin.client.get(path)).status_code == 422, path


async def test_the_trace_goes_in_and_out_and_nonsense_does_not(hall: Hall) -> None:
    client = hall.client()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    good = f"00-{trace}-00f067aa0ba902b7-01"
    assert (await client.get("/services", headers={"traceparent": good})).headers["x-request-id"] == trace
    for bad in (
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{trace}-{'0' * 16}-01",
        f"00-{trace.upper()}-00f067aa0ba902b7-01",
        "x",
    ):
        answer = await client.get("/services", headers={"traceparent": bad})
        assert len(answer.headers["x-request-id"]) == 32
        assert answer.headers["x-request-id"] != trace


async def test_one_line_a_request(hall: Hall) -> None:
    wren = await hall.user("wren")
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = await wren.client.get("/me?after=a-secret-in-a-query")
        await wren.client.get(f"{ROOT}/%0Aforged%1b[31m")
        await wren.client.get("/nothing")
    said = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["status"], line["log_level"]) for line in said] == [
        ("GET", 200, "info"),
        ("GET", 200, "info"),
        ("GET", 404, "info"),
    ]
    assert said[0]["trace"] == answer.headers["x-request-id"]
    assert (said[0]["path"], said[0]["service"], said[0]["actor"]) == ("/api/v1/me", "identity", f"user:{wren.user_id}")
    assert said[0]["ms"] > 0
    text = json.dumps([{name: str(value) for name, value in line.items()} for line in said])
    assert "a-secret" not in text
    assert "\\n" not in text
    assert "\\u001b" not in text


@pytest.mark.parametrize("form", ["json", "console"])
async def test_a_failure_is_written_down_without_anybodys_secrets(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    wren, written = await hall.user("wren"), io.StringIO()
    before: dict[str, Any] = structlog.get_config()
    configure_logs(Settings(log_format=form))
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    monkeypatch.setattr(Heads, "every", broken)
    try:
        answer = await wren.client.get("/quests", headers={"x-canary": PASSWORD})
    finally:
        structlog.configure(**before)
    assert answer.status_code == 500
    text = written.getvalue()
    assert "ZeroDivisionError" in text
    assert answer.headers["x-request-id"] in text
    for secret in ("canary-in-a-local-variable", PASSWORD, wren.cookie()[1]):
        assert secret not in text.replace('canary = "canary-in-a-local-variable"', "")
