"""What an admin's page would never send to the routes of money."""

from __future__ import annotations

from typing import Any

from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall

GRANT: dict[str, Any] = {"username": "ada", "currency": "coins", "amount": 5, "reason": "a gift"}


def grant(**changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**GRANT, **changed}.items() if value is not None}


BAD_GRANTS: list[tuple[Any, int, str]] = [
    (grant(username="a\0da"), 422, "invalid"),
    (grant(username="a" * 100_000), 404, "user_not_found"),
    (grant(currency="co\0ins"), 422, "invalid_posting"),
    (grant(currency="\N{COIN}"), 422, "invalid_posting"),
    (grant(currency="doubloons"), 422, "unknown_currency"),
    (grant(reason="a\0b c"), 422, "invalid"),
    (grant(reason="a gift\u202efo"), 422, "invalid"),
    (grant(reason="   "), 422, "invalid"),
    *((grant(amount=amount), 422, "invalid_amount") for amount in (0, 2**53, -(2**53), 2**63, -(2**63), 10**400)),
    *((grant(amount=amount), 422, "invalid") for amount in (1.5, True, "five", [])),
    (grant(owner="me"), 422, "invalid"),
    (grant(username=None), 422, "player_unclear"),
    (grant(user_id=str(new_id())), 422, "player_unclear"),
    (grant(username=None, user_id=str(new_id())), 404, "user_not_found"),
    (grant(username=None, user_id="x"), 422, "invalid"),
    ([], 422, "invalid"),
    (None, 422, "invalid"),
]


async def test_a_bad_grant_is_refused_and_moves_nothing(hall: Hall) -> None:
    ada = await hall.user("ada", role="admin")
    for body, status, code in BAD_GRANTS:
        answer = await ada.client.post("/admin/transactions", json=body, headers={"idempotency-key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (status, code), (str(body)[:200], answer.text)
    assert (await ada.client.get("/me/transactions")).json()["items"] == []


async def test_a_grant_finds_its_player_by_id(hall: Hall) -> None:
    ada, wren = await hall.user("ada", role="admin"), await hall.user("wren")
    body = grant(username=None, user_id=str(wren.user_id), reason="\N{PARTY POPPER} well done")
    assert (
        await ada.client.post("/admin/transactions", json=body, headers={"idempotency-key": "k"})
    ).status_code == 201
    rows = (await wren.client.get("/me/transactions")).json()["items"]
    assert [(row["amount"], row["reason"]) for row in rows] == [(5, body["reason"])]


BAD_CURRENCIES: list[dict[str, Any]] = [
    {"code": "a\0b", "name": "x"},
    {"code": "doubloons\n", "name": "x"},
    {"code": "Doubloons", "name": "x"},
    {"code": "d" * 10_000, "name": "x"},
    {"code": "doubloons", "name": "x\0"},
    {"code": "doubloons", "name": "   "},
    {"code": "doubloons", "name": "a\nb"},
    {"code": "doubloons", "name": "x" * 61},
    {"code": "doubloons", "name": "x", "icon": "\0"},
    {"code": "doubloons", "name": "x", "owner": 1},
]


async def test_a_bad_currency_is_refused(hall: Hall) -> None:
    mia = await hall.user("mia", role="manager")
    for body in BAD_CURRENCIES:
        answer = await mia.client.post("/admin/currencies", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (str(body)[:200], answer.text)
    assert len((await mia.client.get("/currencies")).json()["items"]) == 4


BAD_CHANGES: list[tuple[str, dict[str, Any], str | None, tuple[int, str]]] = [
    ("coins", {"name": "x\0"}, '"1"', (422, "invalid")),
    ("coins", {"icon": "x" * 61}, '"1"', (422, "invalid")),
    ("coins", {"active": "perhaps"}, '"1"', (422, "invalid")),
    ("co%00ins", {"name": "x"}, '"1"', (422, "unknown_currency")),
    ("%F0%9F%98%80", {"name": "x"}, '"1"', (422, "unknown_currency")),
    ("xp", {"spendable": True}, '"1"', (422, "not_allowed_for_currency")),
    ("coins", {"name": "x"}, None, (428, "if_match_required")),
    *(("coins", {"name": "x"}, version, (412, "stale")) for version in ('"2"', '"999999999"', f'"{2**63}"', "*")),
]


async def test_a_bad_change_of_a_currency_is_refused(hall: Hall) -> None:
    mia = await hall.user("mia", role="manager")
    before = (await mia.client.get("/currencies")).json()
    for code, body, version, told in BAD_CHANGES:
        headers = {} if version is None else {"if-match": version}
        answer = await mia.client.patch(f"/admin/currencies/{code}", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == told, (code, body, version, answer.text)
    assert (await mia.client.get("/currencies")).json() == before


async def test_a_version_is_for_one_change(hall: Hall) -> None:
    mia = await hall.user("mia", role="manager")
    path, version = "/admin/currencies/coins", {"if-match": '"1"'}
    assert (await mia.client.patch(path, json={"name": "Crowns"}, headers=version)).status_code == 200
    late = await mia.client.patch(path, json={"name": "Ducats"}, headers=version)
    assert (late.status_code, late.json()["code"]) == (412, "stale")
    names = [row["name"] for row in (await mia.client.get("/currencies")).json()["items"]]
    assert "Crowns" in names
    assert "Ducats" not in names
