"""The single entry: who may what, from where, how fast; and what the installation says of itself."""

from __future__ import annotations

import asyncio

import pytest
from openapi_spec_validator import validate

from questhall.gateway import policy as policy_module
from questhall.kernel.http import PUBLIC, Unsafe, get, public_app
from questhall.kernel.limits import Quota
from questhall.kernel.service import Service
from questhall.kernel.testing import Hall


async def test_one_valid_openapi_document_of_all_services(hall: Hall) -> None:
    client = hall.client()
    document = (await client.get("http://localhost:8000/api/openapi.json")).json()
    validate(document)
    assert document["openapi"].startswith("3.1")
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["x-permission"], path
            assert operation["summary"], path
    assert "/api/v1/ingest/{slug}" in document["paths"]
    assert "post" in document["paths"]["/api/v1/quests"]


async def test_keys_and_services(hall: Hall) -> None:
    client = hall.client()
    keys = (await client.get("http://localhost:8000/.well-known/jwks.json")).json()["keys"]
    assert all("d" not in key for key in keys), "only the public part"
    services = (await client.get("/services")).json()["items"]
    assert all(service["present"] for service in services)
    assert (await client.get("http://localhost:8000/api/docs")).headers["content-type"].startswith("text/html")


async def test_problems_are_documents_and_show_no_insides(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    wren = await hall.user("wren")
    for method, path, status, code in (
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/quests", 405, "method_not_allowed"),
        ("GET", "/quests?limit=1000", 422, "invalid"),
        ("GET", "/quests?after=nonsense", 422, "bad_cursor"),
        ("GET", "/quests/not-an-id", 404, "not_found"),
    ):
        answer = await wren.client.request(method, path)
        assert (answer.status_code, answer.json().get("code")) == (status, code), (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["instance"].endswith(answer.headers["x-request-id"])
    from questhall.kernel.versions import Heads

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(Heads, "every", broken)
    answer = await wren.client.get("/quests")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text


async def test_headers_of_security_trace_and_limits(hall: Hall) -> None:
    wren = await hall.user("wren")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await wren.client.get("/me", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["x-request-id"] == trace
    assert answer.headers["ratelimit"].startswith('"read";r=')
    page = await wren.client.get("http://localhost:8000/anything")
    for found in (answer, page):
        csp = found.headers["content-security-policy"]
        assert "script-src 'self'" in csp
        assert "unsafe" not in csp
        assert found.headers["x-content-type-options"] == "nosniff"
    assert (await wren.client.get("http://localhost:8000/missing.js")).status_code == 404


@pytest.mark.parametrize("with_redis", [True, False])
async def test_64_at_once_get_the_quota_and_no_more(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, with_redis: bool
) -> None:
    wren = await hall.user("wren")
    if not with_redis:
        await hall.installation.process.cache.close()
    monkeypatch.setitem(policy_module.QUOTAS, "read", Quota("tight", 39, 3600))
    answers = await asyncio.gather(*(wren.client.get("/me") for _ in range(64)))
    admitted = sum(answer.status_code == 200 for answer in answers)
    assert admitted == 20, "half of the quota at once"
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "rate_limited"
    assert int(refused.headers["retry-after"]) > 0


async def test_redis_flushed_or_away_signs_nobody_out(hall: Hall) -> None:
    wren = await hall.user("wren")
    await hall.installation.process.cache.command("FLUSHDB")
    hall.installation.gateway.policy.identities.forget()
    assert (await wren.client.get("/me")).status_code == 200
    await hall.installation.process.cache.close()
    hall.installation.gateway.policy.identities.forget()
    assert (await wren.client.get("/me")).status_code == 200


async def test_an_absent_service_is_missing_politely(hall: Hall) -> None:
    wren = await hall.user("wren")
    policy = hall.installation.gateway.policy
    policy._absent["/api/v1/store"] = "store"
    answer = await wren.client.get("/store/items")
    assert (answer.status_code, answer.json()["code"]) == (503, "service_absent")


def toy(permission: str | None, name: str = "toy") -> Service:
    import types

    from questhall.kernel.contract import Contract

    @get("/toy/{id:int}", permission=permission)
    async def look(id: int) -> dict[str, int]:
        """Look."""
        return {"id": id}

    return Service(name=name, contract=Contract, actions=lambda site: None, api=types.SimpleNamespace(look=look))  # type: ignore[arg-type]


async def test_a_route_that_declares_nothing_fails_at_start(hall: Hall) -> None:
    permissions = hall.installation.process.permissions
    with pytest.raises(Unsafe, match="declares no permission"):
        public_app([(toy(None), object())], permissions=permissions)
    with pytest.raises(Unsafe, match="no service declares"):
        public_app([(toy("toys:play"), object())], permissions=permissions)
    with pytest.raises(Unsafe, match="is owned by toy already"):
        public_app([(toy(PUBLIC), object()), (toy(PUBLIC, "other"), object())], permissions=permissions)
