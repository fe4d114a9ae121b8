"""What people write for other people says what it shows, wherever they write it."""

from __future__ import annotations

from typing import Any

import pytest

from questhall.kernel.testing import Hall
from questhall.kernel.text import is_plain, is_visible

TURNED = "pay\u202eyap"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("two\nlines, a\ttab, e\u0301 and \u05e9\u05dc\u05d5\u05dd", True),
        ("\U0001f469\u200d\U0001f680 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", True),
        *((f"a{control}b", False) for control in "\0\x1b\x1c\x7f\x85\u200b\u202a\u202b\u202c\u202d\u202e"),
        *((f"a{control}b", False) for control in "\u2066\u2067\u2068\u2069\u061c\ufeff\ue000"),
    ],
)
def test_plain_text(text: str, plain: bool) -> None:
    assert is_plain(text) is plain


@pytest.mark.parametrize("text", ["a", "7", "-", "\U0001f469", "\u2764\ufe0f", "\u05e9", " \u0645\u06cc\u200c "])
def test_what_can_be_seen(text: str) -> None:
    assert is_visible(text)


BLANK = [
    " ",
    "\t\n",
    "\u00a0\u2003",
    "\u200d",
    "\u200c \u200d",
    "\u3164",
    "\u2800",
    "\u115f\u1160\uffa0",
    "\ufe0f",
    "\u034f",
]


@pytest.mark.parametrize("text", ["", *BLANK])
def test_what_leaves_a_gap(text: str) -> None:
    assert not is_visible(text)


async def test_no_title_description_or_reason_turns_the_text_around_it(hall: Hall) -> None:
    ada = await hall.user("ada", role="admin")
    objective = {"id": "it", "label": "It", "mode": "manual"}
    quest = {"slug": "plain", "title": "Plain", "objectives": [objective]}
    badge = {"slug": "plain", "name": "Plain", "requirements": {"manual": True}}
    bad: list[tuple[str, dict[str, Any], str]] = [
        ("/quests", {**quest, "title": TURNED}, "#/title"),
        ("/quests", {**quest, "description": TURNED}, "#/description"),
        ("/quests", {**quest, "objectives": [{**objective, "label": TURNED}]}, "#/objectives/0/label"),
        ("/achievements", {**badge, "name": TURNED}, "#/name"),
        ("/quests", {**quest, "icon": TURNED}, "#/icon"),
        ("/achievements", {**badge, "description": TURNED}, "#/description"),
    ]
    for path, body, pointer in bad:
        answer = await ada.client.post(path, json=body)
        assert answer.status_code == 422, (path, pointer)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    for path, good in (("/quests", quest), ("/achievements", badge)):
        assert (await ada.client.post(path, json=good)).status_code == 201
    wren = await hall.user("wren")
    headers = {"if-match": '"1"', "idempotency-key": "k"}
    change = {"reason": TURNED, "status": "suspended"}
    suspended = await ada.client.patch(f"/admin/users/{wren.user_id}", json=change, headers=headers)
    undone = await ada.client.post(
        f"/admin/transactions/{wren.user_id}/reverse", json={"reason": TURNED}, headers=headers
    )
    for answer in (suspended, undone):
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("reason: "), "it is said which"


HONEST = "\u05e9\u05dc\u05d5\u05dd \U0001f469\u200d\U0001f680 \u2764\ufe0f"


@pytest.mark.parametrize(
    ("path", "field", "body"),
    [
        ("/admin/currencies", "name", {"code": "shells"}),
        ("/admin/currencies", "icon", {"code": "shells", "name": "Shells"}),
        ("/sources", "name", {"slug": "plain", "kind": "cloudevents"}),
        ("/sources/acme/links", "account", {"username": "ada"}),
        ("/me/tokens", "name", {}),
        ("/admin/invites", "note", {}),
    ],
)
async def test_no_name_or_note_turns_the_text_around_it(
    hall: Hall, path: str, field: str, body: dict[str, Any]
) -> None:
    ada = await hall.user("ada", role="admin")
    source = {"slug": "acme", "kind": "github", "name": "Acme"}
    assert (await ada.client.post("/sources", json=source)).status_code == 201
    for control in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\x1b":
        answer = await ada.client.post(path, json={**body, field: f"pay{control}yap"})
        assert answer.status_code == 422, (control, answer.text)
        assert answer.json()["detail"].startswith(f"{field}: "), "it is said which"
    assert (await ada.client.post(path, json={**body, field: HONEST})).status_code == 201


@pytest.mark.parametrize(
    ("path", "field", "body"),
    [
        ("/quests", "title", {"slug": "gap", "objectives": [{"id": "it", "label": "It", "mode": "manual"}]}),
        ("/achievements", "name", {"slug": "gap", "requirements": {"manual": True}}),
        ("/achievements", "series", {"slug": "gap", "name": "Gap", "requirements": {"manual": True}}),
        ("/admin/currencies", "name", {"code": "shells"}),
        ("/sources", "name", {"slug": "plain", "kind": "cloudevents"}),
        ("/me/tokens", "name", {}),
    ],
)
async def test_no_name_leaves_a_gap(hall: Hall, path: str, field: str, body: dict[str, Any]) -> None:
    ada = await hall.user("ada", role="admin")
    for blank in BLANK:
        answer = await ada.client.post(path, json={**body, field: blank})
        assert answer.status_code == 422, (blank, answer.text)
    assert (await ada.client.post(path, json={**body, field: HONEST})).status_code == 201


async def test_no_label_reason_or_shown_name_leaves_a_gap(hall: Hall) -> None:
    ada, wren = await hall.user("ada", role="admin"), await hall.user("wren")
    for blank in BLANK:
        quest = {"slug": "gap", "title": "Gap", "objectives": [{"id": "it", "label": blank, "mode": "manual"}]}
        refused = await ada.client.post("/quests", json=quest)
        assert [error["pointer"] for error in refused.json()["errors"]] == ["#/objectives/0/label"]
        change = {"reason": blank * 3, "status": "suspended"}
        path, headers = f"/admin/users/{wren.user_id}", {"if-match": '"1"'}
        assert (await ada.client.patch(path, json=change, headers=headers)).status_code == 422
        version = (await wren.client.get("/me")).headers["etag"]
        shown = await wren.client.patch("/me", json={"display_name": blank}, headers={"if-match": version})
        assert shown.json()["display_name"] == "wren"


async def test_no_change_turns_the_text_around_it(hall: Hall) -> None:
    ada = await hall.user("ada", role="admin")
    await ada.client.post("/admin/currencies", json={"code": "shells", "name": "Shells"})
    await ada.client.post("/sources", json={"slug": "acme", "kind": "github", "name": "Acme"})
    for path in ("/admin/currencies/shells", "/sources/acme"):
        headers = {"if-match": '"1"'}
        answer = await ada.client.patch(path, json={"name": TURNED}, headers=headers)
        assert answer.status_code == 422, answer.text
        changed = await ada.client.patch(path, json={"name": HONEST}, headers=headers)
        assert (changed.status_code, changed.json()["name"]) == (200, HONEST)
    lines = f"account,username\nok,ada\n{TURNED},ada\n"
    bad = await ada.client.post("/sources/acme/links", json={"csv": lines})
    assert [error["pointer"] for error in bad.json()["errors"]] == ["#/csv/3"]
